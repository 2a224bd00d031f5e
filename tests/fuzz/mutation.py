"""Changes files at random, as damage and malice do: bits, numbers, lengths, pieces of others."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

from fuzz.target import MOST_NBYTES

SMALL = (0, 1, 2, 3, 7, 8, 15, 16, 24, 63, 64, 255, 256, 4095, 1 << 16)
LARGE = (1 << 31, 1 << 32, 1 << 63, 1 << 64)
NUMBERS = (*SMALL, *LARGE[:-1], *(each - 1 for each in LARGE), LARGE[-1] - 8)
FORMS = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
LINES = (b"\n.entry x(", b"{", b"}", b"/*", b"*/", b"//", b".param .b8 x[9]", b".reqntid 1,1,1")


def bits(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Turn some bits over."""
    for _bit in range(chance.choice((1, 1, 2, 8))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def number(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Write a number where one may be."""
    nbytes = chance.choice((1, 2, 4, 8))
    if len(data) < nbytes:
        return
    at = chance.randrange(len(data) - nbytes + 1)
    at -= at % nbytes if chance.random() < 0.8 else 0
    value = chance.choice((*NUMBERS, len(data), chance.randrange(len(data) + 1)))
    struct.pack_into(FORMS[nbytes], data, at, value % (1 << 8 * nbytes))


def near(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Add a little to a number."""
    at = chance.randrange(len(data))
    data[at] = (data[at] + chance.randrange(-8, 9)) % 256


def cut(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """End the file early."""
    del data[chance.randrange(1, len(data) + 1) :]


def take_out(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Take some bytes out."""
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 64)]
    data[:] = data or b"\0"


def repeat(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Write some bytes many times."""
    at = chance.randrange(len(data))
    piece = data[at : at + chance.randrange(1, 200)]
    data[at:at] = piece * chance.choice((1, 3, 50))


def move(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Write some bytes over others."""
    nbytes = min(len(data), chance.choice((4, 8, 24, 56, 64)))
    to, at = (chance.randrange(len(data) - nbytes + 1) for _ in range(2))
    data[to : to + nbytes] = data[at : at + nbytes]


def splice(chance: random.Random, data: bytearray, others: Sequence[bytes]) -> None:
    """Put a piece of another file in."""
    other = chance.choice(others)
    begin = chance.randrange(len(other))
    piece = other[begin : begin + chance.choice((8, 64, 4096, len(other)))]
    at = chance.randrange(len(data) + 1)
    data[at : at + chance.choice((0, len(piece)))] = piece


def line(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Put words of a text format in."""
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice(LINES)


Change = Callable[[random.Random, bytearray, Sequence[bytes]], None]
CHANGES: tuple[Change, ...] = (
    *(bits, number, number, number, near, near),
    *(cut, take_out, repeat, move, splice, line),
)


def changed(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return a file with a few changes."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        chance.choice(CHANGES)(chance, made, others)
        made[:] = made[:MOST_NBYTES] or b"\0"
    return bytes(made)
