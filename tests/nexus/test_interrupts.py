"""Ctrl-C ends every wait and every call that blocks, within a slice of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import nexus

# Thousands of groups that each take a millisecond, until they are told to be quick.
SOURCE = """
#include <chrono>
#include <thread>
#include <nexus/kernel.h>
NXS_KERNEL(work, in(int, quick), inout(int, began)) {
  began[0] = 1;
  if (!quick[0]) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}
"""


class Stuck:
    """A stream that waits for an event, with a buffer that its work uses."""

    def __init__(self, device: nexus.Device) -> None:
        self.device = device
        self.event = device.create_event()
        self.buffer = device.create_buffer(np.zeros(8, np.uint8))
        self.schedule = device.create_schedule()
        self.schedule.create_wait_command(self.event)
        self.schedule.create_fill_command(self.buffer, 1)
        self.stream = device.create_stream()


@pytest.fixture
def stuck(device: nexus.Device) -> Iterator[Stuck]:
    stuck = Stuck(device)
    yield stuck
    stuck.event.signal(1)
    stuck.stream.synchronize()


def synchronized(stuck: Stuck) -> None:
    submitted(stuck)
    stuck.stream.synchronize()


def submitted(stuck: Stuck) -> nexus.Run:
    run = stuck.schedule.run(stuck.stream, blocking=False)
    assert run is not None
    return run


CALLS: dict[str, Callable[[Stuck], object]] = {
    "run": lambda stuck: stuck.schedule.run(stuck.stream),
    "run on the default stream": lambda stuck: stuck.schedule.run(),
    "Run.wait": lambda stuck: submitted(stuck).wait(),
    "Event.wait": lambda stuck: stuck.event.wait(),
    "Stream.synchronize": synchronized,
    "copy": lambda stuck: (submitted(stuck), stuck.buffer.copy(np.empty(8, np.uint8))),
    "copy on a stream": lambda stuck: (
        submitted(stuck),
        stuck.buffer.copy(np.empty(8, np.uint8), stream=stuck.stream),
    ),
    "fill": lambda stuck: (submitted(stuck), stuck.buffer.fill(0, stream=stuck.stream)),
    "numpy": lambda stuck: (submitted(stuck), stuck.buffer.numpy()),
    "from_dlpack": lambda stuck: (submitted(stuck), np.from_dlpack(stuck.buffer)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_an_interrupt_ends_the_call(stuck: Stuck, call: Callable[[Stuck], object]) -> None:
    timer = threading.Timer(0.15, os.kill, (os.getpid(), signal.SIGINT))
    start = time.monotonic()
    timer.start()
    assert end_of(lambda: call(stuck), timer) is KeyboardInterrupt
    assert time.monotonic() - start < 5
    stuck.event.signal(1)
    assert stuck.buffer.numpy().tolist() in ([0] * 8, [1] * 8)


def end_of(call: Callable[[], object], timer: threading.Timer) -> type[BaseException] | None:
    """Return what ended a call, if not itself; a signal that comes after it ends nothing else."""
    end = None
    try:
        try:
            call()
        except (KeyboardInterrupt, nexus.NexusError) as failure:
            end = type(failure)
        timer.join()
    except KeyboardInterrupt:
        timer.join()
    return end


@pytest.mark.parametrize(("n_commands", "grid"), [(1, 1 << 20), (20000, 1)])
def test_an_interrupt_ends_a_run_that_works(
    device: nexus.Device, n_commands: int, grid: int
) -> None:
    quick, began = np.zeros(1, np.int32), np.zeros(1, np.int32)
    kernel, schedule = device.compile(SOURCE).get_kernel("work"), device.create_schedule()
    for _ in range(n_commands):
        command = schedule.create_command(kernel)
        command.set_arguments(quick, began)
        command.finalize(1, grid)
    timer = threading.Timer(0.15, os.kill, (os.getpid(), signal.SIGINT))
    start = time.monotonic()
    timer.start()
    assert end_of(schedule.run, timer) is KeyboardInterrupt
    assert time.monotonic() - start < 5
    assert began[0] == 1
    quick[0] = 1
    schedule.run()  # after the one that goes on
