"""Schedules: recorded once, run many times, changed between runs; runs of one never overlap."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.harness import LONG_NS, SHORT_NS, Lab, refused
from nexus.bindings.enums import Property, RunFlags, Status
from nexus.bindings.nxs import Backend


def test_a_new_schedule_is_empty_and_tells_what_it_is(lab: Lab) -> None:
    schedule = lab.schedule()
    assert lab.get("schedule", schedule, Property.ID) == schedule
    assert lab.get("schedule", schedule, Property.Device) == lab.device
    assert lab.get("schedule", schedule, Property.Count) == 0
    assert lab.get("schedule", schedule, Property.Status) == "ready"


def test_an_empty_schedule_runs_in_the_order_of_its_stream(lab: Lab) -> None:
    stream = lab.stream()
    gate = lab.hold(stream)
    ticket = lab.api.run_schedule(lab.schedule(), stream)
    with refused(Status.Timeout):
        lab.api.wait_run(stream, ticket, SHORT_NS)
    lab.api.signal_event(gate)
    lab.api.wait_run(stream, ticket, LONG_NS)


def test_commands_run_in_the_order_recorded(lab: Lab) -> None:
    schedule, buffer, parts = lab.schedule(), lab.buffer(8), lab.buffer(80)
    for n in range(10):
        lab.fill(schedule, buffer, n)
        lab.own("command", lab.api.create_copy_command(schedule, buffer, 0, parts, 8 * n, 8))
    assert lab.get("schedule", schedule, Property.Count) == 20
    lab.run(schedule)
    np.testing.assert_array_equal(lab.read(parts), np.repeat(np.arange(10), 8))


@pytest.mark.parametrize("flags", [0, RunFlags.Blocking, RunFlags.Timing, RunFlags(7)])
def test_a_schedule_runs_as_often_as_it_is_submitted(lab: Lab, flags: int) -> None:
    lab.needs("kernels_compute")
    schedule, stream, counter = lab.schedule(), lab.stream(), lab.buffer(np.zeros(1, np.int32))
    lab.dispatch(schedule, "count", [counter], grid=10, group=3)
    for _ in range(50):
        ticket = lab.api.run_schedule(schedule, stream, flags)
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert lab.read(counter, np.int32).tolist() == [500]


def test_a_schedule_tells_where_it_stands(lab: Lab, api: Backend) -> None:
    schedule, stream, kernel = lab.schedule(), lab.stream(), lab.kernel("count")
    command = lab.own("command", api.create_command(schedule, kernel))
    statuses = [lab.get("schedule", schedule, Property.Status)]
    lab.set(command, 0, lab.buffer(4))
    api.finalize_command(command, 1, 1)
    statuses.append(lab.get("schedule", schedule, Property.Status))
    gate = lab.hold(stream)
    ticket = api.run_schedule(schedule, stream)
    statuses.append(lab.get("schedule", schedule, Property.Status))
    api.signal_event(gate)
    api.wait_run(stream, ticket, LONG_NS)
    statuses.append(lab.get("schedule", schedule, Property.Status))
    assert statuses == ["recording", "ready", "running", "complete"]


# ---- changes between runs ----------------------------------------------------------------------


def test_what_is_recorded_after_a_run_is_seen_by_the_next(lab: Lab) -> None:
    schedule, first, second = lab.schedule(), lab.buffer(4), lab.buffer(4)
    lab.fill(schedule, first, 1)
    lab.run(schedule)
    lab.fill(schedule, second, 2)
    assert set(lab.read(second)) == {0}
    lab.run(schedule)
    assert set(lab.read(second)) == {2}
    assert lab.get("schedule", schedule, Property.Count) == 2


def test_arguments_values_and_sizes_that_are_set_again_are_seen_by_the_next_run(
    lab: Lab, api: Backend
) -> None:
    lab.needs("kernels_compute")
    schedule, y = lab.schedule(), [lab.buffer(np.zeros(4, np.float32)) for _ in range(2)]
    x = [lab.buffer(np.full(4, value, np.float32)) for value in (1, 10)]
    command = lab.dispatch(schedule, "scale", [np.float32(2), x[0], y[0]], grid=2)
    lab.run(schedule)
    lab.set(command, 0, np.float32(3))
    lab.run(schedule)
    assert lab.read(y[0], np.float32).tolist() == [3, 3, 0, 0]
    lab.set(command, 1, x[1])
    lab.set(command, 2, y[1])
    lab.run(schedule)
    api.finalize_command(command, 1, 3)
    lab.run(schedule)
    assert lab.read(y[0], np.float32).tolist() == [3, 3, 0, 0]
    assert lab.read(y[1], np.float32).tolist() == [30, 30, 30, 0]


def test_commands_of_one_kernel_keep_their_own_arguments(lab: Lab) -> None:
    lab.needs("kernels_compute")
    numbers = [lab.buffer(np.zeros(4, np.int64)) for _ in range(2)]
    schedules, commands, expected = [lab.schedule(), lab.schedule()], [], [0, 0]
    for schedule, buffer in zip(schedules, numbers, strict=True):
        commands.append(lab.dispatch(schedule, "twice_and_add", [buffer, np.int64(1)], grid=4))
    for turn, value in [(0, 1), (0, 1), (1, 1), (0, 5), (1, 1), (1, 7), (1, 7), (0, 5)]:
        if value > 1:
            lab.set(commands[turn], 1, np.int64(value))
        lab.run(schedules[turn])
        expected[turn] = 2 * expected[turn] + value
    assert [set(lab.read(buffer, np.int64)) for buffer in numbers] == [{n} for n in expected]


def test_a_run_uses_what_was_set_when_it_was_submitted(lab: Lab, api: Backend) -> None:
    schedule, stream = lab.schedule(), lab.stream()
    src = [lab.buffer(bytes([n] * 4)) for n in range(5)]
    dst = [lab.buffer(b"\xee" * 4) for _ in range(5)]
    command = lab.own("command", api.create_copy_command(schedule, src[0], 0, dst[0], 0, 4))
    gate = lab.hold(stream)
    for n in range(5):
        api.set_command_argument(command, 0, src[n])
        api.set_command_argument(command, 1, dst[n])
        ticket = api.run_schedule(schedule, stream)
    api.signal_event(gate)
    api.wait_run(stream, ticket, LONG_NS)
    assert [set(lab.read(buffer)) for buffer in dst] == [{n} for n in range(5)]


def test_values_and_sizes_in_flight_are_not_changed(lab: Lab, api: Backend) -> None:
    lab.needs("kernels_compute")
    schedule, stream = lab.schedule(), lab.stream()
    numbers = lab.buffer(np.zeros(10, np.int64))
    command = lab.dispatch(schedule, "twice_and_add", [numbers, np.int64(1)], grid=10)
    gate = lab.hold(stream)
    expected = np.zeros(10, np.int64)
    for n in range(1, 11):
        lab.set(command, 1, np.int64(n))
        api.finalize_command(command, 2, n)
        ticket = api.run_schedule(schedule, stream)
        expected[:n] = 2 * expected[:n] + n
    api.signal_event(gate)
    api.wait_run(stream, ticket, LONG_NS)
    np.testing.assert_array_equal(lab.read(numbers, np.int64), expected)


def test_what_is_recorded_while_a_run_is_in_flight_is_not_in_it(lab: Lab) -> None:
    schedule, stream = lab.schedule(), lab.stream()
    first, second = lab.buffer(4), lab.buffer(4)
    lab.fill(schedule, first, 1)
    gate = lab.hold(stream)
    ticket = lab.api.run_schedule(schedule, stream)
    lab.fill(schedule, second, 2)
    lab.api.signal_event(gate)
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert set(lab.read(first)) == {1}
    assert set(lab.read(second)) == {0}


def test_a_buffer_replaced_in_flight_is_kept_until_its_run_is_done(lab: Lab, api: Backend) -> None:
    schedule, stream, out = lab.schedule(), lab.stream(), lab.buffer(4)
    first = lab.buffer(b"keep")
    command = lab.own("command", api.create_copy_command(schedule, first, 0, out, 0, 4))
    gate = lab.hold(stream)
    ticket = api.run_schedule(schedule, stream)
    api.set_command_argument(command, 0, lab.buffer(b"next"))
    api.release_buffer(first)
    lab.buffer(b"take")  # takes the memory, if it were free
    api.signal_event(gate)
    api.wait_run(stream, ticket, LONG_NS)
    assert bytes(lab.read(out)) == b"keep"


# ---- runs of one schedule ----------------------------------------------------------------------


def test_a_second_run_begins_when_the_first_is_done_whatever_the_stream(lab: Lab) -> None:
    schedule, started, gate = lab.schedule(), lab.event(), lab.event()
    signal, wait = lab.signal(schedule, started, 1), lab.wait(schedule, gate, 1)
    runs = []
    for n in (1, 2, 3):
        lab.set(signal, 0, np.uint64(n))
        lab.set(wait, 0, np.uint64(n))
        stream = lab.stream()
        runs.append((stream, lab.api.run_schedule(schedule, stream)))
    for n, (stream, ticket) in enumerate(runs, 1):
        lab.api.wait_event(started, n, LONG_NS)
        with refused(Status.Timeout):
            lab.api.wait_event(started, n + 1, SHORT_NS)
        lab.api.signal_event(gate, n)
        lab.api.wait_run(stream, ticket, LONG_NS)


def test_runs_of_one_schedule_never_overlap(lab: Lab) -> None:
    lab.needs("kernels_compute")
    schedule, state = lab.schedule(), lab.buffer(np.zeros(3, np.int32))
    lab.dispatch(schedule, "alone", [state, np.int32(20_000)])
    streams = [lab.stream() for _ in range(4)]
    for n in range(100):
        lab.api.run_schedule(schedule, streams[n % 4])
    for stream in streams:
        lab.api.synchronize_stream(stream, LONG_NS)
    assert lab.read(state, np.int32).tolist() == [0, 0, 100 * 20_000]


def test_a_released_schedule_finishes_its_runs(lab: Lab) -> None:
    schedule, stream, buffer = lab.schedule(), lab.stream(), lab.buffer(4)
    lab.fill(schedule, buffer, 3)
    gate = lab.hold(stream)
    ticket = lab.api.run_schedule(schedule, stream)
    lab.api.release_schedule(schedule)
    with refused(Status.InvalidSchedule):
        lab.api.run_schedule(schedule, stream)
    lab.api.signal_event(gate)
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert set(lab.read(buffer)) == {3}


def test_commands_go_on_when_their_schedule_was_released(lab: Lab, api: Backend) -> None:
    schedule, buffer = lab.schedule(), lab.buffer(4)
    command = lab.fill(schedule, buffer, 3)
    api.release_schedule(schedule)
    assert lab.get("command", command, Property.Type) == "fill"
    api.set_command_argument(command, 0, lab.buffer(4))


@pytest.mark.parametrize("flags", [1, 2, 0x80000000])
def test_schedule_flags_that_do_not_exist_are_refused(lab: Lab, flags: int) -> None:
    with refused(Status.InvalidValue):
        lab.api.create_schedule(lab.device, flags)
