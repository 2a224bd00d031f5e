"""What a device reaches, beside what the device library says of it: peak rates and bandwidth.

`python tests/benchmarks/bench_device.py [SPEC]` measures with kernels of nexus and prints one JSON
object a line: name, value, unit, and the figure of the device library with the ratio to it, or why
there is none.
"""

from __future__ import annotations

import json
import statistics
import sys
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
ROUNDS = 15


def median_seconds(run: Callable[[], object]) -> tuple[float, float, float]:
    """Return median, shortest and longest time of a run, from the device's timestamps."""
    run()
    taken = sorted(_seconds(run) for _ in range(ROUNDS))
    return statistics.median(taken), taken[0], taken[-1]


def _seconds(run: Callable[[], object]) -> float:
    done: Any = run()
    done.wait()
    return float(done.elapsed_ms) / 1e3


def prepared(kernel: nexus.Kernel, arguments: list[Any], n_items: int) -> Callable[[], object]:
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


def report(name: str, unit: str, amount: float, run: Callable[[], object], known: Any) -> None:
    """Measure a run and print it beside the figure of the device library."""
    median, shortest, longest = median_seconds(run)
    found = {"name": name, "value": round(amount / median, 2), "unit": unit}
    found |= {"lowest": round(amount / longest, 2), "highest": round(amount / shortest, 2)}
    try:
        figure = known()
        found |= {"library": round(figure, 2), "ratio": round(amount / median / figure, 3)}
    except nexus.MissingFigureError as error:
        found["library"] = str(error)
    print(json.dumps(found), flush=True)


def main(spec: str | None = None) -> None:
    """Measure a device."""
    device = nexus.device(spec)
    advice, info = nexus.advise(device), device.get_info()
    about = {key: info.get(key) for key in ("Name", "Architecture", "CoreCount", "CoreClockRate")}
    print(json.dumps({"device": device.spec, **about, "Variant": info.to_dict().get("Variant")}))
    library = device.compile(KERNELS.read_text(encoding="utf-8"))
    for kind, scalar in (("F32", np.float32), ("F64", np.float64)):
        data = device.create_buffer(np.linspace(0, 1, N_PEAK, dtype=scalar))
        kernel = library.get_kernel(f"peak_{kind.lower()}")
        run = prepared(kernel, [scalar(0.5), scalar(0.25), data], N_PEAK)
        giga = N_PEAK * OPERATIONS / 1e9
        report(f"peak_{kind}", "GFLOP/s", giga, run, lambda kind=kind: advice.peak(kind))
    arrays = [device.create_buffer(np.ones(N_TRIAD, np.float32)) for _ in range(3)]
    run = prepared(library.get_kernel("triad"), [np.float32(2), *arrays], N_TRIAD)
    report("triad", "GB/s", 3 * 4 * N_TRIAD / 1e9, run, advice.bandwidth)


if __name__ == "__main__":
    main(*sys.argv[1:])
