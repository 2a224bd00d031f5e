"""nexus.bindings.errors: one exception for each status, with what a program and a person need."""

from __future__ import annotations

import copy
import pickle

import pytest

from nexus.bindings import errors
from nexus.bindings.enums import Status
from nexus.bindings.errors import (
    EXCEPTIONS,
    BackendUnavailableError,
    CompileError,
    InvalidArgumentError,
    KernelNotFoundError,
    NexusError,
    OutOfMemoryError,
    PropertyNotFoundError,
    PropertyTypeError,
    WaitTimeoutError,
    from_status,
)

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, NexusError)
]


def test_every_status_has_an_exception() -> None:
    assert set(EXCEPTIONS) == set(Status)
    assert set(EXCEPTIONS.values()) <= set(KINDS)


def test_the_message_ends_with_where_it_happened() -> None:
    error = from_status(-4, "cannot allocate 9 bytes: 5 are free", "nxsCreateBuffer", "cuda", 0)
    assert type(error) is OutOfMemoryError
    assert str(error) == (
        "cannot allocate 9 bytes: 5 are free [nxsCreateBuffer: MemObjectAllocationFailure, cuda:0]"
    )


def test_what_is_not_known_is_left_out_of_the_message() -> None:
    assert str(NexusError("no")) == "no"
    assert str(NexusError("no", runtime="cpu")) == "no [cpu]"
    assert str(NexusError("no", Status.Timeout, "nxsX")) == "no [nxsX: Timeout]"


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (OutOfMemoryError, MemoryError),
        (PropertyNotFoundError, KeyError),
        (PropertyTypeError, TypeError),
        (BackendUnavailableError, ImportError),
        (WaitTimeoutError, TimeoutError),
        (InvalidArgumentError, ValueError),
        (KernelNotFoundError, KeyError),
        *((kind, RuntimeError) for kind in KINDS),
    ],
)
def test_python_code_can_catch_it_as_its_own(kind: type[NexusError], base: type[Exception]) -> None:
    with pytest.raises(base) as caught:
        raise kind("it's there")
    assert str(caught.value) == "it's there"  # without the quotes of KeyError


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("clone", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_it_can_be_pickled_and_copied(kind: type[NexusError], clone: object) -> None:
    error = kind("a", Status.DeviceLost, "nxsRunSchedule", "hip", 2)
    error.add_note("a note")
    assert callable(clone)
    same = clone(error)
    assert type(same) is kind
    assert str(same) == str(error)
    assert vars(same) == vars(error)


def test_the_log_of_a_compiler_is_pickled_too() -> None:
    error = CompileError("no", log="line 1: error", command="cc -c x.c")
    same = pickle.loads(pickle.dumps(error))
    assert (same.log, same.command) == ("line 1: error", "cc -c x.c")


def test_a_status_of_a_newer_plugin_is_told_by_number() -> None:
    error = from_status(-777, "", "nxsX", "mine", -1)
    assert type(error) is NexusError
    assert error.status == -777
    assert str(error) == (
        "The plugin answers -777, a status nexus does not know [nxsX: status -777, mine]"
    )
