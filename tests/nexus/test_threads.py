"""Many threads at once: each with its own objects, and together on the same ones."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

import nexus

N_THREADS = 8
N_TURNS = 100
# Slow between reading and writing, so that two at once lose a step.
SOURCE = """
#include <nexus/kernel.h>
NXS_KERNEL(increment, inout(int, x)) {
  const int before = x[nxs_global_id(0)];
  for (volatile int i = 0; i < 5000; ++i) {}
  x[nxs_global_id(0)] = before + 1;
}
"""


@pytest.fixture(scope="module")
def increment() -> nexus.Kernel:
    return nexus.get_runtime("cpu").get_device(0).compile(SOURCE).get_kernel("increment")


def at_once(work: Callable[[int], None], n_threads: int = N_THREADS) -> None:
    """Call `work(0)`, `work(1)`, ... at the same time; raise the first failure."""
    failures: list[BaseException] = []
    begin = threading.Barrier(n_threads)

    def run(n: int) -> None:
        try:
            begin.wait()
            work(n)
        except BaseException as failure:  # raised again where the test sees it
            failures.append(failure)

    threads = [threading.Thread(target=run, args=[n]) for n in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def launch_of(kernel: nexus.Kernel, memory: object) -> nexus.Schedule:
    schedule = kernel.device.create_schedule()
    command = schedule.create_command(kernel)
    command.set_buffer(0, memory)
    command.finalize(4, 16)
    return schedule


def test_each_thread_has_its_objects(device: nexus.Device, increment: nexus.Kernel) -> None:
    def work(n: int) -> None:
        buffer = device.create_buffer(np.full(16, n, np.int32))
        with device.create_stream() as stream, device.create_event() as event:
            schedule = launch_of(increment, buffer)
            signal = schedule.create_signal_command(event)
            for turn in range(1, N_TURNS + 1):
                signal.set_value(turn)
                run = schedule.run(stream, blocking=turn % 2 == 0)
                event.wait(turn, timeout=60)
                assert (buffer.numpy() == n + turn).all()
            if run is not None:
                run.wait(timeout=60)

    at_once(work)


def test_threads_take_turns_on_one_buffer(device: nexus.Device, increment: nexus.Kernel) -> None:
    buffer, event = device.create_buffer(np.zeros(16, np.int32)), device.create_event()

    def work(n: int) -> None:
        stream = device.create_stream()
        for turn in range(n, N_THREADS * N_TURNS, N_THREADS):
            schedule = device.create_schedule()
            schedule.create_wait_command(event, turn)
            command = schedule.create_command(increment)
            command.set_buffer(0, buffer)
            command.finalize(4, 16)
            schedule.create_signal_command(event, turn + 1)
            schedule.run(stream, blocking=False)
        stream.synchronize(timeout=60)

    at_once(work)
    assert (buffer.numpy() == N_THREADS * N_TURNS).all()


def test_threads_run_one_schedule(device: nexus.Device, increment: nexus.Kernel) -> None:
    buffer = device.create_buffer(np.zeros(16, np.int32))
    schedule = launch_of(increment, buffer)

    def work(n: int) -> None:
        stream = device.create_stream() if n % 2 else None
        for turn in range(N_TURNS):
            schedule.run(stream, blocking=turn % 3 == 0)

    at_once(work)
    assert (buffer.numpy() == N_THREADS * N_TURNS).all()


def test_the_lists_are_right_beside_threads_that_make_and_close(device: nexus.Device) -> None:
    before = device.get_buffers()

    def work(n: int) -> None:
        for _ in range(4 * N_TURNS):
            with device.create_buffer(8) as buffer:
                listed = device.get_buffers()
                assert buffer in listed and not any(each is None for each in listed)

    at_once(work)
    assert device.get_buffers() == before


FIRST_TOUCH = """
import threading
import nexus
begin, found = threading.Barrier(16), []
def touch(n):
    begin.wait()
    if n % 2:
        device = nexus.get_runtime("cpu").get_device(0)
    else:
        device = nexus.get_runtimes()["cpu"].get_devices()[0]
    buffer = device.create_buffer(64)
    buffer.fill(n)
    found.append((device, buffer.numpy().tolist() == [n] * 64))
threads = [threading.Thread(target=touch, args=[n]) for n in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(found) == 16 and all(device is found[0][0] and right for device, right in found), found
"""


def test_the_first_touch_may_come_from_sixteen_threads() -> None:
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", FIRST_TOUCH], capture_output=True, text=True, timeout=120
        )
        assert (done.returncode, done.stderr) == (0, "")
