"""What a device reaches, beside what the device library says of it: peak rates and bandwidth.

`python tests/benchmarks/bench_device.py [SPEC]` measures with kernels of nexus and prints one JSON
object a line: name, unit, value (the best of many short runs: what the device reaches where other
programs leave it alone), median, lowest, and the figure of the device library with the ratio to it,
or why there is none. A CPU's clock is measured in the same turns, with a chain of additions; rates
a clock and core do not depend on it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nexus

KERNELS = Path(__file__).with_name("device.nxs")
OPERATIONS = 2 * 8 * 512  # of an item of peak_*: chains and steps of device.nxs
N_PEAK = 1 << 16  # items
N_TRIAD = 1 << 26  # items; three arrays of 256 MiB, more than any cache
GROUP = 4096
CHAIN = 2 * (1 << 20)  # clocks of an item of clock
SECONDS = 4.0  # for each measurement


Run = Callable[[], object]


def rounds(*runs: Run) -> list[list[float]]:
    """Return the times of each run, taken in turns for some seconds, the shortest first."""
    for run in runs:
        _seconds(run)
    taken: list[list[float]] = [[] for _ in runs]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for times, run in zip(taken, runs, strict=True):
            times.append(_seconds(run))
    return [sorted(times) for times in taken]


def _seconds(run: Run) -> float:
    done: Any = run()
    done.wait()
    return float(done.elapsed_ms) / 1e3


def prepared(kernel: nexus.Kernel, arguments: list[Any], n_items: int) -> Run:
    """Return a function that submits one timed run of a kernel."""
    schedule = kernel.device.create_schedule()
    command = schedule.create_command(kernel)
    for index, argument in enumerate(arguments):
        if isinstance(argument, nexus.Buffer):
            command.set_buffer(index, argument)
        else:
            command.set_scalar(index, argument)
    command.finalize(min(GROUP, n_items), n_items)
    return lambda: schedule.run(blocking=False, timing=True)


def report(name: str, unit: str, rates: list[float], known: Callable[[], float]) -> None:
    """Print rates, the best first, beside the figure of the device library."""
    found: dict[str, Any] = {"name": name, "unit": unit, "value": round(rates[0], 2)}
    found |= {"median": round(statistics.median(rates), 2), "lowest": round(rates[-1], 2)}
    try:
        figure = known()
        found |= {"library": round(figure, 2), "ratio": round(rates[0] / figure, 3)}
    except (nexus.MissingFigureError, nexus.PropertyNotFoundError) as error:
        found["library"] = str(error)
    print(json.dumps(found), flush=True)


def peak(library: nexus.Library, kind: str) -> None:
    """Measure the multiply-adds of a type on all cores."""
    known = nexus.advise(library.device)
    (times,) = rounds(multiply_adds(library, kind, N_PEAK))
    rates = [N_PEAK * OPERATIONS / 1e9 / seconds for seconds in times]
    report(f"peak_{kind}", "GFLOP/s", rates, lambda: known.peak(kind))


def per_clock(library: nexus.Library, kind: str) -> None:
    """Measure the multiply-adds of a type on one core of a CPU, and its clock beside them."""
    info = library.device.get_info()
    one = library.device.create_buffer(np.ones(1, np.uint32))
    chain = prepared(library.get_kernel("clock"), [np.uint32(3), np.uint32(5), one], 1)
    clocks, times = rounds(chain, multiply_adds(library, kind, GROUP))
    megahertz = [CHAIN / 1e6 / seconds for seconds in clocks]
    report("clock", "MHz", megahertz, lambda: info.get_flt(["CoreSubsystem", "BoostClock"]))
    rates = [GROUP * OPERATIONS / seconds / megahertz[0] / 1e6 for seconds in times]
    path = ["CoreSubsystem", "OperationsPerClock", "Vector", kind, "Dense"]
    unit = "operations a clock and core"
    report(f"per_clock_{kind}", unit, rates, lambda: info.get_flt(path))


def multiply_adds(library: nexus.Library, kind: str, n_items: int) -> Run:
    """Return a run of `OPERATIONS` for each item."""
    scalar: Any = {"F32": np.float32, "F64": np.float64}[kind]
    data = library.device.create_buffer(np.linspace(0, 1, n_items, dtype=scalar))
    kernel = library.get_kernel(f"peak_{kind.lower()}")
    return prepared(kernel, [scalar(0.5), scalar(0.25), data], n_items)


def main(spec: str | None = None) -> None:
    """Measure a device."""
    device = nexus.device(spec)
    info = device.get_info()
    about = {key: info.get(key) for key in ("Name", "Variant", "Architecture", "CoreCount")}
    print(json.dumps({"device": device.spec, **about}))
    library = device.compile(KERNELS.read_text(encoding="utf-8"))
    for kind in ("F32", "F64"):
        peak(library, kind)
        if info.get_str("Type") == "cpu":
            per_clock(library, kind)
    arrays = [device.create_buffer(np.ones(N_TRIAD, np.float32)) for _ in range(3)]
    run = prepared(library.get_kernel("triad"), [np.float32(2), *arrays], N_TRIAD)
    (times,) = rounds(run)
    rates = [3 * 4 * N_TRIAD / 1e9 / seconds for seconds in times]
    report("triad", "GB/s", rates, nexus.advise(device).bandwidth)


if __name__ == "__main__":
    main(*sys.argv[1:])
