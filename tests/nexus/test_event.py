"""Events: signalled, waited for, reset; by the host and by schedules."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import nexus


@pytest.fixture
def event(device: nexus.Device) -> nexus.Event:
    return device.create_event()


def test_the_value_only_rises(event: nexus.Event) -> None:
    assert event.value == 0
    event.signal()
    event.signal(value=7)
    event.signal(3)
    assert event.value == 7
    event.wait()
    event.wait(value=7, timeout=0)


def test_a_reset_event_is_as_new(event: nexus.Event) -> None:
    event.signal(5)
    event.reset()
    assert event.value == 0
    event.reset(value=2)
    assert event.value == 2
    assert event.status == "complete"


def test_a_value_may_have_64_bits(event: nexus.Event) -> None:
    event.signal(2**64 - 1)
    assert event.value == 2**64 - 1


def test_a_wait_is_over_after_its_timeout(event: nexus.Event) -> None:
    start = time.monotonic()
    with pytest.raises(nexus.WaitTimeoutError, match="waited") as caught:
        event.wait(1, timeout=0.12)
    assert 0.1 < time.monotonic() - start < 5
    assert isinstance(caught.value, TimeoutError)
    with pytest.raises(nexus.WaitTimeoutError):
        event.wait(1, timeout=0)


def test_a_wait_really_waits(event: nexus.Event) -> None:
    timer = threading.Timer(0.1, event.signal, (2,))
    timer.start()
    event.wait(2, timeout=20)
    assert event.value == 2
    timer.join()


def test_a_run_may_wait_for_what_is_signalled_later(
    device: nexus.Device, event: nexus.Event, increment: nexus.Kernel
) -> None:
    buffer = device.create_buffer((4,), "i32")
    buffer.fill(0)
    waiting, signalling = device.create_schedule(), device.create_schedule()
    waiting.create_wait_command(event, 1)
    command = waiting.create_command(increment)
    command.set_buffer(0, buffer)
    command.finalize(4, 4)
    signalling.create_signal_command(event, 1)
    with device.create_stream() as first, device.create_stream() as second:
        run = waiting.run(first, blocking=False)
        assert run is not None and not run.done
        signalling.run(second)
        run.wait(timeout=20)
    assert buffer.numpy().tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("value", "error"), [(-1, ValueError), (2**64, ValueError), (1.5, TypeError), ("1", TypeError)]
)
def test_a_value_that_cannot_be_is_refused(
    event: nexus.Event, value: Any, error: type[Exception]
) -> None:
    for call in (event.signal, event.wait, event.reset):
        with pytest.raises(error, match="value is"):
            call(value)


@pytest.mark.parametrize(
    ("timeout", "error"), [(-1, ValueError), (float("nan"), ValueError), ("1", TypeError)]
)
def test_a_timeout_that_cannot_be_is_refused(
    event: nexus.Event, timeout: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="timeout is"):
        event.wait(1, timeout=timeout)


@pytest.mark.parametrize("event_type", [None, "Shared", True, 1.0])
def test_a_type_that_is_none_is_refused(device: nexus.Device, event_type: Any) -> None:
    with pytest.raises(TypeError, match="nexus.event_type"):
        device.create_event(event_type)
    with pytest.raises(ValueError, match="event type 7"):
        device.create_event(7)
    for wrong in (-1, 1 << 31, 1 << 70):
        with pytest.raises(ValueError, match="member of nexus.event_type"):
            device.create_event(wrong)


def test_a_wait_ends_when_its_event_is_closed(event: nexus.Event) -> None:
    timer = threading.Timer(0.2, event.close)
    timer.start()
    with pytest.raises(nexus.ClosedError, match="this Event was closed"):
        event.wait(1, timeout=60)
    timer.join()


def test_a_closed_event_cannot_be_used(event: nexus.Event) -> None:
    with event:
        event.signal()
    assert repr(event) == "<Event closed>"
    for call in (event.signal, event.wait, event.reset):
        with pytest.raises(nexus.ClosedError, match="this Event was closed"):
            call(1)
    event.close()
