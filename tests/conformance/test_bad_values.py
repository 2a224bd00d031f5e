"""Bad values, class by class, for every argument of every function: refused, with a sentence."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.api_table import API_VERSION, FUNCTIONS, KINDS, Arg, Function
from conformance.c_api import CApi, Init
from conformance.harness import FEATURE_OF, Lab
from conformance.walk import (
    NOT_WALKED,
    World,
    bad_values,
    name_of,
    names,
    refusal,
    walked_arguments,
)
from nexus.bindings import nxs
from nexus.bindings.enums import MAX_RUNTIMES, Property, Status
from nexus.bindings.errors import FunctionNotFoundError

OPTIONAL = tuple(function for function in FUNCTIONS if function.optional)
WALK = walked_arguments(
    lambda function, arg: (
        arg.type not in KINDS and not {arg.type, (function.name, arg.name)} & NOT_WALKED.keys()
    )
)
HERE = Path(__file__).resolve().parent


@pytest.mark.parametrize(("function", "arg"), WALK, ids=name_of)
def test_a_bad_value_is_refused_by_name_and_changes_nothing(
    lab: Lab,
    runtime: int,
    binaries: Callable[[str], bytes],
    tmp_path: Path,
    function: Function,
    arg: Arg,
) -> None:
    if function.optional:
        lab.needs(FEATURE_OF[function.name])
    c_api, world = CApi(runtime), World(lab, binaries("kernels"), tmp_path)
    arguments = world.arguments(function)
    values = bad_values(function, arg)
    before = world.memory()
    for value in values:
        status = c_api.call(function.name, *{**arguments, arg.name: value}.values())
        assert Status(min(status, 0)) == refusal(function, arg), f"{value}: {c_api.last_error()}"
        assert names(c_api.last_error(), value), c_api.last_error()
        assert world.memory() == before, f"{value} was refused, and memory of the caller written"
    assert values
    assert c_api.call(function.name, *arguments.values()) >= 0, c_api.last_error()


def test_every_argument_is_walked_over_or_named_with_its_reason() -> None:
    walked = {(function.name, arg.name) for function, arg in WALK}
    for function in FUNCTIONS:
        for arg in function.args:
            pair = (function.name, arg.name)
            ways = [pair in walked, arg.type in KINDS, pair in NOT_WALKED, arg.type in NOT_WALKED]
            assert ways.count(True) == 1, pair


def test_every_reason_is_of_use_and_names_tests_that_are_there() -> None:
    every = {(function.name, arg.name) for function in FUNCTIONS for arg in function.args}
    every_type = {arg.type for function in FUNCTIONS for arg in function.args}
    assert set(NOT_WALKED) <= every | every_type
    for reason in NOT_WALKED.values():
        for file, test in re.findall(r"(\w+\.py)::(\w+)", reason):
            assert f"def {test}(" in (HERE / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("function", FUNCTIONS, ids=name_of)
def test_a_plugin_has_every_function_that_is_not_optional(runtime: int, function: Function) -> None:
    assert function.optional or CApi(runtime).has(function.name)


@pytest.mark.parametrize("function", OPTIONAL, ids=name_of)
def test_a_function_that_is_missing_is_named(lab: Lab, runtime: int, function: Function) -> None:
    if CApi(runtime).has(function.name):
        pytest.skip("the plugin has it")
    assert FEATURE_OF[function.name] in lab.gaps
    needed = [arg for arg in function.args if arg.python and arg.default is None]
    values = [b"" if arg.nbytes else 1 for arg in needed]
    with pytest.raises(FunctionNotFoundError, match=function.name) as caught:
        getattr(nxs, function.python_name)(runtime, *values)
    assert caught.value.status == Status.NotSupported


def test_only_a_failing_call_changes_the_last_error(lab: Lab, runtime: int) -> None:
    c_api = CApi(runtime)
    assert c_api.call("nxsReleaseBuffer", -1) == Status.InvalidBuffer
    first = c_api.last_error()
    lab.buffer(16)
    lab.api.get_device_property(lab.device, Property.Name)
    assert c_api.last_error() == first
    assert c_api.call("nxsReleaseEvent", -1) == Status.InvalidEvent
    assert c_api.last_error() != first


SIZE = ctypes.sizeof(Init)
VERSION = API_VERSION[0] << 16 | API_VERSION[1]
REFUSED: list[tuple[Any, Status]] = [
    (None, Status.InvalidValue),
    (Init(0, VERSION, 5), Status.InvalidValue),
    (Init(SIZE - 1, VERSION, 5), Status.InvalidValue),
    (Init(SIZE, VERSION + (1 << 16), 5), Status.IncompatibleVersion),
    (Init(SIZE, VERSION - (1 << 16), 5), Status.IncompatibleVersion),
    (Init(SIZE, 0, 5), Status.IncompatibleVersion),
    (Init(SIZE, VERSION, MAX_RUNTIMES), Status.InvalidValue),
]


@pytest.mark.parametrize(("init", "status"), REFUSED)
def test_a_bad_start_is_refused_and_changes_nothing(
    lab: Lab, runtime: int, init: Any, status: Status
) -> None:
    before = lab.buffer(16)
    pointer = None if init is None else ctypes.byref(init)
    assert CApi(runtime).call("nxsInitialize", pointer) == status
    assert lab.get("buffer", before, Property.Size) == 16
    assert lab.buffer(16) >> 52 & 127 == runtime


def test_another_version_is_refused_with_both_numbers(runtime: int) -> None:
    c_api = CApi(runtime)
    assert c_api.call("nxsInitialize", ctypes.byref(Init(SIZE, 77 << 16, 5))) < 0
    assert "77" in c_api.last_error()
    assert str(API_VERSION[0]) in c_api.last_error()
