"""For every function of the API: arguments that succeed, and values that must be refused."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.api_table import FUNCTIONS, KINDS, Arg, Function
from conformance.c_api import Dim3, PropertyInfo
from conformance.harness import LONG_NS, Lab
from nexus.bindings import enums
from nexus.bindings.enums import Property, Status

# What the loader alone calls, and what cannot fail, is not walked over.
WALKED = tuple(f for f in FUNCTIONS if f.python_name and f.returns not in ("text", "uint"))
NBYTES = 16  # of every buffer, pattern, copy and view here

# Kinds of arguments whose bad values have one status each; a function may have a more telling one.
STATUS_OF = {
    "device": "InvalidDevice",
    "property": "InvalidProperty",
    "text": "InvalidValue",
    "host_in": "InvalidHostPtr",
    "host_out": "InvalidHostPtr",
    "size_inout": "InvalidValue",
    "struct_out": "InvalidValue",
    "enum": "InvalidValue",
    "flags": "InvalidValue",
    "int": "InvalidArgIndex",
    "ticket": "InvalidValue",
    "size": "InvalidBufferSize",
}
STATUS_AT = {
    ("nxsCreateStream", "flags"): "InvalidQueueProperties",
    ("nxsFillBuffer", "pattern_nbytes"): "InvalidArgSize",
    ("nxsCreateFillCommand", "pattern_nbytes"): "InvalidArgSize",
    ("nxsSetCommandScalar", "nbytes"): "InvalidArgSize",
    ("nxsFinalizeCommand", "group_size"): "InvalidWorkGroupSize",
    ("nxsFinalizeCommand", "grid_size"): "InvalidGlobalWorkSize",
}
NUMBERS: dict[str, list[Any]] = {
    "device": [-1, 1 << 20, 2**31 - 1, -(2**31)],
    "property": [len(Property), 0xFFFF, 2**32 - 1],
    "text": [None, b""],
    "int": [-1, 1 << 20, 2**31 - 1, -(2**31)],
    "ticket": [0, -1, 1 << 40, -(2**63)],
    "size": [2**63 - 1, 2**63, 2**64 - 1, 2**64 - NBYTES],
    "dim3": [Dim3(0, 1, 1), Dim3(1, 0, 1), Dim3(1, 1, 0), Dim3(0, 0, 0)],
}
# Arguments that are in no walk, by type or by function and name, each with the reason. Where a test
# of its own looks at them, it stands there as file::test.
NOT_WALKED: dict[str | tuple[str, str], str] = {
    "uint64": "every value of an event and every time has a meaning",
    "value_out": "NULL asks for the size; "
    "test_properties.py::test_a_value_is_read_with_the_size_that_was_asked_for, "
    "test_library.py::test_the_list_of_kernels_is_read_with_the_size_that_was_asked_for",
    (
        "nxsInitialize",
        "init",
    ): "test_bad_values.py::test_a_bad_start_is_refused_and_changes_nothing",
    ("nxsCreateBuffer", "host_ptr"): "NULL is a buffer without contents; with Wrap: "
    "test_buffer.py::test_wrapping_needs_memory",
    ("nxsCreateLibrary", "nbytes"): "nobody can tell how many bytes the caller has; fewer than the "
    "library has: test_library.py::test_a_library_that_was_cut_short_is_refused",
    ("nxsSetCommandOption", "value"): "what is bad depends on the option: "
    "test_command.py::test_group_memory_that_no_group_has_is_refused",
    ("nxsExportBuffer", "type"): "reserved: no runtime has a type yet",
    ("nxsExportBuffer", "nbytes"): "reserved: no runtime writes a description yet",
    ("nxsExportEvent", "type"): "reserved: no runtime has a type yet",
    ("nxsExportEvent", "nbytes"): "reserved: no runtime writes a description yet",
    ("nxsImportBuffer", "device"): "reserved: no runtime takes a description yet",
    ("nxsImportBuffer", "type"): "reserved: no runtime has a type yet",
    ("nxsImportBuffer", "value"): "reserved: no runtime takes a description yet",
    ("nxsImportBuffer", "nbytes"): "reserved: no runtime takes a description yet",
    ("nxsImportEvent", "device"): "reserved: no runtime takes a description yet",
    ("nxsImportEvent", "type"): "reserved: no runtime has a type yet",
    ("nxsImportEvent", "value"): "reserved: no runtime takes a description yet",
    ("nxsImportEvent", "nbytes"): "reserved: no runtime takes a description yet",
}


class World:
    """Living objects, enough for one call of every function."""

    def __init__(self, lab: Lab, binary: bytes, folder: Path) -> None:
        self.lab = lab
        self.binary = ctypes.create_string_buffer(binary, len(binary))
        self.path = folder / "kernels.lib"
        self.path.write_bytes(binary)
        self.stream = lab.stream()
        self.ticket = lab.api.run_schedule(lab.schedule(), self.stream)
        lab.api.wait_run(self.stream, self.ticket, LONG_NS)
        self.host = ctypes.create_string_buffer(4096)
        self.size = ctypes.c_size_t(ctypes.sizeof(self.host))
        self.info = PropertyInfo(ctypes.sizeof(PropertyInfo))
        self._library = 0

    def arguments(self, function: Function) -> dict[str, Any]:
        """Return fresh objects and fitting numbers with which the call succeeds."""
        self.size.value = ctypes.sizeof(self.host)
        special = self.special(function)
        return {
            arg.name: special[arg.name]() if arg.name in special else self.usual(arg)
            for arg in function.args
        }

    def memory(self) -> tuple[bytes, int, int, bytes | None]:
        """Return what a call could have written to."""
        return self.host.raw, self.size.value, self.info.type, self.info.name

    def handle(self, kind: str) -> int:
        """Make an object of this kind."""
        lab = self.lab
        make: dict[str, Callable[[], int]] = {
            "buffer": lambda: lab.buffer(NBYTES),
            "library": lambda: lab.own("library", lab.api.create_library(lab.device, self.binary)),
            "kernel": lambda: lab.kernel("count"),
            "stream": lab.stream,
            "event": lab.event,
            "schedule": lab.schedule,
            "command": lambda: lab.dispatch(lab.schedule(), "count", [lab.buffer(NBYTES)]),
        }
        return make[kind]()

    def usual(self, arg: Arg) -> Any:
        """Return what most functions take for an argument of this type."""
        if arg.type == "library":  # for all calls one: drivers take seconds to make it
            self._library = self._library or self.handle("library")
            return self._library
        if arg.type in KINDS:
            return self.handle(arg.type)
        base = arg.type.partition(":")[0]
        values: dict[str, Any] = {
            "device": self.lab.device,
            "property": Property.Type,
            "size": 0 if arg.name.endswith("offset") else NBYTES,
            "host_in": self.host,
            "host_out": self.host,
            "value_out": self.host,
            "size_inout": ctypes.byref(self.size),
            "struct_out": ctypes.byref(self.info),
            "dim3": Dim3(1, 1, 1),
            "text": b"count",
            "ticket": self.ticket,
        }
        return values.get(base, 0)

    def special(self, function: Function) -> dict[str, Callable[[], Any]]:
        """Return the arguments for which this function takes something else."""
        lab = self.lab
        table: dict[str, dict[str, Callable[[], Any]]] = {
            "nxsCreateLibrary": {"data": lambda: self.binary, "nbytes": lambda: len(self.binary)},
            "nxsCreateLibraryFromFile": {"path": lambda: str(self.path).encode()},
            "nxsGetLibraryBinary": {"value": lambda: None},  # of any size
            "nxsGetRunProperty": {"stream": lambda: self.stream},
            "nxsWaitRun": {"stream": lambda: self.stream, "timeout_ns": lambda: LONG_NS},
            "nxsCopyBufferRegion": {"stream": lambda: self.stream},
            "nxsSetCommandArgument": {
                "command": lambda: lab.fill(lab.schedule(), lab.buffer(1), 0)
            },
            "nxsSetCommandScalar": {
                "command": lambda: lab.signal(lab.schedule(), lab.event()),
                "nbytes": lambda: 8,
            },
            "nxsSetCommandOption": {"option": lambda: enums.CommandOption.Timing},
        }
        return table.get(function.name, {})


def bad_values(function: Function, arg: Arg) -> list[Any]:
    """Return values that the function may not take for this argument."""
    base, _, name = arg.type.partition(":")
    if base == "enum":
        members = getattr(enums, name)
        return [-1, len(members), 2**31 - 1, -(2**31)]
    if base == "flags":
        known = sum(getattr(enums, name))
        return [bit for bit in (1 << n for n in range(32)) if not bit & known] + [2**32 - 1]
    if base in ("host_in", "host_out", "size_inout", "struct_out"):
        return [] if arg.nullable else [None]
    values = list(NUMBERS.get(base, []))
    if base == "size":
        values += bad_sizes(function, arg)
    if arg.name == "grid_size":
        values += [Dim3(2**31, 1, 1), Dim3(1, 2**31, 1), Dim3(1, 1, 2**32 - 1)]
        values.append(Dim3(2**31 - 1, 2**31 - 1, 2**31 - 1))  # more groups than can be counted
    return values


def bad_sizes(function: Function, arg: Arg) -> list[int]:
    """Return sizes that look right when they are cut to 32 bits, and those just outside."""
    if arg.name.endswith("offset"):
        return [1, NBYTES - 1, NBYTES, 2**32]
    if function.name == "nxsCreateBuffer":
        return [0]
    if arg.name == "pattern_nbytes":
        return [0, 3, 12, NBYTES + 1, 2 * NBYTES, 2**32 + 1]
    return [0, NBYTES + 1, 2**32 + world_nbytes(function)]


def world_nbytes(function: Function) -> int:
    """Return the size with which the call of the world succeeds."""
    return 8 if function.name == "nxsSetCommandScalar" else NBYTES


def names(message: str, value: Any) -> bool:
    """Tell whether a message says which value was refused."""
    if value is None or value == b"":
        return re.search("NULL|empty", message) is not None
    numbers = (value.x, value.y, value.z) if isinstance(value, Dim3) else (value,)
    return all(re.search(rf"(?<!\d){int(number)}(?!\d)", message) for number in numbers)


def refusal(function: Function, arg: Arg) -> Status:
    """Return the status with which a bad value is refused."""
    base = arg.type.partition(":")[0]
    return Status[STATUS_AT.get((function.name, arg.name)) or STATUS_OF[base]]


def walked_arguments(wanted: Callable[[Function, Arg], bool]) -> list[tuple[Function, Arg]]:
    """Return every argument of every function that satisfies the predicate."""
    return [(f, arg) for f in WALKED for arg in f.args if wanted(f, arg)]


def name_of(value: object) -> str | None:
    """Name a function or an argument, for the id of a test."""
    return value.name if isinstance(value, Function | Arg) else None
