"""Runs that fail: finished, told with the first cause, and the stream goes on."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from conformance.c_api import CApi
from conformance.harness import LONG_NS, Lab, refused
from nexus.bindings.enums import Property, RunFlags, Status
from nexus.bindings.nxs import Backend

# What the kernel says; or, where it cannot, what is said of one that got no group memory.
CAUSE = "the teapot is empty|works in group memory and got none"
WAIT_FAILED = Status.ExecStatusErrorForEventsInWaitList


@pytest.fixture
def failing(lab: Lab) -> int:
    """Return a schedule whose only command fails; others can be recorded after it."""
    lab.needs("native_kernels")
    schedule = lab.schedule()
    kernel = lab.kernel("fails", "native")
    lab.dispatch(schedule, kernel, [np.int32(0), lab.buffer(4)])
    return schedule


def fail(lab: Lab, schedule: int, stream: int) -> int:
    """Run the schedule to its failure; returns the ticket."""
    ticket = lab.api.run_schedule(schedule, stream)
    with refused(Status.ExecutionFailed, match=CAUSE):
        lab.api.wait_run(stream, ticket, LONG_NS)
    return ticket


def test_waiting_for_a_failed_run_tells_the_cause_each_time(lab: Lab, failing: int) -> None:
    stream = lab.stream()
    ticket = fail(lab, failing, stream)
    with refused(Status.ExecutionFailed, match=CAUSE):
        lab.api.wait_run(stream, ticket, 0)
    assert lab.api.get_run_property(stream, ticket, Property.Status) == "failed"
    assert lab.get("schedule", failing, Property.Status) == "failed"


def test_a_blocking_run_fails_as_the_kernel_failed(lab: Lab, failing: int) -> None:
    for flags in (RunFlags.Blocking, RunFlags.Blocking | RunFlags.Timing):
        with refused(Status.ExecutionFailed, match=CAUSE):
            lab.api.run_schedule(failing, lab.stream(), flags)


def test_a_blocking_call_of_the_c_function_answers_the_failure(
    lab: Lab, runtime: int, failing: int
) -> None:
    c_api, stream = CApi(runtime), lab.stream()
    flags = RunFlags.Blocking
    assert c_api.call("nxsRunSchedule", failing, stream, flags) == Status.ExecutionFailed
    assert re.search(CAUSE, c_api.last_error())


def test_a_kernel_may_fail_with_anything(lab: Lab) -> None:
    lab.needs("native_kernels")
    schedule = lab.schedule()
    kernel = lab.kernel("fails_strangely", "native")
    lab.dispatch(schedule, kernel, [lab.buffer(4)], grid=100, group=4)
    with refused(Status.ExecutionFailed):
        lab.run(schedule)


def test_the_commands_after_a_failure_are_skipped(lab: Lab, failing: int) -> None:
    buffer = lab.buffer(4)
    lab.fill(failing, buffer, 1)
    fail(lab, failing, lab.stream())
    assert set(lab.read(buffer)) == {0}


def test_the_stream_goes_on_after_a_failed_run(lab: Lab, failing: int) -> None:
    stream, buffer = lab.stream(), lab.buffer(4)
    tickets = []
    for n in range(1, 4):
        lab.api.run_schedule(failing, stream)
        tickets.append(lab.api.fill_buffer(buffer, 0, 4, bytes([n]), stream=stream))
    for ticket in tickets:
        lab.api.wait_run(stream, ticket, LONG_NS)
    assert set(lab.read(buffer)) == {3}


def test_a_schedule_that_failed_runs_again(lab: Lab, api: Backend) -> None:
    lab.needs("native_kernels", "failing_kernels")
    schedule, stream, counter = lab.schedule(), lab.stream(), lab.buffer(np.zeros(1, np.int32))
    kernel = lab.kernel("fails", "native")
    command = lab.dispatch(schedule, kernel, [np.int32(0), counter], grid=10, group=10)
    fail(lab, schedule, stream)
    lab.set(command, 0, np.int32(-1))
    lab.run(schedule, stream)
    assert lab.get("schedule", schedule, Property.Status) == "complete"
    assert lab.read(counter, np.int32).tolist() == [10]


def test_a_failed_run_counts_as_finished(lab: Lab, failing: int) -> None:
    stream, buffer = lab.stream(), lab.buffer(4)
    lab.fill(failing, buffer, 1)
    lab.api.run_schedule(failing, stream)
    lab.api.synchronize_stream(stream, LONG_NS)
    lab.api.wait_buffer(buffer, LONG_NS)
    assert set(lab.read(buffer)) == {0}


@pytest.mark.parametrize("at", [0, 1, 777, 19_999])
def test_a_failure_in_any_group_fails_the_run(lab: Lab, at: int) -> None:
    lab.needs("native_kernels", "failing_kernels")
    stream, schedule = lab.stream(), lab.schedule()
    kernel = lab.kernel("fails", "native")
    lab.dispatch(schedule, kernel, [np.int32(at), lab.buffer(4)], grid=20_000, group=7)
    for _ in range(5):
        fail(lab, schedule, stream)


def test_times_push_no_failure_out(lab: Lab, failing: int) -> None:
    stream, empty = lab.stream(), lab.schedule()
    ticket = fail(lab, failing, stream)
    for _ in range(4097):
        lab.api.run_schedule(empty, stream, RunFlags.Timing)
    lab.api.synchronize_stream(stream, LONG_NS)
    with refused(Status.ExecutionFailed, match=CAUSE):
        lab.api.wait_run(stream, ticket, LONG_NS)


def test_4096_failures_are_remembered_and_older_ones_are_not_called_success(
    lab: Lab, failing: int
) -> None:
    stream = lab.stream()
    tickets = [lab.api.run_schedule(failing, stream) for _ in range(4097)]
    lab.api.synchronize_stream(stream, LONG_NS)
    for ticket in (tickets[1], tickets[-1]):
        with refused(Status.ExecutionFailed, match=CAUSE):
            lab.api.wait_run(stream, ticket, 0)
    with refused(Status.ProfilingInfoNotAvailable):
        lab.api.wait_run(stream, tickets[0], 0)


# ---- events ------------------------------------------------------------------------------------


def test_a_signal_that_was_skipped_fails_its_event(lab: Lab, failing: int) -> None:
    event, stream = lab.event(), lab.stream()
    lab.signal(failing, event, 5)
    lab.api.signal_event(event, 2)
    fail(lab, failing, stream)
    with refused(WAIT_FAILED, match=CAUSE):
        lab.api.wait_event(event, 5, LONG_NS)
    with refused(WAIT_FAILED, match=CAUSE):
        lab.api.wait_event(event, 3, 0)
    lab.api.wait_event(event, 2, 0)  # reached before
    assert lab.get("event", event, Property.Status) == "error"
    assert lab.get("event", event, Property.Value) == 2


def test_a_signal_before_the_failure_stands(lab: Lab) -> None:
    lab.needs("native_kernels")
    event, schedule = lab.event(), lab.schedule()
    lab.signal(schedule, event, 1)
    lab.dispatch(schedule, lab.kernel("fails", "native"), [np.int32(0), lab.buffer(4)])
    fail(lab, schedule, lab.stream())
    lab.api.wait_event(event, 1, 0)
    assert lab.get("event", event, Property.Status) == "complete"


def test_a_run_that_waits_for_a_failed_event_fails_with_the_first_cause(
    lab: Lab, failing: int
) -> None:
    events = [lab.event() for _ in range(4)]
    lab.signal(failing, events[0])
    waiting = []
    for before, after in itertools.pairwise(events):
        schedule, stream, buffer = lab.schedule(), lab.stream(), lab.buffer(4)
        lab.wait(schedule, before)
        lab.fill(schedule, buffer, 1)
        lab.signal(schedule, after)
        waiting.append((stream, lab.api.run_schedule(schedule, stream), buffer))
    fail(lab, failing, lab.stream())
    for stream, ticket, buffer in waiting:
        with refused(WAIT_FAILED, match=CAUSE):
            lab.api.wait_run(stream, ticket, LONG_NS)
        assert set(lab.read(buffer)) == {0}
    with refused(WAIT_FAILED, match=CAUSE):
        lab.api.wait_event(events[-1], 1, LONG_NS)


def test_a_run_submitted_after_the_failure_fails_at_once(lab: Lab, failing: int) -> None:
    event, stream, schedule = lab.event(), lab.stream(), lab.schedule()
    lab.signal(failing, event)
    fail(lab, failing, stream)
    lab.wait(schedule, event)
    with refused(WAIT_FAILED, match=CAUSE):
        lab.api.run_schedule(schedule, stream, RunFlags.Blocking)


def test_the_first_cause_is_kept(lab: Lab, failing: int) -> None:
    event, stream, second = lab.event(), lab.stream(), lab.schedule()
    lab.signal(failing, event, 1)
    fail(lab, failing, stream)
    kernel = lab.kernel("fails_strangely", "native")
    lab.dispatch(second, kernel, [lab.buffer(4)])
    lab.signal(second, event, 2)
    lab.api.run_schedule(second, stream)
    lab.api.synchronize_stream(stream, LONG_NS)
    with refused(WAIT_FAILED, match=CAUSE):
        lab.api.wait_event(event, 2, LONG_NS)


def test_a_signal_after_the_failure_still_raises_the_value(lab: Lab, failing: int) -> None:
    event = lab.event()
    lab.signal(failing, event, 5)
    fail(lab, failing, lab.stream())
    lab.api.signal_event(event, 6)
    lab.api.wait_event(event, 6, 0)
    with refused(WAIT_FAILED):
        lab.api.wait_event(event, 7, 0)


def test_a_reset_clears_the_failure(lab: Lab, failing: int) -> None:
    event, stream = lab.event(), lab.stream()
    lab.signal(failing, event)
    fail(lab, failing, stream)
    lab.api.synchronize_stream(stream, LONG_NS)
    lab.api.reset_event(event)
    assert lab.get("event", event, Property.Status) == "complete"
    with refused(Status.Timeout):
        lab.api.wait_event(event, 1, 0)
    schedule = lab.schedule()
    lab.signal(schedule, event)
    lab.run(schedule, stream)
    lab.api.wait_event(event, 1, 0)
