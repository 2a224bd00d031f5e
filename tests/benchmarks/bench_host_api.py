"""Cost of the host's calls from Python, beside NumPy, a foreign call and plain C; cpu runtime.

`python tests/benchmarks/bench_host_api.py` prints a table and then one JSON object a line. The rows
are numbered as the targets are. Each is measured in the same turns as what it is compared with; its
value is the median of the turns, with the lowest and the highest. "ctypes" calls the C function
through ctypes, "C" calls it in a C loop; neither owns or checks anything.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nexus
from nexus.bindings import nxs

ROUNDS = 41
NUMBER = 2_000  # calls in a turn: short, so that most turns are not interrupted
IMPORTS = 9
NBYTES = 4096

KERNEL = """
#include <nexus/kernel.h>
NXS_KERNEL(add, in(float, a), in(float, b), out(float, c)) {
  int i = nxs_global_id(0);
  c[i] = a[i] + b[i];
}
"""
NUMBERS_KERNEL = """
#include <nexus/kernel.h>
NXS_KERNEL(numbers, val(float, a), val(int, n), inout(nxs_uint8, x)) { (void)(a + n + x[0]); }
"""
SILENT_KERNEL = """
#include <nexus/cpu_kernel.h>
NXS_CPU_EXPORT void silent(void *const *args, const nxs_cpu_launch *launch) {}
"""

# The members of `calls` in host_api.c.
FUNCTIONS = [
    "CreateBuffer", "ReleaseBuffer", "CopyBuffer", "CreateSchedule", "ReleaseSchedule",
    "CreateCommand", "ReleaseCommand", "SetCommandArgument", "FinalizeCommand", "RunSchedule",
    "GetDeviceProperty",
]  # fmt: skip

Turn = Callable[[], float]  # ns per call


class Row(NamedTuple):
    """One row of the targets: what it is, its limit, and who is measured."""

    number: int
    what: str
    must: str
    turns: dict[str, Turn]


def python(call: Callable[[], Any]) -> Turn:
    """Time a Python call."""
    timer = timeit.Timer("call()", globals={"call": call})
    return lambda: timer.timeit(NUMBER) / NUMBER * 1e9


class PlainC:
    """The loops of host_api.c over the functions of a runtime, and these through ctypes."""

    def __init__(self, runtime: int, folder: Path) -> None:
        library = folder / "host_api.so"
        source = Path(__file__).with_name("host_api.c")
        include = f"-I{nexus.get_include()}"
        command = ["cc", "-O2", "-fPIC", "-shared", include, str(source), "-o", str(library)]
        subprocess.run(command, check=True)
        self.loops = ctypes.CDLL(str(library))
        addresses = [nxs._inspect_function_pointer(runtime, f"nxs{name}") for name in FUNCTIONS]
        self.calls = (ctypes.c_void_p * len(addresses))(*addresses)
        self.addresses = dict(zip(FUNCTIONS, addresses, strict=True))

    def loop(self, name: str, *arguments: Any) -> Turn:
        """Time one of the loops."""
        function = getattr(self.loops, name)
        function.restype = ctypes.c_double
        return lambda: float(function(self.calls, *arguments, ctypes.c_long(NUMBER)))

    def foreign(self, name: str, result: Any, *types: Any) -> Callable[..., Any]:
        """Return a function of the runtime as ctypes calls it."""
        pointer = ctypes.CFUNCTYPE(result, *types)
        return pointer(self.addresses[name])


class Size(ctypes.Structure):
    """`nxs_dim3`."""

    _fields_ = (("x", ctypes.c_uint32), ("y", ctypes.c_uint32), ("z", ctypes.c_uint32))


class Subject:
    """What is measured: a device with a kernel, buffers and a recorded schedule."""

    def __init__(self, plain: PlainC, device: nexus.Device) -> None:
        self.plain, self.device = plain, device
        self.kernel = device.compile(KERNEL).get_kernel("add")
        self.buffer = device.create_buffer(np.ones(NBYTES // 4, np.float32))
        self.schedule = self.recorded()
        self.host = np.empty(NBYTES // 4, np.float32)
        self.kept: list[Any] = []  # what C code writes to

    def recorded(self) -> nexus.Schedule:
        """Record a launch of one item, from nothing."""
        schedule = self.device.create_schedule()
        command = schedule.create_command(self.kernel)
        command.set_buffer(0, self.buffer)
        command.set_buffer(1, self.buffer)
        command.set_buffer(2, self.buffer)
        command.finalize(1, 1)
        return schedule

    def run(self) -> Row:
        """Row 1."""
        foreign = self.plain.foreign("RunSchedule", *[ctypes.c_int64] * 3, ctypes.c_uint32)
        handle = self.schedule.handle
        turns = {
            "nexus": python(self.schedule.run),
            "ctypes": python(lambda: foreign(handle, 0, 1)),
            "C": self.plain.loop("time_run", ctypes.c_int64(handle)),
        }
        return Row(1, "run(blocking=True) of a recorded launch, 1 item", "0.8 us", turns)

    def launch(self) -> Row:
        """Row 5."""
        kernel, buffer = (ctypes.c_int64(o.handle) for o in (self.kernel, self.buffer))
        turns = {
            "nexus": python(lambda: self.recorded().run()),
            "ctypes": python(self.foreign_launch()),
            "C": self.plain.loop("time_launch", kernel, buffer),
        }
        return Row(5, "create_schedule ... 3 set_buffer, finalize, run", "3.5 us", turns)

    def foreign_launch(self) -> Callable[[], None]:
        """Return row 5 as ctypes calls it."""
        i32, u32, i64 = ctypes.c_int32, ctypes.c_uint32, ctypes.c_int64
        create = self.plain.foreign("CreateSchedule", i64, i32, u32)
        command_of = self.plain.foreign("CreateCommand", i64, i64, i64)
        set_argument = self.plain.foreign("SetCommandArgument", i32, i64, i32, i64)
        finalize = self.plain.foreign("FinalizeCommand", i32, i64, Size, Size)
        run = self.plain.foreign("RunSchedule", i64, i64, i64, u32)
        release_command = self.plain.foreign("ReleaseCommand", i32, i64)
        release_schedule = self.plain.foreign("ReleaseSchedule", i32, i64)
        kernel, buffer, one = self.kernel.handle, self.buffer.handle, Size(1, 1, 1)

        def launch() -> None:
            schedule = create(0, 0)
            command = command_of(schedule, kernel)
            for index in range(3):
                set_argument(command, index, buffer)
            finalize(command, one, one)
            run(schedule, 0, 1)
            release_command(command)
            release_schedule(schedule)

        return launch

    def arguments(self) -> Row:
        """What the checks of a launch's arguments cost: with them, and without."""
        silent = self.device.compile(SILENT_KERNEL).get_kernel("silent", unchecked=True)
        turns = {}
        for name, kernel in {"C": self.kernel, "C, nothing to check": silent}.items():
            command = self.device.create_schedule().create_command(kernel)
            self.kept.append(command)
            handles = (ctypes.c_int64(o.handle) for o in (command, self.buffer))
            turns[name] = self.plain.loop("time_arguments", *handles)
        return Row(0, "three arguments set and a grid, checked", "30 ns more", turns)

    def call(self) -> Row:
        """Row 5 as one writes it for a single launch, with numbers among the arguments."""
        kernel = self.device.compile(NUMBERS_KERNEL).get_kernel("numbers")
        turns = {"nexus": python(lambda: kernel(2.0, 3, self.buffer, grid=1))}
        return Row(5, "kernel(2.0, 3, buffer, grid=1)", "3.5 us", turns)

    def scalar(self) -> Row:
        """A number set again in a recorded command."""
        kernel = self.device.compile(NUMBERS_KERNEL).get_kernel("numbers")
        command = self.device.create_schedule().create_command(kernel)
        turns = {"nexus": python(lambda: command.set_scalar(0, 2.0))}
        return Row(0, "command.set_scalar(0, 2.0)", "", turns)

    def create(self) -> Row:
        """Row 9."""
        create = self.plain.foreign(
            "CreateBuffer", ctypes.c_int64, ctypes.c_int32, ctypes.c_size_t, ctypes.c_uint32,
            ctypes.c_void_p,
        )  # fmt: skip
        release = self.plain.foreign("ReleaseBuffer", ctypes.c_int32, ctypes.c_int64)
        turns = {
            "nexus": python(lambda: self.device.create_buffer(NBYTES)),
            "NumPy": python(lambda: np.empty(NBYTES, np.uint8)),
            "ctypes": python(lambda: release(create(0, NBYTES, 0, None))),
            "C": self.plain.loop("time_create", ctypes.c_size_t(NBYTES)),
        }
        return Row(9, "create and drop a buffer of 4 KiB", "2 x np.empty", turns)

    def copy(self, to_host: bool) -> Row:
        """Row 10, one way."""
        foreign = self.plain.foreign(
            "CopyBuffer", ctypes.c_int32, ctypes.c_int64, ctypes.c_void_p, ctypes.c_uint32,
            ctypes.c_size_t, ctypes.c_uint64,
        )  # fmt: skip
        handle, address, forever = self.buffer.handle, self.host.ctypes.data, 2**64 - 1
        other = np.ones_like(self.host)
        method = self.buffer.copy if to_host else self.buffer.write
        turns = {
            "nexus": python(lambda: method(self.host)),
            "NumPy": python(lambda: np.copyto(self.host, other)),
            "ctypes": python(lambda: foreign(handle, address, int(not to_host), NBYTES, forever)),
            "C": self.plain.loop("time_copy", ctypes.c_int64(handle), ctypes.c_void_p(address)),
        }
        way = "to" if to_host else "from"
        return Row(10, f"blocking copy of 4 KiB {way} the host", "1.5 x np.copyto", turns)

    def property(self, name: str, method: Callable[[str], Any], must: str) -> Row:
        """Row 16, one type."""
        foreign = self.plain.foreign(
            "GetDeviceProperty", ctypes.c_int32, ctypes.c_int32, ctypes.c_uint32, ctypes.c_void_p,
            ctypes.c_void_p,
        )  # fmt: skip
        number = nexus.Property[name].value
        room, nbytes = ctypes.create_string_buffer(256), ctypes.c_size_t(256)
        where, size = ctypes.addressof(room), ctypes.addressof(nbytes)
        self.kept += room, nbytes
        turns = {
            "nexus": python(lambda: method(name)),
            "ctypes": python(lambda: foreign(0, number, where, size)),
            "C": self.plain.loop("time_property", ctypes.c_uint32(number)),
        }
        return Row(16, f"device.{method.__name__}({name!r})", must, turns)

    def rows(self) -> list[Row]:
        """Return every row that is timed in turns."""
        return [
            self.run(),
            self.launch(),
            self.call(),
            self.scalar(),
            self.arguments(),
            self.create(),
            self.copy(to_host=True),
            self.copy(to_host=False),
            self.property("GlobalMemorySize", self.device.get_property_int, "0.1 us"),
            self.property("Name", self.device.get_property_str, "0.2 us"),
        ]


def measured(row: Row) -> dict[str, list[float]]:
    """Return ns per call of everybody in the row, ROUNDS times, in turns; the lambda taken off."""
    turns = {"lambda": python(lambda: None), **row.turns}
    taken: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(ROUNDS):
        for name, turn in turns.items():
            taken[name].append(turn())
    loop = statistics.median(taken.pop("lambda"))
    return {n: [v - loop * (n[0] != "C") for v in values] for n, values in taken.items()}


def import_ns(folder: Path) -> dict[str, list[float]]:
    """Row 20: what importing nexus takes once NumPy is in, compiled before, in fresh processes."""
    code = "import time, numpy; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    taken: dict[str, list[float]] = {"nexus": [], "importlib.metadata": []}
    for turn in range(IMPORTS + 1):
        for name, values in taken.items():
            command = [sys.executable, "-c", code.format(name)]
            done = subprocess.run(command, check=True, capture_output=True, env=environment)
            if turn:  # the first one compiles
                values.append(float(done.stdout) * 1e9)
    return taken


def report(row: Row, taken: dict[str, list[float]]) -> None:
    """Print one line of the table."""
    cells = []
    for name in ("nexus", "NumPy", "ctypes", "C"):
        values = taken.get(name)
        if values is None:
            cells.append("-")
            continue
        cells.append(f"{statistics.median(values):.0f} [{min(values):.0f}-{max(values):.0f}]")
    print(f"| {row.number} | {row.what} | {' | '.join(cells)} | {row.must} |")


def main() -> None:
    """Measure and print."""
    results: list[tuple[Row, dict[str, list[float]]]] = []
    print("| row | ns per call: median [lowest-highest] | nexus | NumPy | ctypes | C | must |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        device = nexus.get_runtime("cpu").get_device(0)
        subject = Subject(PlainC(device.runtime_number, Path(name)), device)
        for row in subject.rows():
            results.append((row, measured(row)))
            report(*results[-1])
        results.append(
            (Row(20, "import nexus, NumPy already in", "20 ms", {}), import_ns(Path(name)))
        )
        report(*results[-1])
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    machine = {"machine": f"{device.name}, {os.cpu_count()} cores, {platform.machine()}"}
    for row, taken in results:
        for who, values in taken.items():
            value = {"name": f"{row.number} {row.what}: {who}", "unit": "ns"}
            spread = {"value": statistics.median(values), "min": min(values), "max": max(values)}
            print(json.dumps(value | spread | machine | {"commit": commit}))


if __name__ == "__main__":
    main()
