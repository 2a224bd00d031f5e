"""Bad values where memory, or a number that goes into it, is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import nexus

from .values import HUGE, NAN, Bad, each
from .world import N, World

RECORDS = np.zeros(N, [("a", "i2"), ("b", object)])


def host_memory(world: World) -> Iterator[Bad]:
    """What no call takes for memory of 4*N bytes."""
    yield from each(
        TypeError, None, 5, HUGE, True, "text" * N, [0.0] * N, (0.0,) * N, 1.5, {}, print
    )
    yield from each(TypeError, object(), world.stream, world.run, np.array([object()] * N), RECORDS)
    yield from each(TypeError, np.ma.masked_array(np.zeros(N, "f4")))
    yield from each(ValueError, np.zeros(N, ">f4"), np.zeros(N, "f4").astype(">i4"))


def source(world: World) -> Iterator[Bad]:
    yield from host_memory(world)
    yield from each(
        ValueError, b"", b"x", np.zeros(0), np.zeros(N + 1, "f4"), np.float32(1), bytearray(3)
    )
    yield world.closed.buffer, nexus.ClosedError


def target(world: World) -> Iterator[Bad]:
    yield from source(world)
    yield from each(ValueError, bytes(4 * N), read_only(np.zeros(N, "f4")), np.bytes_(b"1" * 4 * N))
    yield memoryview(bytes(4 * N)), ValueError


def in_place(world: World) -> Iterator[Bad]:
    """Memory that a kernel cannot work in: it writes float32."""
    yield from host_memory(world)
    yield from each(ValueError, np.zeros(0), np.zeros((N, 2), "f4")[:, 0], np.zeros((2, 8), "f4").T)
    yield from each(ValueError, read_only(np.zeros(N, "f4")), bytes(4 * N), np.zeros(N, "f4")[::-1])
    yield world.closed.buffer, nexus.ClosedError
    yield world.foreign.buffer, ValueError


def number(world: World) -> Iterator[Bad]:
    """What is no float32."""
    yield from each(TypeError, None, "1", [1.0], (1,), {}, object(), 1j, world.stream, world.buffer)
    yield from each(TypeError, np.zeros(2), np.complex64(1), np.datetime64(0, "s"))
    yield from each(ValueError, 1e39, -1e39, 1 << 200, HUGE, -HUGE)


def pattern(world: World) -> Iterator[Bad]:
    yield from number(world)
    yield from each(ValueError, b"", b"123", bytes(17), bytearray(5))


def scalar(world: World) -> Iterator[Bad]:
    yield from number(world)
    yield from each(TypeError, b"1234", np.float64(1), np.int32(1), np.True_)


def struct(world: World) -> Iterator[Bad]:
    yield from each(TypeError, None, 5, 1.5, "1234", [1], {}, object(), world.stream)
    yield from each(ValueError, b"", b"123", b"12345", np.zeros(0), np.zeros(1, ">f4"))
    yield np.array([object()]), TypeError
    yield world.closed.buffer, nexus.ClosedError


def arguments(world: World) -> Iterator[Bad]:
    """All arguments of the kernel at once: the first is a float32, the second a buffer."""
    for value, error in scalar(world):
        if not isinstance(value, bytes) and value is not world.buffer:
            yield (value, world.other), ValueError if _is_memory(value) else error
    for value, error in in_place(world):
        yield (1.0, value), ValueError if isinstance(value, bytes | bytearray) else error


def _is_memory(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind != "O"


def call_arguments(world: World) -> Iterator[Bad]:
    yield from arguments(world)
    yield from each(TypeError, (), (1.0,), (1.0, world.other, 3))


def data(world: World) -> Iterator[Bad]:
    """What no buffer is made of."""
    yield from each(
        TypeError, None, True, "text", [1.0], 1.5, NAN, 1j, {}, object(), print, world.stream
    )
    yield from each(TypeError, (1.5,), ("1",), (None,), (True,), ([1],), (1, NAN))
    yield from each(TypeError, np.array([object()]), RECORDS, np.ma.masked_array(np.zeros(3)))
    yield from each(
        ValueError, 0, -1, (0,), (4, 0), (-1,), (1 << 40, 1 << 40), 1 << 60, 1 << 64, HUGE
    )
    yield from each(
        ValueError, (HUGE,), -HUGE, b"", np.zeros(0), np.zeros((3, 0)), np.zeros(3, ">f4")
    )
    yield world.closed.buffer, nexus.ClosedError


def dlpack_array(world: World) -> Iterator[Bad]:
    yield from each(
        TypeError, None, 5, "x", b"xx", [1.0], {}, object(), world.stream, np.float32(1)
    )
    yield from each(ValueError, np.zeros(0), np.zeros((4, 4))[:, 1])
    yield from each(TypeError, np.array([object()]), world.buffer)


def library_bytes(world: World) -> Iterator[Bad]:
    yield from each(
        TypeError, None, 5, HUGE, True, 1.5, "text", [1], (1,), {}, object(), world.stream
    )
    yield from each(ValueError, b"", b"\x7fELF", bytes(4096), np.zeros(0), np.zeros((8, 8))[:, 1])
    yield world.closed.buffer, nexus.ClosedError


def part(world: World) -> Iterator[Bad]:
    yield from each(
        TypeError, None, 0, "1", ..., (slice(1), slice(1)), [1], np.zeros(2), world.stream
    )
    yield from each(TypeError, slice("a"), slice(1.5, None), slice(None, None, "x"))
    yield from each(ValueError, slice(2, 2), slice(3, 1), slice(0, 4, 2), slice(None, None, -1))
    yield from each(ValueError, slice(N, None), slice(HUGE, HUGE), slice(0, 1, 0))


def dlpack_stream(world: World) -> Iterator[Bad]:
    yield from each(ValueError, 0, 1, -1, HUGE, True, "x", world.stream, np.zeros(2))


def dlpack_version(world: World) -> Iterator[Bad]:
    yield from each(
        TypeError, 1, "1.0", b"12", [], (1,), (1, 0, 0), {}, object(), (1.0, 0), ("1", 0)
    )
    yield from each(TypeError, (True, False), np.zeros(2), HUGE, (None, None))


def dlpack_device(world: World) -> Iterator[Bad]:
    yield from dlpack_version(world)
    yield from each(BufferError, (2, 0), (1, 1), (-1, -1), (HUGE, 0))


def read_only(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    array.flags.writeable = False
    return array
