"""The opencl runtime beside pyopencl, on the same driver and in the same turns.

`python tests/benchmarks/bench_opencl.py` prints one JSON object a line: the medians in microseconds
and their ratio. pyopencl (PyPI) must be there.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import nexus

SOURCE = "kernel void add_one(global float *x) { x[get_global_id(0)] += 1.0f; }"
N_ITEMS, GROUP, N_PIPELINED, TURNS = 1024, 256, 1000, 31


def microseconds(call: Callable[[], Any], repeat: int) -> float:
    """Return the time of one call, of so many in a row."""
    begin = time.perf_counter()
    for _ in range(repeat):
        call()
    return (time.perf_counter() - begin) / repeat * 1e6


def ours(host: Any) -> dict[str, tuple[Callable[[], Any], int]]:
    """Return what is measured, with nexus."""
    device = nexus.device("opencl")
    buffer, stream = device.create_buffer(host), device.create_stream()
    schedule = device.create_schedule()
    command = schedule.create_command(device.compile(SOURCE).get_kernel("add_one"))
    command.set_buffer(0, buffer)
    command.finalize(GROUP, N_ITEMS)

    def pipelined() -> None:
        for _ in range(N_PIPELINED):
            schedule.run(stream, blocking=False)
        stream.synchronize()

    return {
        "launch and wait": (lambda: schedule.run(stream), 200),
        "1000 launches, one wait": (pipelined, 1),
        "4 KiB to the host": (lambda: buffer.copy(host), 200),
        "4 KiB to the device": (lambda: buffer.write(host), 200),
    }


def theirs(host: Any) -> dict[str, tuple[Callable[[], Any], int]]:
    """Return the same with pyopencl, on the same device."""
    import pyopencl as cl  # type: ignore[import-not-found]

    context = cl.Context([cl.get_platforms()[0].get_devices()[0]])
    queue = cl.CommandQueue(context)
    buffer = cl.Buffer(context, cl.mem_flags.READ_WRITE, host.nbytes)
    kernel = cl.Kernel(cl.Program(context, SOURCE).build(), "add_one")
    kernel.set_args(buffer)

    def launch() -> None:
        cl.enqueue_nd_range_kernel(queue, kernel, (N_ITEMS,), (GROUP,))

    def launch_and_wait() -> None:
        launch()
        queue.finish()

    def pipelined() -> None:
        for _ in range(N_PIPELINED):
            launch()
        queue.finish()

    return {
        "launch and wait": (launch_and_wait, 200),
        "1000 launches, one wait": (pipelined, 1),
        "4 KiB to the host": (lambda: cl.enqueue_copy(queue, host, buffer), 200),
        "4 KiB to the device": (lambda: cl.enqueue_copy(queue, buffer, host), 200),
    }


def main() -> None:
    """Measure in turns, and print."""
    host = np.zeros(N_ITEMS, np.float32)
    own, peer = ours(host), theirs(host)
    for name in own:
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(TURNS):
            times[0].append(microseconds(*own[name]))
            times[1].append(microseconds(*peer[name]))
        nexus_us, peer_us = (statistics.median(turns) for turns in times)
        if name.startswith("1000"):
            nexus_us, peer_us = nexus_us / N_PIPELINED, peer_us / N_PIPELINED
        result = {"name": name, "nexus": round(nexus_us, 2), "pyopencl": round(peer_us, 2)}
        print(json.dumps(result | {"ratio": round(nexus_us / peer_us, 2), "unit": "us"}))


if __name__ == "__main__":
    main()
