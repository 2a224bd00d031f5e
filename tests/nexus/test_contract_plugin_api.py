"""The plugin API has the functions, arguments and headers of the first documents."""

from __future__ import annotations

from pathlib import Path

import pytest

import nexus
from conformance.api_table import FUNCTIONS

# Function -> the kinds of the arguments that the document gives, in its order. What nexus appends
# (docs/adr/0006) stands behind them.
PROMISED = {
    "nxsGetRuntimeProperty": ["property"],
    "nxsGetDeviceProperty": ["device", "property"],
    "nxsCreateBuffer": ["device", "size", "flags", "host_in"],
    "nxsCopyBuffer": ["buffer", "host_out"],
    "nxsReleaseBuffer": ["buffer"],
    "nxsCreateLibrary": ["device", "host_in"],
    "nxsCreateLibraryFromFile": ["device", "text"],
    "nxsGetLibraryProperty": ["library", "property"],
    "nxsReleaseLibrary": ["library"],
    "nxsGetKernel": ["library", "text"],
    "nxsGetKernelProperty": ["kernel", "property"],
    "nxsReleaseKernel": ["kernel"],
    "nxsCreateStream": ["device"],
    "nxsReleaseStream": ["stream"],
    "nxsCreateSchedule": ["device"],
    "nxsRunSchedule": ["schedule", "stream", "flags"],
    "nxsReleaseSchedule": ["schedule"],
    "nxsCreateCommand": ["schedule", "kernel"],
    "nxsSetCommandArgument": ["command", "int", "buffer"],
    "nxsFinalizeCommand": ["command", "dim3", "dim3"],
    "nxsReleaseCommand": ["command"],
}
BY_NAME = {function.name: function for function in FUNCTIONS}


@pytest.mark.parametrize("name", PROMISED)
def test_a_function_begins_with_the_promised_arguments(name: str) -> None:
    kinds = [arg.type.partition(":")[0] for arg in BY_NAME[name].args]
    assert kinds[: len(PROMISED[name])] == PROMISED[name]


def test_functions_answer_a_status_or_what_they_made() -> None:
    for function in FUNCTIONS:
        answer = function.returns.partition(":")[0]
        assert answer in ("status", "handle", "borrowed", "ticket", "text", "uint"), function.name
        if answer in ("status", "handle", "borrowed", "ticket"):
            assert function.c_returns in ("nxs_status", "nxs_handle", "int64_t"), function.name


@pytest.mark.parametrize(
    "name", ["nxs.h", "nxs_functions.h", "nxs_propertys.h", "_nxs_functions.h"]
)
def test_the_promised_headers_are_shipped(name: str) -> None:
    header = Path(nexus.get_include()) / "nexus-api" / name
    assert "#include <nexus/nxs" in header.read_text(encoding="utf-8")


def test_what_is_created_can_be_released() -> None:
    created = {f.returns.partition(":")[2] for f in FUNCTIONS if f.returns.startswith("handle:")}
    released = {f.args[0].type for f in FUNCTIONS if f.name.startswith("nxsRelease")}
    assert created == released
