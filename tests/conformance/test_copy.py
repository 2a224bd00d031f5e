"""Copies and fills: between buffers and on the device, in parts, in the order of a stream."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from conformance.harness import LONG_NS, SHORT_NS, Lab, refused
from nexus.bindings.enums import BufferFlags, CopyFlags, RunFlags, Status
from nexus.bindings.nxs import Backend

BLOCKING = RunFlags.Blocking
NUMBERS = np.arange(1024, dtype=np.uint16).view(np.uint8)  # 2048 bytes, no two places alike
OUTSIDE = [(0, 0), (0, 2049), (2048, 1), (1024, 1025), (2**63, 1), (1, 2**64 - 1), (2**64 - 1, 2)]


# ---- between buffers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("src_offset", "dst_offset", "nbytes"),
    [
        (0, 0, 2048),
        (0, 0, 1),
        (1, 0, 2047),
        (0, 1, 2047),
        (2047, 0, 1),
        (0, 2047, 1),
        (3, 700, 999),
    ],
)
def test_a_copy_moves_its_range_and_nothing_else(
    lab: Lab, src_offset: int, dst_offset: int, nbytes: int
) -> None:
    src, dst = lab.buffer(NUMBERS), lab.buffer(np.full(2048, 0xEE, np.uint8))
    lab.api.copy_buffer_region(src, src_offset, dst, dst_offset, nbytes, flags=BLOCKING)
    expected = np.full(2048, 0xEE, np.uint8)
    expected[dst_offset : dst_offset + nbytes] = NUMBERS[src_offset : src_offset + nbytes]
    np.testing.assert_array_equal(lab.read(dst), expected)
    np.testing.assert_array_equal(lab.read(src), NUMBERS)


@pytest.mark.parametrize(("offset", "nbytes"), OUTSIDE)
@pytest.mark.parametrize("is_source", [True, False])
def test_a_copy_outside_of_a_buffer_is_refused(
    lab: Lab, offset: int, nbytes: int, is_source: bool
) -> None:
    small, large = lab.buffer(2048), lab.buffer(4096)
    with refused(Status.InvalidBufferSize):
        if is_source:
            lab.api.copy_buffer_region(small, offset, large, 0, nbytes)
        else:
            lab.api.copy_buffer_region(large, 0, small, offset, nbytes)


@pytest.mark.parametrize(("src_offset", "dst_offset"), [(0, 1024), (1024, 0), (0, 1025)])
def test_a_copy_between_ranges_of_one_buffer_that_touch_is_made(
    lab: Lab, src_offset: int, dst_offset: int
) -> None:
    buffer = lab.buffer(NUMBERS)
    nbytes = min(1024, 2048 - dst_offset)
    lab.api.copy_buffer_region(buffer, src_offset, buffer, dst_offset, nbytes, flags=BLOCKING)
    expected = NUMBERS.copy()
    expected[dst_offset : dst_offset + nbytes] = NUMBERS[src_offset : src_offset + nbytes]
    np.testing.assert_array_equal(lab.read(buffer), expected)


@pytest.mark.parametrize(("src_offset", "dst_offset"), [(0, 0), (0, 1023), (1023, 0)])
def test_overlapping_ranges_of_one_buffer_are_refused(
    lab: Lab, src_offset: int, dst_offset: int
) -> None:
    buffer = lab.buffer(NUMBERS)
    with refused(Status.MemCopyOverlap):
        lab.api.copy_buffer_region(buffer, src_offset, buffer, dst_offset, 1024)
    np.testing.assert_array_equal(lab.read(buffer), NUMBERS)


def test_overlaps_are_seen_through_sub_buffers(lab: Lab) -> None:
    root = lab.buffer(NUMBERS)
    left, right = lab.part(root, 0, 1024), lab.part(root, 512, 1024)
    with refused(Status.MemCopyOverlap):
        lab.api.copy_buffer_region(left, 0, right, 0, 1024)
    with refused(Status.MemCopyOverlap):
        lab.api.copy_buffer_region(left, 1000, root, 1000, 1)
    with refused(Status.MemCopyOverlap):
        lab.api.copy_buffer_region(left, 512, right, 0, 1)
    lab.api.copy_buffer_region(left, 0, right, 512, 512, flags=BLOCKING)
    np.testing.assert_array_equal(lab.read(root)[1024:1536], NUMBERS[:512])


def test_overlaps_are_seen_through_memory_that_was_wrapped_twice(lab: Lab) -> None:
    lab.needs("wrap")
    host = NUMBERS.copy()
    left = lab.buffer(host[:1024], BufferFlags.Wrap)
    right = lab.buffer(host[512:1536], BufferFlags.Wrap)
    with refused(Status.MemCopyOverlap):
        lab.api.copy_buffer_region(left, 0, right, 0, 1024)
    lab.api.copy_buffer_region(left, 0, right, 512, 512, flags=BLOCKING)
    np.testing.assert_array_equal(host[1024:1536], NUMBERS[:512])


def test_ranges_of_sub_buffers_that_lie_apart_are_copied(lab: Lab) -> None:
    root = lab.buffer(NUMBERS)
    left, right = lab.part(root, 0, 1024), lab.part(root, 1024, 1024)
    lab.api.copy_buffer_region(left, 100, right, 100, 500, flags=BLOCKING)
    expected = NUMBERS.copy()
    expected[1124:1624] = NUMBERS[100:600]
    np.testing.assert_array_equal(lab.read(root), expected)


# ---- order -------------------------------------------------------------------------------------


def test_copies_of_a_stream_are_made_in_order(lab: Lab) -> None:
    buffers = [lab.buffer(bytes([n] * 64)) for n in range(20)]
    stream = lab.stream()
    for src, dst in itertools.pairwise(buffers):
        lab.api.copy_buffer_region(src, 0, dst, 0, 64, stream)
    lab.api.synchronize_stream(stream, LONG_NS)
    assert [int(lab.read(buffer)[0]) for buffer in buffers] == [0] * 20


def test_a_copy_waits_for_its_stream(lab: Lab) -> None:
    src, dst, stream = lab.buffer(b"new"), lab.buffer(b"old"), lab.stream()
    untouched = lab.buffer(b"old")
    gate = lab.hold(stream)
    ticket = lab.api.copy_buffer_region(src, 0, dst, 0, 3, stream)
    with refused(Status.Timeout):
        lab.api.wait_run(stream, ticket, SHORT_NS)
    lab.api.copy_buffer_region(untouched, 0, lab.buffer(3), 0, 3, flags=BLOCKING)
    lab.api.signal_event(gate)
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert bytes(lab.read(dst)) == b"new"


def open_later(lab: Lab, gate: int) -> threading.Timer:
    """Open a gate from another thread, while this one waits."""
    timer = threading.Timer(0.02, lab.api.signal_event, [gate])
    timer.start()
    return timer


@pytest.mark.parametrize("n_streams", [1, 2, 5])
def test_a_copy_to_the_host_sees_every_run_submitted_before(lab: Lab, n_streams: int) -> None:
    root = lab.buffer(256 * n_streams)
    gates = []
    for n in range(n_streams):
        stream = lab.stream()
        gates.append(lab.hold(stream))
        lab.api.fill_buffer(lab.part(root, 256 * n, 256), 0, 256, bytes([n + 1]), stream=stream)
    timers = [open_later(lab, gate) for gate in gates]
    seen = lab.read(root)
    for timer in timers:
        timer.join()
    np.testing.assert_array_equal(seen, np.repeat(np.arange(1, n_streams + 1), 256))


def test_a_copy_to_the_host_sees_what_a_kernel_writes(lab: Lab) -> None:
    lab.needs("kernels_compute")
    numbers, stream, schedule = (
        lab.buffer(np.arange(8, dtype=np.int64)),
        lab.stream(),
        lab.schedule(),
    )
    lab.dispatch(schedule, "twice_and_add", [numbers, np.int64(1)], grid=8)
    gate = lab.hold(stream)
    lab.api.run_schedule(schedule, stream)
    timer = open_later(lab, gate)
    assert lab.read(numbers, np.int64).tolist() == [2 * n + 1 for n in range(8)]
    timer.join()


def test_a_copy_to_the_host_of_a_part_sees_runs_that_write_to_the_whole(lab: Lab) -> None:
    root, stream = lab.buffer(1024), lab.stream()
    part = lab.part(root, 512, 256)
    gate = lab.hold(stream)
    lab.api.fill_buffer(root, 0, 1024, b"x", stream=stream)
    timer = open_later(lab, gate)
    assert bytes(lab.read(part)) == b"x" * 256
    timer.join()


def test_a_copy_from_the_host_waits_for_runs_that_read(lab: Lab) -> None:
    src, dst, stream = lab.buffer(b"old"), lab.buffer(3), lab.stream()
    gate = lab.hold(stream)
    lab.api.copy_buffer_region(src, 0, dst, 0, 3, stream)
    timer = open_later(lab, gate)
    lab.api.copy_buffer(src, b"new", CopyFlags.HostToDevice, timeout_ns=LONG_NS)
    timer.join()
    assert bytes(lab.read(dst)) == b"old"
    assert bytes(lab.read(src)) == b"new"


@pytest.mark.parametrize("direction", CopyFlags)
def test_a_copy_that_runs_out_of_time_copies_nothing(lab: Lab, direction: CopyFlags) -> None:
    buffer, stream, host = lab.buffer(b"old"), lab.stream(), bytearray(b"...")
    gate = lab.hold(stream)
    lab.api.fill_buffer(buffer, 0, 3, b"n", stream=stream)
    with refused(Status.Timeout):
        lab.api.copy_buffer(buffer, host, direction, timeout_ns=SHORT_NS)
    with refused(Status.Timeout):
        lab.api.copy_buffer(buffer, host, direction, timeout_ns=0)
    assert host == b"..."
    lab.api.signal_event(gate)
    assert bytes(lab.read(buffer)) == b"nnn"


def test_a_copy_to_the_host_does_not_wait_for_other_buffers(lab: Lab) -> None:
    busy, idle, stream = lab.buffer(8), lab.buffer(b"idle"), lab.stream()
    gate = lab.hold(stream)
    lab.api.fill_buffer(busy, 0, 8, b"x", stream=stream)
    assert bytes(lab.read(idle)) == b"idle"  # the gate is shut
    lab.api.signal_event(gate)


def test_waiting_for_a_buffer_waits_for_its_runs_only(lab: Lab) -> None:
    busy, idle, stream = lab.buffer(8), lab.buffer(8), lab.stream()
    gate = lab.hold(stream)
    lab.api.fill_buffer(busy, 0, 8, b"x", stream=stream)
    lab.api.wait_buffer(idle, LONG_NS)
    with refused(Status.Timeout):
        lab.api.wait_buffer(busy, SHORT_NS)
    timer = open_later(lab, gate)
    lab.api.wait_buffer(busy, LONG_NS)
    timer.join()
    assert bytes(lab.read(busy)) == b"x" * 8


# ---- as commands -------------------------------------------------------------------------------


def test_a_copy_command_copies_in_every_run(lab: Lab, api: Backend) -> None:
    src, dst, schedule = lab.buffer(b"abcdefgh"), lab.buffer(b"........"), lab.schedule()
    lab.own("command", api.create_copy_command(schedule, src, 1, dst, 4, 3))
    lab.run(schedule)
    assert bytes(lab.read(dst)) == b"....bcd."
    api.copy_buffer(src, b"ABCDEFGH", CopyFlags.HostToDevice)
    lab.run(schedule)
    assert bytes(lab.read(dst)) == b"....BCD."


def test_the_buffers_of_a_copy_command_can_be_replaced(lab: Lab, api: Backend) -> None:
    src, dst, schedule = lab.buffer(b"abcd"), lab.buffer(4), lab.schedule()
    other_src, other_dst = lab.buffer(b"efgh"), lab.buffer(4)
    command = lab.own("command", api.create_copy_command(schedule, src, 0, dst, 0, 4))
    api.set_command_argument(command, 0, other_src)
    api.set_command_argument(command, 1, other_dst)
    lab.run(schedule)
    assert bytes(lab.read(dst)) == bytes(4)
    assert bytes(lab.read(other_dst)) == b"efgh"


def test_a_replacement_that_does_not_fit_is_refused(lab: Lab, api: Backend) -> None:
    src, dst, schedule = lab.buffer(b"abcdefgh"), lab.buffer(8), lab.schedule()
    command = lab.own("command", api.create_copy_command(schedule, src, 3, dst, 0, 4))
    with refused(Status.InvalidBufferSize):
        api.set_command_argument(command, 0, lab.buffer(6))
    with refused(Status.InvalidBufferSize):
        api.set_command_argument(command, 1, lab.buffer(3))
    with refused(Status.MemCopyOverlap):
        api.set_command_argument(command, 1, src)
    lab.run(schedule)
    assert bytes(lab.read(dst)) == b"defg" + bytes(4)


@pytest.mark.parametrize("index", [-1, 2, 2**31 - 1, -(2**31)])
def test_a_copy_command_has_two_arguments(lab: Lab, api: Backend, index: int) -> None:
    src, dst, schedule = lab.buffer(8), lab.buffer(8), lab.schedule()
    command = lab.own("command", api.create_copy_command(schedule, src, 0, dst, 0, 8))
    with refused(Status.InvalidArgIndex):
        api.set_command_argument(command, index, dst)
    with refused(Status.InvalidCommand):
        api.set_command_scalar(command, 0, np.int64(1))
    with refused(Status.InvalidCommand):
        api.finalize_command(command, 1, 1)
