"""Fills: every size of pattern, every range of a buffer, alone and as commands."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.harness import LONG_NS, Lab, refused
from nexus.bindings.enums import RunFlags, Status
from nexus.bindings.nxs import Backend

BLOCKING = RunFlags.Blocking
PATTERN = bytes(range(0xA0, 0xB0))
WIDTHS = [1, 2, 4, 8, 16]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("n", [1, 2, 5, 64, 4099, 70_001])
def test_a_fill_repeats_its_pattern_to_the_end(lab: Lab, width: int, n: int) -> None:
    buffer = lab.buffer(n * width)
    lab.api.fill_buffer(buffer, 0, n * width, PATTERN[:width], flags=BLOCKING)
    assert bytes(lab.read(buffer)) == PATTERN[:width] * n


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("first", "n"), [(0, 1), (1, 1), (3, 29), (31, 1), (0, 31)])
def test_a_fill_writes_to_its_range_only(lab: Lab, width: int, first: int, n: int) -> None:
    buffer = lab.buffer(np.full(32 * width, 0xEE, np.uint8))
    lab.api.fill_buffer(buffer, first * width, n * width, PATTERN[:width], flags=BLOCKING)
    expected = bytearray(b"\xee" * 32 * width)
    expected[first * width : (first + n) * width] = PATTERN[:width] * n
    assert bytes(lab.read(buffer)) == expected


@pytest.mark.parametrize("width", [3, 5, 6, 7, 9, 12, 15, 17, 32, 2**63, 2**64 - 1])
def test_patterns_of_other_sizes_are_refused(lab: Lab, width: int) -> None:
    pattern = np.zeros(32, np.uint8)
    buffer, schedule = lab.buffer(b"old" * 32), lab.schedule()
    with refused(Status.InvalidArgSize):
        lab.api.fill_buffer(buffer, 0, 96, pattern.ctypes.data, width)
    with refused(Status.InvalidArgSize):
        lab.api.create_fill_command(schedule, buffer, 0, 96, pattern.ctypes.data, width)
    assert bytes(lab.read(buffer)) == b"old" * 32


def test_an_empty_pattern_is_refused(lab: Lab) -> None:
    buffer, schedule = lab.buffer(8), lab.schedule()
    with refused(Status.InvalidArgSize):
        lab.api.fill_buffer(buffer, 0, 8, np.empty(0, np.uint8))
    with refused(Status.InvalidArgSize):
        lab.api.create_fill_command(schedule, buffer, 0, 8, np.empty(0, np.uint8))


@pytest.mark.parametrize(
    ("offset", "nbytes"),
    [
        (0, 0),
        (0, 68),
        (64, 4),
        (32, 36),
        (1, 4),
        (2, 8),
        (0, 3),
        (0, 6),
        (2**63, 4),
        (4, 2**64 - 4),
    ],
)
def test_ranges_outside_of_the_buffer_or_off_the_pattern_are_refused(
    lab: Lab, offset: int, nbytes: int
) -> None:
    buffer, schedule = lab.buffer(64), lab.schedule()
    with refused(Status.InvalidBufferSize):
        lab.api.fill_buffer(buffer, offset, nbytes, PATTERN[:4])
    with refused(Status.InvalidBufferSize):
        lab.api.create_fill_command(schedule, buffer, offset, nbytes, PATTERN[:4])
    assert bytes(lab.read(buffer)) == bytes(64)


def test_the_pattern_is_taken_before_the_call_returns(lab: Lab) -> None:
    pattern, buffer, recorded = bytearray(b"abcd"), lab.buffer(8), lab.buffer(8)
    stream, schedule = lab.stream(), lab.schedule()
    gate = lab.hold(stream)
    lab.own("command", lab.api.create_fill_command(schedule, recorded, 0, 8, pattern))
    lab.api.fill_buffer(buffer, 0, 8, pattern, stream=stream)
    lab.api.run_schedule(schedule, stream)
    pattern[:] = b"efgh"
    lab.api.signal_event(gate)
    lab.api.synchronize_stream(stream, LONG_NS)
    assert bytes(lab.read(buffer)) == bytes(lab.read(recorded)) == b"abcdabcd"


def test_a_fill_of_a_sub_buffer_counts_from_its_begin(lab: Lab) -> None:
    root = lab.buffer(1024)
    lab.api.fill_buffer(lab.part(root, 256, 256), 64, 128, b"x", flags=BLOCKING)
    assert bytes(lab.read(root)) == bytes(320) + b"x" * 128 + bytes(576)


def test_the_last_fill_of_a_stream_wins(lab: Lab) -> None:
    buffer, stream = lab.buffer(64), lab.stream()
    for n in range(200):
        ticket = lab.api.fill_buffer(buffer, 0, 64, bytes([n]), stream=stream)
    lab.api.wait_run(stream, ticket, LONG_NS)
    assert set(lab.read(buffer)) == {199}


def test_a_fill_command_fills_in_every_run(lab: Lab, api: Backend) -> None:
    buffer, other, schedule = lab.buffer(8), lab.buffer(8), lab.schedule()
    command = lab.own("command", api.create_fill_command(schedule, buffer, 2, 4, b"ab"))
    lab.run(schedule)
    assert bytes(lab.read(buffer)) == b"\0\0abab\0\0"
    api.set_command_argument(command, 0, other)
    lab.run(schedule)
    assert bytes(lab.read(other)) == b"\0\0abab\0\0"
    with refused(Status.InvalidBufferSize):
        api.set_command_argument(command, 0, lab.buffer(5))
    with refused(Status.InvalidArgIndex):
        api.set_command_argument(command, 1, buffer)
    with refused(Status.InvalidCommand):
        api.set_command_scalar(command, 0, np.int64(1))
