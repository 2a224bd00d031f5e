"""Waits that nobody is left to end fail; a wait that somebody can still end goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.harness import LONG_NS, SHORT_NS, Lab, refused
from nexus.bindings.enums import Property, Status
from nexus.bindings.errors import NexusError

WAIT_FAILED = Status.ExecStatusErrorForEventsInWaitList
NOBODY = "nobody is left who could signal the event"


class Waiter:
    """A stream that waits for an event to be 2, and fills a buffer then."""

    def __init__(self, lab: Lab, event: int) -> None:
        self.lab, self.stream, self.buffer = lab, lab.stream(), lab.buffer(4)
        schedule = lab.schedule()
        lab.wait(schedule, event, 2)
        lab.fill(schedule, self.buffer, 1)
        self.ticket = lab.api.run_schedule(schedule, self.stream)
        self.wait_schedule = schedule

    def still_waits(self) -> None:
        with refused(Status.Timeout):
            self.lab.api.wait_run(self.stream, self.ticket, SHORT_NS)

    def fails(self) -> None:
        with refused(WAIT_FAILED, match=NOBODY):
            self.lab.api.wait_run(self.stream, self.ticket, LONG_NS)
        assert set(self.lab.read(self.buffer)) == {0}

    def succeeds(self) -> None:
        self.lab.api.wait_run(self.stream, self.ticket, LONG_NS)
        assert set(self.lab.read(self.buffer)) == {1}


def test_a_run_fails_when_the_event_is_released(lab: Lab) -> None:
    event = lab.event()
    waiter, second = Waiter(lab, event), Waiter(lab, event)
    lab.api.signal_event(event, 1)
    waiter.still_waits()
    lab.api.release_event(event)
    waiter.fails()
    second.fails()
    lab.api.fill_buffer(waiter.buffer, 0, 4, b"\5", stream=waiter.stream)  # the stream goes on
    lab.api.synchronize_stream(waiter.stream, LONG_NS)
    assert set(lab.read(waiter.buffer)) == {5}


def test_a_value_that_was_reached_stays_so(lab: Lab) -> None:
    event = lab.event()
    schedule = lab.schedule()
    lab.wait(schedule, event, 2)
    lab.api.signal_event(event, 2)
    lab.api.release_event(event)
    lab.run(schedule)


def test_a_run_submitted_afterwards_fails_at_once(lab: Lab) -> None:
    event, schedule = lab.event(), lab.schedule()
    lab.wait(schedule, event)
    lab.api.release_event(event)
    with refused(WAIT_FAILED, match=NOBODY):
        lab.run(schedule)


def test_a_failed_run_tells_the_events_that_it_would_have_signalled(lab: Lab) -> None:
    first, second, schedule = lab.event(), lab.event(), lab.schedule()
    waiter = Waiter(lab, second)
    lab.wait(schedule, first)
    lab.signal(schedule, second, 2)
    lab.api.run_schedule(schedule, lab.stream())
    lab.api.release_event(first)
    waiter.fails()
    assert lab.get("event", second, Property.Status) == "error"


def test_a_recorded_signal_may_still_come(lab: Lab) -> None:
    event, schedule = lab.event(), lab.schedule()
    waiter = Waiter(lab, event)
    lab.api.release_command(lab.signal(schedule, event, 2))
    lab.api.release_event(event)
    waiter.still_waits()
    lab.run(schedule)
    waiter.succeeds()


@pytest.mark.parametrize("last", ["event", "schedule", "command"])
def test_a_run_fails_when_the_last_that_could_signal_is_released(lab: Lab, last: str) -> None:
    event, schedule = lab.event(), lab.schedule()
    waiter = Waiter(lab, event)
    handles = {"event": event, "schedule": schedule, "command": lab.signal(schedule, event, 2)}
    for kind in sorted(handles, key=lambda kind: kind == last):
        waiter.still_waits()
        getattr(lab.api, f"release_{kind}")(handles[kind])
    waiter.fails()


@pytest.mark.parametrize("value", [1, 2])
def test_a_run_in_flight_still_signals(lab: Lab, value: int) -> None:
    event, schedule, stream = lab.event(), lab.schedule(), lab.stream()
    waiter, gate = Waiter(lab, event), lab.hold(stream)
    command = lab.signal(schedule, event, value)
    lab.api.run_schedule(schedule, stream)
    for kind, handle in {"event": event, "command": command, "schedule": schedule}.items():
        getattr(lab.api, f"release_{kind}")(handle)
    waiter.still_waits()
    lab.api.signal_event(gate)
    waiter.succeeds() if value == 2 else waiter.fails()


@contextmanager
def waiting_host(lab: Lab, event: int, said: list[NexusError]) -> Iterator[None]:
    """Wait for the event on another thread; what it says is in `said` at the end."""
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        try:
            lab.api.wait_event(event, 1, LONG_NS)
        except NexusError as error:
            said.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    thread.join(0.05)  # most often it waits by now; else its handle is refused
    yield
    thread.join()


def test_the_host_is_told_too(lab: Lab) -> None:
    event, said = lab.event(), list[NexusError]()
    with waiting_host(lab, event, said):
        lab.api.release_event(event)
    assert [error.status for error in said] in ([WAIT_FAILED], [Status.InvalidEvent])
