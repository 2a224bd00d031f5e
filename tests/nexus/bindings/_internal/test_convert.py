"""Arguments: what is taken for host memory, sizes and text, and what is refused before any call."""

from __future__ import annotations

import array
import ctypes
from enum import IntEnum

import numpy as np
import pytest

from conformance.api_table import Arg, Function
from doubles.stub_plugin import Stub
from nexus.bindings import nxs
from nexus.bindings.enums import CopyFlags, EventType

from ..samples import BOUND, samples

EIGHT = bytes(range(8))


class Named(IntEnum):
    Seven = 7


@pytest.mark.parametrize(
    "memory",
    [
        EIGHT,
        bytearray(EIGHT),
        memoryview(EIGHT),
        array.array("B", EIGHT),
        np.frombuffer(EIGHT, np.uint16),
        np.frombuffer(EIGHT, np.uint16).reshape(2, 2),
        np.frombuffer(EIGHT, np.float64)[0],
        np.frombuffer(EIGHT, "datetime64[s]"),
        (ctypes.c_ubyte * 8)(*EIGHT),
    ],
    ids=lambda memory: type(memory).__name__,
)
def test_anything_with_a_buffer_is_host_memory(memory: object, runtime: int, stub: Stub) -> None:
    nxs.set_command_scalar(runtime, 1, 2, memory)  # type: ignore[arg-type]
    nxs.set_command_scalar(runtime, 1, 2, memory, 8)  # type: ignore[arg-type]
    assert (
        stub.calls() == [f"nxsSetCommandScalar command=1 index=2 value={EIGHT.hex()} nbytes=8"] * 2
    )


def test_ml_dtypes_are_host_memory(runtime: int, stub: Stub) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    nxs.create_library(runtime, 0, np.ones(2, ml_dtypes.bfloat16))
    assert stub.calls() == ["nxsCreateLibrary device=0 data=803f803f nbytes=4"]


def test_an_address_is_host_memory_of_the_given_size(runtime: int, stub: Stub) -> None:
    room = (ctypes.c_ubyte * 8)(*EIGHT)
    nxs.create_library(runtime, 0, ctypes.addressof(room), 3)
    assert stub.calls() == ["nxsCreateLibrary device=0 data=000102 nbytes=3"]
    with pytest.raises(ValueError, match="data is an address, so its size in bytes is needed"):
        nxs.create_library(runtime, 0, ctypes.addressof(room))


def test_the_size_of_a_buffer_comes_from_its_data(runtime: int, stub: Stub) -> None:
    nxs.create_buffer(runtime, 0, 0, 0, np.zeros(5, np.int32))
    nxs.create_buffer(runtime, 0, 24)
    nxs.create_buffer(runtime, 0, 24, host_ptr=None)
    assert [line.split()[2] for line in stub.calls()] == ["nbytes=20", "nbytes=24", "nbytes=24"]


def test_two_sizes_that_disagree_are_refused(runtime: int, stub: Stub) -> None:
    memory = np.zeros(4, np.int32)
    with pytest.raises(ValueError, match="host_ptr has 16 bytes and the call says 15"):
        nxs.create_buffer(runtime, 0, 15, 0, memory)
    memory.resize(3)  # nobody holds its buffer any more
    assert stub.calls() == []


@pytest.mark.parametrize("memory", [[1, 2], "text", object(), 1.5, {}])
def test_what_has_no_buffer_is_refused(memory: object, runtime: int, stub: Stub) -> None:
    with pytest.raises(TypeError, match=f"data is an? {type(memory).__name__}; give an address"):
        nxs.create_library(runtime, 0, memory)  # type: ignore[arg-type]
    assert stub.calls() == []


def test_memory_that_is_written_must_be_writable(runtime: int, stub: Stub) -> None:
    frozen = np.zeros(2)
    frozen.flags.writeable = False
    for memory in (EIGHT, memoryview(EIGHT), frozen):
        with pytest.raises(ValueError, match="host_ptr must be writable, C-contiguous"):
            nxs.copy_buffer(runtime, 1, memory)
        assert stub.calls() == []
        nxs.copy_buffer(runtime, 1, memory, CopyFlags.HostToDevice)
        assert len(stub.calls()) == 1


@pytest.mark.parametrize(
    "strided", [np.zeros(8)[::2], np.zeros((3, 4)).T, memoryview(bytearray(8))[::2]]
)
def test_strided_memory_is_refused(strided: object, runtime: int, stub: Stub) -> None:
    with pytest.raises(ValueError, match="host_ptr must be writable, C-contiguous host memory"):
        nxs.copy_buffer(runtime, 1, strided)  # type: ignore[arg-type]
    assert stub.calls() == []


OBJECTS = np.array([object(), object()])
MIXED = np.zeros(2, [("a", object), ("b", "datetime64[s]")])  # of no format
NAMED = np.zeros(1, [("O", np.int64)])


@pytest.mark.parametrize(
    "memory",
    [OBJECTS, memoryview(OBJECTS), (ctypes.py_object * 2)(), MIXED, np.zeros(1, [("a", object)])],
    ids=["array", "view", "ctypes", "mixed", "record"],
)
def test_references_to_python_objects_are_no_host_memory(
    memory: object, runtime: int, stub: Stub
) -> None:
    for flags in CopyFlags:
        with pytest.raises(TypeError, match="host_ptr is an? .*of references to Python objects"):
            nxs.copy_buffer(runtime, 1, memory, flags)  # type: ignore[arg-type]
    assert stub.calls() == []


def test_a_field_may_have_any_name(runtime: int, stub: Stub) -> None:
    nxs.copy_buffer(runtime, 1, NAMED)
    assert len(stub.calls()) == 1


def test_memory_is_let_go_when_the_call_fails(runtime: int, stub: Stub) -> None:
    memory = bytearray(8)
    stub.answer(-30)
    with pytest.raises(ValueError, match="InvalidValue"):
        nxs.copy_buffer(runtime, 1, memory)
    memory.append(1)  # refused with BufferError while somebody holds its buffer


@pytest.mark.parametrize(
    ("size", "recorded"),
    [
        (5, "5,1,1"),
        ((5,), "5,1,1"),
        ([5, 6], "5,6,1"),
        ((5, 6, 7), "5,6,7"),
        (np.int64(5), "5,1,1"),
        (np.array([5, 6]), "5,6,1"),
        (np.array([5]), "5,1,1"),
        (range(2, 5), "2,3,4"),
        (Named.Seven, "7,1,1"),
        (0, "0,1,1"),
        (2**32 - 1, "4294967295,1,1"),
    ],
)
def test_a_size_has_one_to_three_dimensions(
    size: int | list[int], recorded: str, runtime: int, stub: Stub
) -> None:
    nxs.finalize_command(runtime, 1, size, (1, 1, 1))
    assert stub.calls() == [f"nxsFinalizeCommand command=1 group_size={recorded} grid_size=1,1,1"]


@pytest.mark.parametrize(
    ("size", "kind", "sentence"),
    [
        ((), ValueError, "grid_size has 0 dimensions"),
        ((1, 2, 3, 4), ValueError, "grid_size has 4 dimensions"),
        (-1, ValueError, "grid_size is -1; give an int or a sequence of 1 to 3 ints"),
        ((1, 2**32), ValueError, r"grid_size is \(1, 4294967296\)"),
        (2.0, TypeError, "grid_size is 2.0"),
        ((1, 2.5), TypeError, r"grid_size is \(1, 2.5\)"),
        ("12", TypeError, "grid_size is '12'"),
        (None, TypeError, "grid_size is None"),
    ],
)
def test_a_size_that_cannot_be_meant_is_refused(
    size: object, kind: type[Exception], sentence: str, runtime: int, stub: Stub
) -> None:
    with pytest.raises(kind, match=sentence):
        nxs.finalize_command(runtime, 1, 1, size)  # type: ignore[arg-type]
    assert stub.calls() == []


def test_text_is_utf_8(runtime: int, stub: Stub) -> None:
    nxs.get_kernel(runtime, 1, "größe")
    nxs.get_kernel(runtime, 1, "größe".encode())
    assert stub.calls() == ["nxsGetKernel library=1 name=größe flags=0"] * 2


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        ("a\0b", ValueError, "name contains a NUL character"),
        (b"a\0b", ValueError, "name contains a NUL character"),
        (5, TypeError, "name is an int; give a str"),
        (None, TypeError, "name is None; give a str"),
        ("\udc80", ValueError, "name is no text that UTF-8 holds"),
    ],
)
def test_text_that_c_cannot_hold_is_refused(
    text: object, kind: type[Exception], sentence: str, runtime: int, stub: Stub
) -> None:
    with pytest.raises(kind, match=sentence):
        nxs.get_kernel(runtime, 1, text)  # type: ignore[arg-type]
    assert stub.calls() == []


NUMBERS = [
    (function, arg)
    for function in BOUND
    for arg in function.args
    if arg.python and arg.type not in ("text", "dim3", "host_in", "host_out")
]


@pytest.mark.parametrize(("function", "arg"), NUMBERS, ids=lambda row: row.name)
def test_a_number_that_is_no_int_or_too_large_for_c_is_refused(
    function: Function, arg: Arg, runtime: int, stub: Stub
) -> None:
    call = getattr(nxs, function.python_name)
    given = {name: value.given for name, value in samples(function).items()}
    for bad in (1.0, "1", None, [1]):
        with pytest.raises(TypeError):
            call(runtime, **given | {arg.name: bad})
    for bad in (2**64, -(2**63) - 1, 1 << 20000):
        with pytest.raises(OverflowError):
            call(runtime, **given | {arg.name: bad})
    assert stub.calls() == []


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**64])
def test_a_runtime_number_too_large_for_c_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        nxs.create_buffer(number, 0, 16)


@pytest.mark.parametrize("number", [np.int32(1), np.uint8(1), EventType.Signal, True])
def test_whatever_has_an_index_is_an_int(number: int, runtime: int, stub: Stub) -> None:
    nxs.create_event(runtime, number, number)
    assert stub.calls() == ["nxsCreateEvent device=1 type=1"]


def test_too_few_and_too_many_arguments_are_refused(runtime: int, stub: Stub) -> None:
    with pytest.raises(TypeError):
        nxs.create_event(runtime)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        nxs.create_event(runtime, 0, 0, 0)  # type: ignore[call-arg]
    assert stub.calls() == []
