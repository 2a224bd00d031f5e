"""Times: of runs and of single commands, when they were asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from conformance.harness import LONG_NS, Lab, refused
from nexus.bindings.enums import CommandOption, Property, RunFlags, Status

TIMES = (Property.ElapsedTime, Property.TimeStamp)


def recorded(lab: Lab) -> tuple[int, list[int]]:
    """Return a schedule of three fills, and its commands."""
    schedule, buffer = lab.schedule(), lab.buffer(1 << 16)
    return schedule, [lab.fill(schedule, buffer, n) for n in range(3)]


def submit(lab: Lab, schedule: int, stream: int, flags: int = 0) -> int:
    """Run and wait; returns the ticket."""
    ticket = lab.api.run_schedule(schedule, stream, flags)
    lab.api.wait_run(stream, ticket, LONG_NS)
    return ticket


def is_time(milliseconds: float) -> bool:
    """Tell whether this can be how long something took."""
    return math.isfinite(milliseconds) and 0 <= milliseconds < LONG_NS / 1e6


@pytest.mark.parametrize("flags", [RunFlags.Timing, RunFlags.Timing | RunFlags.Blocking])
def test_a_timed_run_tells_how_long_it_took(lab: Lab, flags: int) -> None:
    stream = lab.stream()
    schedule, commands = recorded(lab)
    ticket = submit(lab, schedule, stream, flags)
    assert is_time(lab.api.get_run_property(stream, ticket, Property.ElapsedTime))
    assert lab.api.get_run_property(stream, ticket, Property.TimeStamp) > 0
    assert is_time(lab.get("schedule", schedule, Property.ElapsedTime))
    for command in commands:
        assert is_time(lab.get("command", command, Property.ElapsedTime))


def test_a_run_that_waited_for_the_host_took_as_long(lab: Lab) -> None:
    stream, event, schedule = lab.stream(), lab.event(), lab.schedule()
    started = lab.event()
    lab.signal(schedule, started)
    lab.wait(schedule, event)
    ticket = lab.api.run_schedule(schedule, stream, RunFlags.Timing)
    lab.api.wait_event(started, 1, LONG_NS)
    with refused(Status.Timeout):
        lab.api.wait_event(event, 1, 30_000_000)  # 30 ms pass here
    lab.api.signal_event(event)
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert lab.api.get_run_property(stream, ticket, Property.ElapsedTime) >= 30


def test_a_run_that_was_not_timed_has_no_time(lab: Lab) -> None:
    stream = lab.stream()
    schedule, commands = recorded(lab)
    ticket = submit(lab, schedule, stream)
    for property in TIMES:
        with refused(Status.ProfilingInfoNotAvailable):
            lab.api.get_run_property(stream, ticket, property)
        assert property not in lab.api.get_run_property(stream, ticket, Property.Keys)
    with refused(Status.ProfilingInfoNotAvailable):
        lab.get("schedule", schedule, Property.ElapsedTime)
    for command in commands:
        with refused(Status.ProfilingInfoNotAvailable):
            lab.get("command", command, Property.ElapsedTime)


def test_one_command_can_be_timed_alone(lab: Lab) -> None:
    schedule, (first, second, third) = recorded(lab)
    lab.api.set_command_option(second, CommandOption.Timing, 1)
    submit(lab, schedule, lab.stream())
    assert is_time(lab.get("command", second, Property.ElapsedTime))
    for command in (first, third):
        with refused(Status.ProfilingInfoNotAvailable):
            lab.get("command", command, Property.ElapsedTime)


def test_a_run_in_flight_has_no_time_yet(lab: Lab) -> None:
    stream = lab.stream()
    schedule, _ = recorded(lab)
    gate = lab.hold(stream)
    ticket = lab.api.run_schedule(schedule, stream, RunFlags.Timing)
    with refused(Status.ProfilingInfoNotAvailable):
        lab.api.get_run_property(stream, ticket, Property.ElapsedTime)
    lab.api.signal_event(gate)
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert is_time(lab.api.get_run_property(stream, ticket, Property.ElapsedTime))


def test_copies_and_fills_outside_of_schedules_can_be_timed(lab: Lab) -> None:
    stream, src, dst = lab.stream(), lab.buffer(4096), lab.buffer(4096)
    tickets = [
        lab.api.fill_buffer(src, 0, 4096, b"x", stream=stream, flags=RunFlags.Timing),
        lab.api.copy_buffer_region(src, 0, dst, 0, 4096, stream, RunFlags.Timing),
    ]
    lab.api.synchronize_stream(stream, LONG_NS)
    for ticket in tickets:
        assert is_time(lab.api.get_run_property(stream, ticket, Property.ElapsedTime))


def test_timed_runs_and_others_keep_the_order_of_their_stream(lab: Lab) -> None:
    lab.needs("kernels_compute")
    stream, schedule = lab.stream(), lab.schedule()
    numbers, expected = lab.buffer(np.zeros(4, np.int64)), 0
    command = lab.dispatch(schedule, "twice_and_add", [numbers, np.int64(0)], grid=4)
    for n, flags in enumerate([0, 0, 0, RunFlags.Timing, 0, RunFlags.Timing, 0]):
        lab.set(command, 1, np.int64(n))
        ticket = lab.api.run_schedule(schedule, stream, flags)
        expected = 2 * expected + n
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert set(lab.read(numbers, np.int64)) == {expected}


def test_runs_of_a_stream_finish_in_the_order_of_their_time_stamps(lab: Lab) -> None:
    stream = lab.stream()
    schedule, _ = recorded(lab)
    tickets = [submit(lab, schedule, stream, RunFlags.Timing) for _ in range(10)]
    stamps = [lab.api.get_run_property(stream, t, Property.TimeStamp) for t in tickets]
    assert stamps == sorted(stamps)


def test_the_times_of_4096_runs_are_kept(lab: Lab) -> None:
    stream, schedule = lab.stream(), lab.schedule()
    tickets = [lab.api.run_schedule(schedule, stream, RunFlags.Timing) for _ in range(4097)]
    lab.api.wait_run(stream, tickets[-1], LONG_NS)
    for ticket in (tickets[1], tickets[-1]):
        assert is_time(lab.api.get_run_property(stream, ticket, Property.ElapsedTime))
    with refused(Status.ProfilingInfoNotAvailable):
        lab.api.get_run_property(stream, tickets[0], Property.ElapsedTime)
