"""Portable kernels beside the same loops written by hand in C with OpenMP, and on other runtimes.

`python tests/benchmarks/bench_portable.py [threads]` prints a table, then one JSON object a line.
On the CPU both use the same memory. All run on as many threads (without the argument: all of
them), one after the other in each turn. The value is the lowest time of the hand-written loop by
the lowest of the kernel: above 1 the kernel is faster. Beside it is the median of what single turns
give, which shows how busy the machine was. Results are compared first.

A second table has the first runs after a rest, when the threads sleep: medians of the n-th run.
"""

from __future__ import annotations

import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nexus

HERE = Path(__file__).parent
TURNS = 25
RUNS = 4  # of each in a turn; the first wakes the threads, and the best of the others counts
# What device.compile has.
FLAGS = ("-O3", "-march=native", "-fopenmp", "-fno-math-errno", "-fno-trapping-math")
PAUSE_S = 0.05  # libgomp spins some 10 ms after a loop, on the core that others need
REST_S = 0.2
AFTER_REST = (1, 2, 3, 5, 10, 20)  # which runs
SIDE = 512  # of the matrices
WIDTH, LIMIT = 1024, 256  # of the picture

Run = Callable[[], None]


class Loop(NamedTuple):
    """One loop: the kernel's arguments and grid, and what the C function takes before them."""

    what: str
    kernel: str
    sizes: tuple[int, ...]
    arguments: list[Any]  # arrays, the last of which is the result, and numbers
    grid: list[int]
    group: list[int]
    rtol: float


def loops() -> Iterator[Loop]:
    """Yield what is measured."""
    rng = np.random.default_rng(1)
    for n in (1 << 20, 1 << 24):
        x, y = rng.random((2, n), dtype=np.float32)
        size = f"{n >> 20}M"
        yield Loop(f"saxpy, {size}", "saxpy", (n,), [np.float32(0), x, y], [n], [256], 1e-6)
        yield Loop(f"stencil, {size}", "stencil", (n,), [x, y], [n], [256], 1e-5)
    picture: np.ndarray = np.empty((WIDTH, WIDTH), np.int32)
    numbers = [np.float32(-2), np.float32(-1.5), np.float32(3 / WIDTH), np.int32(LIMIT)]
    sizes, grid = (WIDTH, WIDTH), [WIDTH, WIDTH]
    yield Loop("Mandelbrot, 1024 x 1024", "mandelbrot", sizes, [picture, *numbers], grid, [64], 0)
    a, b, c = rng.random((3, SIDE, SIDE), dtype=np.float32)
    matrices, grid = [a, b, c, np.int32(SIDE)], [SIDE, SIDE]
    yield Loop("matrix product, 512, naive", "matmul", (SIDE,), matrices, grid, [64], 1e-4)
    yield Loop("the same in tiles", "matmul_tiled", (SIDE,), matrices, grid, [16, 16], 1e-4)


def by_hand(library: ctypes.CDLL, loop: Loop) -> Run:
    """Return the call of the C function."""
    kinds = {np.float32: ctypes.c_float, np.int32: ctypes.c_int}
    values: list[Any] = [ctypes.c_int(size) for size in loop.sizes]
    for argument in loop.arguments:
        if isinstance(argument, np.ndarray):
            values.append(ctypes.c_void_p(argument.ctypes.data))
        elif loop.kernel not in ("matmul", "matmul_tiled"):  # these have their size already
            values.append(kinds[type(argument)](argument))
    function = library[loop.kernel]
    function.restype = None
    return lambda: function(*values)


class OnDevice:
    """A loop as a kernel of a device, recorded once."""

    def __init__(self, library: nexus.Library, loop: Loop) -> None:
        kernel = library.get_kernel(loop.kernel)
        device = library.device
        copy = not device.spec.startswith("cpu:")
        self.buffers = [
            device.create_buffer(argument, copy=copy)
            if isinstance(argument, np.ndarray)
            else argument
            for argument in loop.arguments
        ]
        self.schedule = device.create_schedule()
        command = self.schedule.create_command(kernel)
        command.set_arguments(*self.buffers)
        command.finalize(loop.group, loop.grid)

    def run(self) -> None:
        """Run it and wait."""
        self.schedule.run()

    def result(self) -> np.ndarray:
        """Return what the last buffer holds."""
        result: np.ndarray = [b for b in self.buffers if isinstance(b, nexus.Buffer)][-1].numpy()
        return result


def seconds(run: Run) -> float:
    """Return the best time of a turn."""
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    time.sleep(PAUSE_S)
    return min(taken[1:])


def after_rest(run: Run) -> list[float]:
    """Return how long each of the first runs takes, in microseconds."""
    time.sleep(REST_S)
    taken = []
    for _ in range(max(AFTER_REST)):
        begun = time.perf_counter()
        run()
        taken.append((time.perf_counter() - begun) * 1e6)
    return taken


def print_first_runs(c: ctypes.CDLL, library: nexus.Library) -> None:
    """Measure the small loops after a rest, by hand and on the CPU in turns."""
    print("\n| us, run after a rest |" + "".join(f" {n} |" for n in AFTER_REST))
    print("|---" * (1 + len(AFTER_REST)) + "|")
    for loop in list(loops())[:2]:
        runs = {"by hand": by_hand(c, loop), "cpu": OnDevice(library, loop).run}
        turns = [{name: after_rest(run) for name, run in runs.items()} for _ in range(TURNS)]
        for name in runs:
            medians = [statistics.median(turn[name][n - 1] for turn in turns) for n in AFTER_REST]
            print(f"| {loop.what}, {name} |" + "".join(f" {m:.0f} |" for m in medians))


def checked(loop: Loop, hand: Run, devices: dict[str, OnDevice]) -> None:
    """See that all give the same; a picture may differ where the last bit decides."""
    hand()
    expected = [one for one in loop.arguments if isinstance(one, np.ndarray)][-1].copy()
    for name, on_device in devices.items():
        on_device.run()
        got = on_device.result().reshape(expected.shape)
        near = np.isclose(got, expected, rtol=loop.rtol or 1e-6, atol=loop.rtol)
        assert near.mean() > (0.98 if loop.rtol == 0 else 0.9999999), f"{loop.what} on {name}"


def compiled(folder: Path) -> ctypes.CDLL:
    """Compile portable.c."""
    library = folder / "portable.so"
    command = [os.environ.get("CC", "cc"), *FLAGS, "-fPIC", "-shared", str(HERE / "portable.c")]
    subprocess.run([*command, "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def main() -> None:
    """Measure and print."""
    runtimes = [runtime for runtime in nexus.get_runtimes() if runtime.name in ("cpu", "opencl")]
    source, options = (HERE / "portable.nxs").read_text(), {"name": "portable.nxs"}
    libraries = {
        runtime.name: runtime.get_device(0).compile(source, options) for runtime in runtimes
    }
    lines = []
    columns = "".join(f" {name}, ms | by hand / {name} | median |" for name in libraries)
    print(f"| loop | by hand, ms |{columns}")
    print("|---" * (2 + 3 * len(libraries)) + "|")
    with tempfile.TemporaryDirectory() as name:
        c = compiled(Path(name))
        for loop in loops():
            hand = by_hand(c, loop)
            devices = {name: OnDevice(library, loop) for name, library in libraries.items()}
            checked(loop, hand, devices)
            turns = [
                (seconds(hand), {name: seconds(one.run) for name, one in devices.items()})
                for _ in range(TURNS)
            ]
            print(row(loop, turns), flush=True)
            lines += [result(loop, turns, name) for name in devices]
        print_first_runs(c, libraries["cpu"])
    print("\n".join(lines))


Turns = list[tuple[float, dict[str, float]]]


def ratio(turns: Turns, name: str) -> float:
    """Return the lowest time by hand by the lowest of a runtime."""
    return min(hand for hand, _ in turns) / min(others[name] for _, others in turns)


def row(loop: Loop, turns: Turns) -> str:
    """Return a row of the table."""
    cells = [loop.what, f"{min(hand for hand, _ in turns) * 1e3:.3g}"]
    for name in turns[0][1]:
        cells.append(f"{min(others[name] for _, others in turns) * 1e3:.3g}")
        cells.append(f"{ratio(turns, name):.2f}")
        cells.append(f"{statistics.median(hand / others[name] for hand, others in turns):.2f}")
    return f"| {' | '.join(cells)} |"


def result(loop: Loop, turns: Turns, name: str) -> str:
    """Return one result as JSON."""
    git = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    device = nexus.get_runtime(name).get_device(0).name
    facts = {"name": f"{loop.what}: by hand / {name}", "unit": "ratio", "machine": device}
    return json.dumps({**facts, "value": round(ratio(turns, name), 3), "commit": commit})


if __name__ == "__main__":
    if len(sys.argv) > 1:  # before a thread is started
        os.environ["OMP_NUM_THREADS"] = os.environ["NEXUS_CPU_THREADS"] = sys.argv[1]
    main()
