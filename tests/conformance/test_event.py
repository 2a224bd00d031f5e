"""Events: 64-bit timelines between streams and the host; a wait before its signal really waits."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from conformance.harness import LONG_NS, SHORT_NS, Lab, refused
from nexus.bindings.enums import EventType, Property, Status
from nexus.bindings.errors import NexusError
from nexus.bindings.nxs import Backend


def value_of(lab: Lab, event: int) -> int:
    """Return the present value of an event."""
    return int(lab.get("event", event, Property.Value))


@pytest.mark.parametrize("type", EventType)
def test_an_event_starts_at_0_and_tells_what_it_is(lab: Lab, type: EventType) -> None:
    event = lab.event(type)
    assert value_of(lab, event) == 0
    assert lab.get("event", event, Property.EventType) == type.name
    assert lab.get("event", event, Property.ID) == event
    assert lab.get("event", event, Property.Device) == lab.device
    assert lab.get("event", event, Property.Status) == "complete"
    lab.api.wait_event(event, 0, 0)


@pytest.mark.parametrize("type", [-1, len(EventType), 2**31 - 1])
def test_an_event_type_that_does_not_exist_is_refused(lab: Lab, type: int) -> None:
    with refused(Status.InvalidValue):
        lab.api.create_event(lab.device, type)


@pytest.mark.parametrize("type", EventType)
def test_a_signal_raises_the_value_and_never_lowers_it(lab: Lab, type: EventType) -> None:
    event = lab.event(type)
    seen = []
    for value in (3, 2, 3, 0, 2**40, 5, 2**62):
        lab.api.signal_event(event, value)
        seen.append(value_of(lab, event))
    assert seen == [3, 3, 3, 3, 2**40, 2**40, 2**62]


@pytest.mark.parametrize("value", [2**31, 2**32, 2**32 + 3, 2**63, 2**64 - 1])
def test_a_small_value_is_not_a_large_one(lab: Lab, value: int) -> None:
    event, schedule, stream = lab.event(), lab.schedule(), lab.stream()
    lab.api.signal_event(event, 5)
    with refused(Status.Timeout):
        lab.api.wait_event(event, value, 0)
    lab.wait(schedule, event, value)
    ticket = lab.api.run_schedule(schedule, stream)
    with refused(Status.Timeout):
        lab.api.wait_run(stream, ticket, SHORT_NS)
    lab.api.signal_event(event, value)
    lab.api.wait_run(stream, ticket, LONG_NS)


def test_values_of_64_bits_are_compared_as_such(lab: Lab) -> None:
    event = lab.event()
    lab.api.signal_event(event, 2**32)
    with refused(Status.Timeout):
        lab.api.wait_event(event, 2**32 + 1, 0)
    lab.api.signal_event(event, 2**63 + 1)
    lab.api.wait_event(event, 2**63 + 1, 0)
    with refused(Status.Timeout):
        lab.api.wait_event(event, 2**64 - 1, 0)


def test_a_wait_for_what_was_reached_returns_at_once(lab: Lab) -> None:
    event = lab.event()
    lab.api.signal_event(event, 5)
    for value in (0, 1, 5):
        lab.api.wait_event(event, value, 0)


@pytest.mark.parametrize("timeout_ns", [0, 1, SHORT_NS])
def test_a_wait_without_a_signal_times_out(lab: Lab, timeout_ns: int) -> None:
    event = lab.event()
    lab.api.signal_event(event, 4)
    with refused(Status.Timeout):
        lab.api.wait_event(event, 5, timeout_ns)
    assert value_of(lab, event) == 4


@pytest.mark.parametrize("timeout_ns", [2**62, 2**63, 2**64 - 2, 2**64 - 1])
def test_a_timeout_may_be_longer_than_any_clock(lab: Lab, timeout_ns: int) -> None:
    event, schedule, stream = lab.event(), lab.schedule(), lab.stream()
    lab.wait(schedule, event)
    ticket = lab.api.run_schedule(schedule, stream)
    timer = threading.Timer(0.02, lab.api.signal_event, [event])
    timer.start()
    lab.api.wait_event(event, 1, timeout_ns)
    lab.api.wait_run(stream, ticket, timeout_ns)
    lab.api.synchronize_stream(stream, timeout_ns)
    timer.join()


@pytest.mark.parametrize("n_waiting", [1, 8])
def test_the_host_wakes_when_its_value_is_reached(lab: Lab, n_waiting: int) -> None:
    event, reached = lab.event(), []

    def wait(value: int) -> None:
        lab.api.wait_event(event, value, LONG_NS)
        reached.append(value)

    threads = [threading.Thread(target=wait, args=[n]) for n in range(1, n_waiting + 1)]
    for thread in threads:
        thread.start()
    lab.api.signal_event(event, n_waiting)
    for thread in threads:
        thread.join()
    assert sorted(reached) == list(range(1, n_waiting + 1))


# ---- in runs -----------------------------------------------------------------------------------


def test_a_signal_command_signals_when_what_stands_before_is_done(lab: Lab) -> None:
    schedule, stream = lab.schedule(), lab.stream()
    event, buffer = lab.event(), lab.buffer(8)
    gate = lab.hold(stream)
    lab.fill(schedule, buffer, 5)
    lab.signal(schedule, event, 9)
    lab.api.run_schedule(schedule, stream)
    assert lab.get("event", event, Property.Status) == "submitted"
    with refused(Status.Timeout):
        lab.api.wait_event(event, 1, SHORT_NS)
    lab.api.signal_event(gate)
    lab.api.wait_event(event, 9, LONG_NS)
    assert value_of(lab, event) == 9
    assert set(lab.read(buffer)) == {5}
    lab.api.synchronize_stream(stream, LONG_NS)
    assert lab.get("event", event, Property.Status) == "complete"


@pytest.mark.parametrize("type", EventType)
def test_a_wait_submitted_before_its_signal_waits_for_it(lab: Lab, type: EventType) -> None:
    """The two-stream example: what one stream makes, the other copies, submitted first."""
    producer, consumer = lab.stream(), lab.stream()
    made, copied, event = lab.buffer(b"old"), lab.buffer(3), lab.event(type)
    consuming, producing = lab.schedule(), lab.schedule()
    lab.wait(consuming, event)
    lab.own("command", lab.api.create_copy_command(consuming, made, 0, copied, 0, 3))
    lab.own("command", lab.api.create_fill_command(producing, made, 0, 3, b"n"))
    lab.signal(producing, event)

    ticket = lab.api.run_schedule(consuming, consumer)
    with refused(Status.Timeout):
        lab.api.wait_run(consumer, ticket, SHORT_NS)
    lab.api.run_schedule(producing, producer)
    lab.api.wait_run(consumer, ticket, LONG_NS)
    assert bytes(lab.read(copied)) == b"nnn"


def test_an_event_decides_the_order_whatever_was_submitted_first(lab: Lab) -> None:
    lab.needs("kernels_compute")
    numbers, event = lab.buffer(np.zeros(50, np.int64)), lab.event()
    n_turns, expected = 30, 0
    for turn in reversed(range(n_turns)):
        schedule = lab.schedule()
        lab.wait(schedule, event, turn)
        lab.dispatch(schedule, "twice_and_add", [numbers, np.int64(turn)], grid=50, group=7)
        lab.signal(schedule, event, turn + 1)
        lab.api.run_schedule(schedule, lab.stream())
    for turn in range(n_turns):
        expected = 2 * expected + turn
    lab.api.wait_event(event, n_turns, LONG_NS)
    assert lab.read(numbers, np.int64).tolist() == [expected] * 50


def test_streams_in_turn_see_what_the_other_did(lab: Lab) -> None:
    lab.needs("kernels_compute")
    numbers, event = lab.buffer(np.zeros(50, np.int64)), lab.event()
    streams, n_turns, expected = [lab.stream(), lab.stream()], 50, 0
    for turn in range(n_turns):
        schedule = lab.schedule()
        lab.wait(schedule, event, turn)
        lab.dispatch(schedule, "twice_and_add", [numbers, np.int64(turn)], grid=50, group=7)
        lab.signal(schedule, event, turn + 1)
        lab.api.run_schedule(schedule, streams[turn % 2])
        expected = 2 * expected + turn
    lab.api.wait_event(event, n_turns, LONG_NS)
    assert lab.read(numbers, np.int64).tolist() == [expected] * 50


def test_one_signal_frees_every_stream_that_waits_for_it(lab: Lab) -> None:
    event, buffer = lab.event(), lab.buffer(20)
    runs = []
    for n in range(20):
        schedule, stream = lab.schedule(), lab.stream()
        lab.wait(schedule, event, 1)
        lab.own("command", lab.api.create_fill_command(schedule, buffer, n, 1, bytes([n])))
        runs.append((stream, lab.api.run_schedule(schedule, stream)))
    lab.api.signal_event(event)
    for stream, ticket in runs:
        lab.api.wait_run(stream, ticket, LONG_NS)
    assert lab.read(buffer).tolist() == list(range(20))


def test_the_value_of_a_signal_and_of_a_wait_can_be_changed(lab: Lab, api: Backend) -> None:
    event, schedule, waiting, stream = lab.event(), lab.schedule(), lab.schedule(), lab.stream()
    signal, wait = lab.signal(schedule, event, 1), lab.wait(waiting, event, 100)
    for value in (3, 2**40):
        api.set_command_scalar(signal, 0, np.uint64(value))
        api.set_command_scalar(wait, 0, np.uint64(value))
        assert lab.get("command", signal, Property.Value) == value
        ticket = api.run_schedule(waiting, stream)
        lab.run(schedule)
        api.wait_run(stream, ticket, LONG_NS)
        assert value_of(lab, event) == value


def test_a_wait_in_the_middle_splits_a_schedule(lab: Lab) -> None:
    schedule, stream, event = lab.schedule(), lab.stream(), lab.event()
    before, after = lab.buffer(8), lab.buffer(8)
    lab.fill(schedule, before, 1)
    lab.signal(schedule, event, 1)
    lab.wait(schedule, event, 2)
    lab.fill(schedule, after, 2)
    lab.signal(schedule, event, 3)
    ticket = lab.api.run_schedule(schedule, stream)
    lab.api.wait_event(event, 1, LONG_NS)
    with refused(Status.Timeout):
        lab.api.wait_run(stream, ticket, SHORT_NS)
    lab.api.signal_event(event, 2)
    lab.api.wait_event(event, 3, LONG_NS)
    assert set(lab.read(before)) == {1}
    assert set(lab.read(after)) == {2}


def test_a_released_event_is_kept_by_its_commands(lab: Lab) -> None:
    event, schedule, stream, buffer = lab.event(), lab.schedule(), lab.stream(), lab.buffer(8)
    lab.signal(schedule, event)
    lab.wait(schedule, event)
    lab.fill(schedule, buffer, 6)
    lab.api.release_event(event)
    with refused(Status.InvalidEvent):
        lab.api.signal_event(event)
    lab.run(schedule, stream)
    assert set(lab.read(buffer)) == {6}


# ---- reset -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 1, 7, 2**40])
def test_a_reset_sets_the_value(lab: Lab, value: int) -> None:
    event = lab.event()
    lab.api.signal_event(event, 9)
    lab.api.reset_event(event, value)
    assert value_of(lab, event) == value
    lab.api.wait_event(event, value, 0)
    with refused(Status.Timeout):
        lab.api.wait_event(event, value + 1, 0)


def test_an_event_can_be_used_again_after_a_reset(lab: Lab) -> None:
    event, schedule = lab.event(), lab.schedule()
    lab.signal(schedule, event)
    for _ in range(5):
        lab.run(schedule)
        assert value_of(lab, event) == 1
        lab.api.reset_event(event)
        with refused(Status.Timeout):
            lab.api.wait_event(event, 1, 0)


def test_a_reset_is_refused_while_a_submitted_run_waits(lab: Lab) -> None:
    event, schedule, stream = lab.event(), lab.schedule(), lab.stream()
    lab.wait(schedule, event)
    lab.api.reset_event(event)  # recorded only
    lab.api.run_schedule(schedule, stream)
    with refused(Status.InvalidOperation):
        lab.api.reset_event(event)
    lab.api.signal_event(event)
    lab.api.synchronize_stream(stream, LONG_NS)
    lab.api.reset_event(event)


def test_a_reset_is_refused_while_a_submitted_run_will_signal(lab: Lab) -> None:
    event, schedule, stream = lab.event(), lab.schedule(), lab.stream()
    gate = lab.hold(stream)
    lab.signal(schedule, event)
    lab.api.run_schedule(schedule, stream)
    with refused(Status.InvalidOperation):
        lab.api.reset_event(event)
    lab.api.signal_event(gate)
    lab.api.wait_event(event, 1, LONG_NS)
    lab.api.synchronize_stream(stream, LONG_NS)
    lab.api.reset_event(event)
    assert value_of(lab, event) == 0


def test_a_reset_is_refused_while_the_host_waits(lab: Lab) -> None:
    event = lab.event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lab.api.wait_event, event, 2, LONG_NS)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # until the other thread has come to its wait
            try:
                lab.api.reset_event(event, 1)
            except NexusError as error:
                assert error.status == Status.InvalidOperation
                break
        else:
            pytest.fail("a reset was never refused")
        assert not waiting.done()
        lab.api.signal_event(event, 2)
        waiting.result(60)
    lab.api.reset_event(event, 0)
    assert value_of(lab, event) == 0
