"""Bad values for each kind of argument, and the exceptions that they must get: the common ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

import nexus

from .world import N, World

Errors: TypeAlias = type[Exception] | tuple[type[Exception], ...]
Bad: TypeAlias = tuple[Any, Errors]
Kind: TypeAlias = Callable[[World], Iterator[Bad]]

HUGE = 1 << 20000  # more digits than Python prints
NAN, INF = math.nan, math.inf


def each(error: Errors, *values: Any) -> Iterator[Bad]:
    for value in values:
        yield value, error


def junk(world: World) -> tuple[Any, ...]:
    """Values that are of no use anywhere but where anything with a truth is taken."""
    return (
        1.5,
        NAN,
        1j,
        {},
        {1},
        object(),
        print,
        type,
        world.run,
        world.properties,
        np.zeros((2, 2)),
    )


def no_int(world: World) -> Iterator[Bad]:
    yield from each(TypeError, "1", b"1", [1], (1,), [], True, False, np.True_, np.float64(1))
    yield from each(TypeError, np.zeros(3, int), *junk(world), world.stream, world.buffer)


def nbytes(world: World) -> Iterator[Bad]:
    yield from no_int(world)
    yield from each(ValueError, -1, 4 * N + 1, 1 << 31, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
    yield from each(
        ValueError, -(1 << 63), 1 << 64, HUGE, -HUGE, np.int64(-1), np.uint64(2**64 - 1)
    )


def offset(world: World) -> Iterator[Bad]:
    yield None, TypeError
    yield from nbytes(world)
    yield 4 * N, ValueError  # nothing is left


def event_value(world: World) -> Iterator[Bad]:
    yield None, TypeError
    yield from no_int(world)
    yield from each(ValueError, -1, 1 << 64, HUGE, -HUGE, np.int64(-1))


def index(world: World) -> Iterator[Bad]:
    yield None, TypeError
    yield from no_int(world)
    yield from each(IndexError, -1, 1 << 31, 1 << 32, 1 << 63, 1 << 64, HUGE, np.int8(-1))
    yield from each(nexus.InvalidArgumentError, 2, 99, (1 << 31) - 1)


def size(world: World) -> Iterator[Bad]:
    """Group and grid sizes."""
    yield from each(
        TypeError, None, "4", b"4", True, [True], [None], [1.5], [[1]], ["4"], *junk(world)
    )
    yield from each(TypeError, world.stream, [world.stream], np.zeros(2), (1, NAN))
    yield from each(
        ValueError, 0, -1, [], (), [1] * 4, [0], [1, 0], (1, 1, -1), 1 << 31, HUGE, -HUGE
    )
    yield from each(ValueError, 1 << 32, (1 << 32) + 4, [1 << 64], np.array([], int), np.int8(-1))


def group_memory(world: World) -> Iterator[Bad]:
    yield None, TypeError
    yield from no_int(world)
    yield from each(ValueError, -1, 1 << 40, 1 << 62, 1 << 63, 1 << 64, HUGE)


def timeout(world: World) -> Iterator[Bad]:
    yield from each(TypeError, "1", b"1", [], (1,), True, False, 1j, {}, object(), world.stream)
    yield from each(ValueError, -1, -0.001, NAN, -INF, -HUGE, np.float32("nan"), np.int8(-1))


def flag(world: World) -> Iterator[Bad]:
    yield from each(TypeError, None, 2, -1, "", "yes", b"", [], (), world.stream, *junk(world))


def dtype(world: World) -> Iterator[Bad]:
    yield from each(
        TypeError, True, 5, HUGE, b"f4", "", "\0", ",", "none", "f4", "O", "S", "x" * 300
    )
    yield from each(TypeError, [], [1], [("a", "O")], (), (0,), world.stream, np.float32(1))
    yield from each(TypeError, object, nexus.data_type.Undefined, "S0", *junk(world))
    yield from each(ValueError, ">f4", np.dtype(">i8"))


def an_object(kind: str, others: bool = True) -> Kind:
    """Values that are no `kind`, or a closed one, or one of another runtime."""

    def values(world: World) -> Iterator[Bad]:
        wrong = world.stream if kind != "stream" else world.event
        yield from each(TypeError, "", "x", 0, 5, HUGE, True, [], world.device, wrong, *junk(world))
        yield from each(TypeError, getattr(world, kind).handle, type(getattr(world, kind)))
        yield getattr(world.closed, kind), nexus.ClosedError
        if others:
            yield getattr(world.foreign, kind), ValueError

    return values


def count_or_zero(world: World) -> Iterator[Bad]:
    yield None, TypeError
    yield from no_int(world)
    yield from each(ValueError, -1, HUGE, -HUGE, 1 << 63, np.int8(-1))


def count(world: World) -> Iterator[Bad]:
    yield 0, ValueError
    yield from count_or_zero(world)


def amount(world: World) -> Iterator[Bad]:
    yield from each(
        TypeError, None, True, "1", b"1", [], (1,), {}, object(), 1j, np.zeros(2), np.True_
    )
    yield from each(ValueError, -1, -0.001, NAN, INF, -INF, HUGE, -HUGE, np.float32("nan"))


def positive(world: World) -> Iterator[Bad]:
    yield 0, ValueError
    yield from amount(world)


def device_id(world: World) -> Iterator[Bad]:
    yield None, TypeError
    yield from no_int(world)
    yield from each(IndexError, -1, 99, 1 << 31, 1 << 64, HUGE, np.int8(-1))


def not_none(kind: Kind) -> Kind:
    """The bad values of a kind, for an argument that may be None."""
    return lambda world: (bad for bad in kind(world) if bad[0] is not None)


def alone(kind: Kind) -> Kind:
    """The bad values of a kind, for an argument that is given by its place."""
    return lambda world: (((value,), errors) for value, errors in kind(world))


def nothing(world: World) -> Iterator[Bad]:
    """No value is bad."""
    return iter(())
