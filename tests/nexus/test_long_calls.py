"""Calls that outlast a slice of waiting end when they should, and threads beside them go on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import nexus

SLOW = 0.2  # seconds: several slices of 50 ms
SOURCE = """
#include <chrono>
#include <stdexcept>
#include <thread>
#include <nexus/cpu_kernel.h>
NXS_CPU_KERNEL(slow, val(int, ms), inout(int, x)) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  if (x[0] < 0) throw std::runtime_error("a negative number");
  x[0] += 1;
}
"""


@pytest.fixture(scope="session")
def slow() -> nexus.Kernel:
    return nexus.get_runtime("cpu").get_device(0).compile(SOURCE).get_kernel("slow")


@pytest.fixture(params=["default stream", "own stream"])
def stream(request: pytest.FixtureRequest, device: nexus.Device) -> nexus.Stream | None:
    return device.create_stream() if request.param == "own stream" else None


def test_a_blocking_run_waits_to_the_end(slow: nexus.Kernel, stream: nexus.Stream | None) -> None:
    x = np.zeros(1, np.int32)
    slow(int(SLOW * 1000), x, grid=1, stream=stream)
    assert x[0] == 1  # no other call may wait for the run first


def test_a_blocking_run_that_waits_for_an_event_fails_as_it_fails(
    device: nexus.Device, slow: nexus.Kernel, stream: nexus.Stream | None
) -> None:
    event = device.create_event()
    schedule = device.create_schedule()
    schedule.create_wait_command(event)
    command = schedule.create_command(slow)
    command.set_arguments(1, np.full(1, -1, np.int32))
    command.finalize(1, 1)
    timer = threading.Timer(SLOW, event.signal)
    timer.start()
    with pytest.raises(nexus.ExecutionError, match="a negative number"):
        schedule.run(stream)
    timer.join()


def test_a_busy_thread_and_launches_both_go_on(device: nexus.Device, slow: nexus.Kernel) -> None:
    n_turns, stop = 0, threading.Event()

    def work() -> None:
        nonlocal n_turns
        while not stop.is_set():
            n_turns += 1

    thread = threading.Thread(target=work)
    thread.start()
    x = np.zeros(1, np.int32)
    schedule = device.create_schedule()
    command = schedule.create_command(slow)
    command.set_arguments(0, x)
    command.finalize(1, 1)
    begin = time.monotonic()
    for _ in range(200):
        schedule.run()
    elapsed = time.monotonic() - begin
    stop.set()
    thread.join()
    assert x[0] == 200 and n_turns > 200
    assert elapsed < 60  # each gives the GIL up once, which costs up to 5 ms on an idle machine


class Stuck:
    """A stream that waits for an event."""

    def __init__(self, device: nexus.Device) -> None:
        self.event, self.other = device.create_event(), device.create_event()
        self.stream, self.empty = device.create_stream(), device.create_schedule()
        schedule = device.create_schedule()
        schedule.create_wait_command(self.event)
        schedule.run(self.stream, blocking=False)


@pytest.fixture
def stuck(device: nexus.Device) -> Iterator[Stuck]:
    stuck = Stuck(device)
    yield stuck
    stuck.event.signal()


CLOSED: dict[str, Callable[[Stuck], tuple[Callable[[], object], Callable[[], None]]]] = {
    "Event.wait": lambda stuck: (stuck.other.wait, stuck.other.close),
    "Stream.synchronize": lambda stuck: (stuck.stream.synchronize, stuck.stream.close),
    "Schedule.run": lambda stuck: (lambda: stuck.empty.run(stuck.stream), stuck.stream.close),
}


@pytest.mark.parametrize("calls", CLOSED.values(), ids=CLOSED.keys())
def test_a_wait_ends_when_another_thread_closes(
    stuck: Stuck, calls: Callable[[Stuck], tuple[Callable[[], object], Callable[[], None]]]
) -> None:
    wait, close = calls(stuck)
    timer = threading.Timer(SLOW, close)
    timer.start()
    with pytest.raises(nexus.ClosedError):
        wait()
    timer.join()


class StopError(Exception):
    """What the handler of a signal raises."""


def test_what_a_signal_handler_raises_ends_a_wait(device: nexus.Device) -> None:
    def handler(number: int, frame: object) -> None:
        raise StopError

    before = signal.signal(signal.SIGUSR1, handler)
    timer = threading.Timer(SLOW, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(StopError):
            device.create_event().wait()
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_signal_handler_that_returns_ends_no_wait(device: nexus.Device) -> None:
    event, seen = device.create_event(), []

    def handler(number: int, frame: object) -> None:
        seen.append(number)
        if len(seen) == 3:
            event.signal()

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.06, 0.06)
    try:
        event.wait(timeout=60)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(seen) >= 3
