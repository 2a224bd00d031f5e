"""Streams: runs in order, beside other streams and the host; tickets; waits that have an end."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from conformance.c_api import CApi
from conformance.harness import LONG_NS, SHORT_NS, Lab, refused
from nexus.bindings.enums import Property, RunFlags, Status
from nexus.bindings.nxs import Backend


def fill(lab: Lab, buffer: int, byte: int, stream: int = 0) -> int:
    """Submit a fill of a whole buffer."""
    nbytes = lab.get("buffer", buffer, Property.Size)
    return lab.api.fill_buffer(buffer, 0, nbytes, bytes([byte]), stream=stream)


def test_tickets_rise_in_the_order_of_submission(lab: Lab) -> None:
    stream, buffer = lab.stream(), lab.buffer(8)
    tickets = [fill(lab, buffer, n, stream) for n in range(10)]
    assert tickets[0] > 0
    assert tickets == sorted(set(tickets))
    assert lab.get("stream", stream, Property.Ticket) == tickets[-1]
    for ticket in reversed(tickets):
        lab.api.wait_run(stream, ticket, LONG_NS)


def test_streams_count_their_tickets_apart(lab: Lab) -> None:
    first, second, buffer = lab.stream(), lab.stream(), lab.buffer(8)
    many = [fill(lab, buffer, n, first) for n in range(5)]
    with refused(Status.InvalidValue):
        lab.api.wait_run(second, many[-1], LONG_NS)


@pytest.mark.parametrize("ticket", [0, -1, 2, 2**62, -(2**63)])
def test_a_ticket_that_the_stream_never_gave_is_refused(lab: Lab, ticket: int) -> None:
    stream = lab.stream()
    fill(lab, lab.buffer(8), 1, stream)
    with refused(Status.InvalidValue):
        lab.api.wait_run(stream, ticket, LONG_NS)
    with refused(Status.InvalidValue):
        lab.api.get_run_property(stream, ticket, Property.Status)


def test_runs_of_a_stream_are_made_in_order(lab: Lab) -> None:
    lab.needs("kernels_compute")
    stream, numbers = lab.stream(), lab.buffer(np.zeros(100, np.int64))
    expected = 0
    for by in (1, 5, 7, 0, 3, 2, 9, 4, 8, 6) * 3:
        schedule = lab.schedule()
        lab.dispatch(schedule, "twice_and_add", [numbers, np.int64(by)], grid=100, group=9)
        ticket = lab.api.run_schedule(schedule, stream)
        expected = 2 * expected + by
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert lab.read(numbers, np.int64).tolist() == [expected] * 100


def test_a_stream_that_is_held_up_holds_up_no_other(lab: Lab) -> None:
    held, free = lab.stream(), lab.stream()
    slow, fast = lab.buffer(8), lab.buffer(8)
    gate = lab.hold(held)
    late = fill(lab, slow, 1, held)
    for stream in (free, lab.api.get_default_stream(lab.device)):
        lab.api.wait_run(stream, fill(lab, fast, 2, stream), LONG_NS)
    assert lab.get("stream", held, Property.Status) == "running"
    with refused(Status.Timeout):
        lab.api.wait_run(held, late, 0)
    lab.api.signal_event(gate)
    lab.api.wait_run(held, late, LONG_NS)


def test_many_streams_held_up_at_once_all_go_on(lab: Lab) -> None:
    event, buffer = lab.event(), lab.buffer(64)
    streams = [lab.stream() for _ in range(64)]
    for n, stream in enumerate(streams):
        schedule = lab.schedule()
        lab.wait(schedule, event, 1 + n % 3)
        lab.own("command", lab.api.create_fill_command(schedule, buffer, n, 1, bytes([n + 1])))
        lab.api.run_schedule(schedule, stream)
    lab.api.signal_event(event, 3)
    for stream in streams:
        lab.api.synchronize_stream(stream, LONG_NS)
    assert lab.read(buffer).tolist() == list(range(1, 65))


def test_synchronizing_waits_for_all_that_was_submitted(lab: Lab) -> None:
    stream, buffer = lab.stream(), lab.buffer(8)
    lab.api.synchronize_stream(stream, 0)  # nothing was
    gate = lab.hold(stream)
    ticket = fill(lab, buffer, 1, stream)
    for timeout_ns in (0, SHORT_NS):
        with refused(Status.Timeout):
            lab.api.synchronize_stream(stream, timeout_ns)
    lab.api.signal_event(gate)
    lab.api.synchronize_stream(stream, LONG_NS)
    lab.api.wait_run(stream, ticket, 0)
    assert lab.get("stream", stream, Property.Status) == "complete"


def test_a_run_that_is_waited_for_in_vain_goes_on(lab: Lab) -> None:
    stream, buffer = lab.stream(), lab.buffer(8)
    gate = lab.hold(stream)
    ticket = fill(lab, buffer, 7, stream)
    for _ in range(3):
        with refused(Status.Timeout):
            lab.api.wait_run(stream, ticket, SHORT_NS // 4)
    assert lab.api.get_run_property(stream, ticket, Property.Status) == "running"
    lab.api.signal_event(gate)
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert lab.api.get_run_property(stream, ticket, Property.Status) == "complete"
    assert set(lab.read(buffer)) == {7}


def test_a_blocking_call_returns_a_finished_ticket(lab: Lab) -> None:
    stream, buffer = lab.stream(), lab.buffer(8)
    ticket = lab.api.fill_buffer(buffer, 0, 8, b"x", stream=stream, flags=RunFlags.Blocking)
    lab.api.wait_run(stream, ticket, 0)


def test_a_blocking_run_sees_what_was_submitted_before(lab: Lab) -> None:
    stream, first, second = lab.stream(), lab.buffer(8), lab.buffer(8)
    for n in range(20):
        fill(lab, first, n, stream)
    lab.api.copy_buffer_region(first, 0, second, 0, 8, stream, RunFlags.Blocking)
    assert set(lab.read(second)) == {19}


def test_a_blocking_call_of_the_c_function_returns_when_the_run_is_finished(
    lab: Lab, runtime: int
) -> None:
    c_api, stream, schedule, event = CApi(runtime), lab.stream(), lab.schedule(), lab.event()
    lab.wait(schedule, event)
    timer = threading.Timer(0.1, lab.api.signal_event, [event])
    timer.start()
    ticket = c_api.call("nxsRunSchedule", schedule, stream, RunFlags.Blocking)
    assert c_api.call("nxsWaitRun", stream, ticket, 0) == Status.Success
    timer.join()


def test_a_bounded_blocking_call_returns_though_the_run_goes_on(lab: Lab, runtime: int) -> None:
    c_api, stream, schedule, event = CApi(runtime), lab.stream(), lab.schedule(), lab.event()
    lab.wait(schedule, event)
    flags = RunFlags.Blocking | RunFlags.Bounded
    ticket = c_api.call("nxsRunSchedule", schedule, stream, flags)
    assert ticket > 0
    assert c_api.call("nxsWaitRun", stream, ticket, 0) == Status.Timeout
    lab.api.signal_event(event)
    assert c_api.call("nxsWaitRun", stream, ticket, LONG_NS) == Status.Success


# ---- default streams ---------------------------------------------------------------------------


def test_stream_0_is_the_default_stream_of_the_device(lab: Lab) -> None:
    default = lab.api.get_default_stream(lab.device)
    assert default == lab.api.get_default_stream(lab.device)
    ticket = fill(lab, lab.buffer(8), 1)
    assert lab.get("stream", default, Property.Ticket) == ticket
    lab.api.wait_run(default, ticket, LONG_NS)
    schedule = lab.schedule()
    ticket = lab.api.run_schedule(schedule, 0)
    assert lab.get("stream", default, Property.Ticket) == ticket
    assert lab.get("schedule", schedule, Property.DefaultStream) == default
    lab.api.wait_run(default, ticket, LONG_NS)


def test_a_default_stream_cannot_be_released(lab: Lab) -> None:
    default = lab.api.get_default_stream(lab.device)
    with refused(Status.InvalidOperation):
        lab.api.release_stream(default)
    lab.api.wait_run(default, fill(lab, lab.buffer(8), 1), LONG_NS)


def test_a_wait_names_its_stream(lab: Lab) -> None:
    ticket = fill(lab, lab.buffer(8), 1)
    with refused(Status.InvalidStream):
        lab.api.wait_run(0, ticket, LONG_NS)
    with refused(Status.InvalidStream):
        lab.api.synchronize_stream(0, LONG_NS)
    with refused(Status.InvalidStream):
        lab.api.get_run_property(0, ticket, Property.Status)


# ---- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [8, 0x80000000, 0xFFFFFFFF, 8 | RunFlags.Blocking])
def test_run_flags_that_do_not_exist_are_refused(lab: Lab, api: Backend, flags: int) -> None:
    buffer, other = lab.buffer(8), lab.buffer(8)
    newest = lab.get("stream", api.get_default_stream(lab.device), Property.Ticket)
    with refused(Status.InvalidValue):
        api.fill_buffer(buffer, 0, 8, b"x", flags=flags)
    with refused(Status.InvalidValue):
        api.copy_buffer_region(buffer, 0, other, 0, 8, flags=flags)
    with refused(Status.InvalidValue):
        api.run_schedule(lab.schedule(), 0, flags)
    assert lab.get("stream", api.get_default_stream(lab.device), Property.Ticket) == newest


def test_a_released_stream_finishes_its_work(lab: Lab) -> None:
    stream, event, schedule, buffer = lab.stream(), lab.event(), lab.schedule(), lab.buffer(8)
    gate = lab.hold(stream)
    lab.fill(schedule, buffer, 5)
    lab.signal(schedule, event)
    lab.api.run_schedule(schedule, stream)
    lab.api.release_stream(stream)
    with refused(Status.InvalidStream):
        lab.api.synchronize_stream(stream)
    lab.api.signal_event(gate)
    lab.api.wait_event(event, 1, LONG_NS)
    assert set(lab.read(buffer)) == {5}


def test_a_copy_to_the_host_sees_the_runs_of_a_released_stream(lab: Lab) -> None:
    stream, buffer = lab.stream(), lab.buffer(8)
    gate = lab.hold(stream)
    fill(lab, buffer, 5, stream)
    lab.api.release_stream(stream)
    with refused(Status.Timeout):
        lab.api.copy_buffer(buffer, bytearray(8), timeout_ns=SHORT_NS)
    lab.api.signal_event(gate)
    assert set(lab.read(buffer)) == {5}
