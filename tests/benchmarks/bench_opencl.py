"""The opencl runtime beside plain C and pyopencl, on the same driver, in one process and in turns.

`python tests/benchmarks/bench_opencl.py [TURNS]` prints one JSON object a line, in us: for
each of them the median with the lowest and the highest tenth, and the medians of what nexus took
more than C, and of its ratio to pyopencl, turn by turn. pyopencl (PyPI) must be there.

"Prepared" is a schedule that was recorded; in C and pyopencl a kernel whose argument was set before
(`enqueue_nd_range_kernel`). "Given" is `kernel(buffer, ...)`, `clSetKernelArg` for each launch, and
`kernel(queue, ..., buffer)`. "Sets, runs" is a schedule whose argument is set again for each run.
"Two streams in turn" are kernels each of which waits for the one before it, by an event.
"""

from __future__ import annotations

import ctypes
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nexus

NAME = "add_one"
SOURCE = "kernel void add_one(global float *x) { x[get_global_id(0)] += 1.0f; }"
N_ITEMS, GROUP = 1024, 256
SYNC, PIPELINED = 100, 1000  # launches in a turn: short, so that many turns are not interrupted
IN_TURN = 100  # kernels on two streams
TURNS = 101

Turn = Callable[[], float]  # microseconds for one


def turn(call: Callable[[], Any], repeat: int, end: Callable[[], Any] | None = None) -> Turn:
    """Time so many calls in a row, and what ends them."""

    def taken() -> float:
        begin = time.perf_counter()
        for _ in range(repeat):
            call()
        if end:
            end()
        return (time.perf_counter() - begin) / repeat * 1e6

    return taken


def rows(prepared: tuple[Any, Any], given: tuple[Any, Any], end: Any) -> dict[str, Turn]:
    """Return the turns of launches: each is given as one that waits and one that does not."""
    return {
        "launch and wait, prepared": turn(prepared[0], SYNC),
        "launch and wait, given": turn(given[0], SYNC),
        "1000 launches, one wait, prepared": turn(prepared[1], PIPELINED, end),
        "1000 launches, one wait, given": turn(given[1], PIPELINED, end),
    }


def in_turn(device: nexus.Device, kernel: nexus.Kernel, buffer: nexus.Buffer) -> Turn:
    """Return the turn of two streams, each run behind the one before it."""
    streams, event = [device.create_stream(), device.create_stream()], device.create_event()
    schedules = []
    for i in range(IN_TURN):
        schedule = device.create_schedule()
        schedule.create_wait_command(event, i)
        command = schedule.create_command(kernel)
        command.set_buffer(0, buffer)
        command.finalize(GROUP, N_ITEMS)
        schedule.create_signal_command(event, i + 1)
        schedules.append(schedule)

    def taken() -> float:
        event.reset(0)
        begin = time.perf_counter()
        for i, schedule in enumerate(schedules):
            schedule.run(streams[i % 2], False)
        event.wait(IN_TURN)
        end = time.perf_counter()
        for stream in streams:
            stream.synchronize()
        return (end - begin) / IN_TURN * 1e6

    return taken


def ours(host: Any) -> dict[str, Turn]:
    """Return what is measured, with nexus."""
    device = nexus.device("opencl")
    buffer, stream = device.create_buffer(host), device.create_stream()
    kernel = device.compile(SOURCE).get_kernel(NAME)
    schedule = device.create_schedule()
    command = schedule.create_command(kernel)
    command.set_buffer(0, buffer)
    command.finalize(GROUP, N_ITEMS)

    def launch(blocking: bool) -> Callable[[], Any]:
        return lambda: kernel(buffer, grid=N_ITEMS, group=GROUP, stream=stream, blocking=blocking)

    def set_and_run() -> None:
        command.set_buffer(0, buffer)
        schedule.run(stream)

    prepared = (lambda: schedule.run(stream), lambda: schedule.run(stream, False))
    return {
        **rows(prepared, (launch(True), launch(False)), stream.synchronize),
        "launch and wait, sets, runs": turn(set_and_run, SYNC),
        "two streams in turn": in_turn(device, kernel, buffer),
        "4 KiB to the host": turn(lambda: buffer.copy(host), SYNC),
        "4 KiB to the device": turn(lambda: buffer.write(host), SYNC),
    }


def pyopencl(host: Any) -> dict[str, Turn]:
    """Return the same with pyopencl, on the same device."""
    import pyopencl as cl  # type: ignore[import-not-found, unused-ignore]

    context = cl.Context([cl.get_platforms()[0].get_devices()[0]])
    queue = cl.CommandQueue(context)
    buffer = cl.Buffer(context, cl.mem_flags.READ_WRITE, host.nbytes)
    kernel = cl.Kernel(cl.Program(context, SOURCE).build(), NAME)
    kernel.set_args(buffer)

    def prepared() -> None:
        cl.enqueue_nd_range_kernel(queue, kernel, (N_ITEMS,), (GROUP,))

    def given() -> None:
        kernel(queue, (N_ITEMS,), (GROUP,), buffer)

    queues = [queue, cl.CommandQueue(context)]

    def streams_in_turn() -> None:
        before: Any = None
        for i in range(IN_TURN):
            behind, on = [before] if before else None, queues[i % 2]
            before = cl.enqueue_nd_range_kernel(on, kernel, (N_ITEMS,), (GROUP,), wait_for=behind)
            on.flush()
        before.wait()

    def waiting(launch: Callable[[], None]) -> Callable[[], None]:
        def launch_and_wait() -> None:
            launch()
            queue.finish()

        return launch_and_wait

    return {
        **rows((waiting(prepared), prepared), (waiting(given), given), queue.finish),
        "launch and wait, sets, runs": turn(waiting(given), SYNC),
        "two streams in turn": lambda: turn(streams_in_turn, 1)() / IN_TURN,
        "4 KiB to the host": turn(lambda: cl.enqueue_copy(queue, host, buffer), SYNC),
        "4 KiB to the device": turn(lambda: cl.enqueue_copy(queue, buffer, host), SYNC),
    }


def built(folder: Path) -> ctypes.CDLL:
    """Return the functions of opencl.c."""
    library, source = folder / "opencl.so", Path(__file__).with_name("opencl.c")
    include = f"-I{source.parents[2] / 'csrc'}"
    command = ["cc", "-O2", "-fPIC", "-shared", include, str(source), "-o", str(library), "-ldl"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


def plain_c(folder: Path) -> dict[str, Turn]:
    """Return the launches of opencl.c."""
    loops = built(folder)
    sizes = ctypes.c_size_t(N_ITEMS), ctypes.c_size_t(GROUP)
    status = loops.prepare(SOURCE.encode(), NAME.encode(), *sizes)
    if status:
        raise SystemExit(f"opencl.c: the driver answers {status}")

    def loop(function: Any, sets_argument: bool, n: int) -> Turn:
        function.restype = ctypes.c_double
        return lambda: float(function(ctypes.c_int(sets_argument), ctypes.c_long(n)))

    one, many = loops.launch_and_wait, loops.launch_many
    return {
        "launch and wait, prepared": loop(one, False, SYNC),
        "launch and wait, given": loop(one, True, SYNC),
        "launch and wait, sets, runs": loop(one, True, SYNC),
        "1000 launches, one wait, prepared": loop(many, False, PIPELINED),
        "1000 launches, one wait, given": loop(many, True, PIPELINED),
    }


def spread(values: list[float]) -> list[float]:
    """Return the median, and the ends of the lowest and the highest tenth."""
    tenths = statistics.quantiles(values, n=10)
    return [round(value, 2) for value in (statistics.median(values), tenths[0], tenths[-1])]


def main() -> None:
    """Measure in turns, and print."""
    n_turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    host = np.zeros(N_ITEMS, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        peers = {"nexus": ours(host), "C": plain_c(Path(folder)), "pyopencl": pyopencl(host)}
    print(json.dumps({"device": nexus.device("opencl").get_property_str("Platform")}))
    for name in peers["nexus"]:
        turns = {peer: rows[name] for peer, rows in peers.items() if name in rows}
        taken = [{peer: call() for peer, call in turns.items()} for _ in range(n_turns)]
        result: dict[str, Any] = {"name": name, "unit": "us"}
        for peer in turns:
            result[peer] = spread([times[peer] for times in taken])
        if "C" in turns:
            result["over C"] = spread([times["nexus"] - times["C"] for times in taken])[0]
        result["to pyopencl"] = spread([times["nexus"] / times["pyopencl"] for times in taken])[0]
        print(json.dumps(result))


if __name__ == "__main__":
    main()
