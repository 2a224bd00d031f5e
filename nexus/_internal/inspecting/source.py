"""Bytes of a stranger's file: looked at in parts, each inside the file, and all together bounded.

A format may say that ten thousand tables are all the same bytes, so that a small file would take an
hour to read. Hence a budget: readers may look at a few times as many bytes as the file has.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from nexus.bindings._internal.words import counted
from nexus.bindings.errors import BinaryFormatError

TIMES = 8  # of the file's size may be looked at; honest files need about twice
LEAST = 1 << 20  # bytes that may be looked at in the smallest file
LONGEST_CAUSE = 500  # letters of a message; names in it may be long
LONGEST_NAME = 1 << 16  # bytes; names of C++ templates are long
MOST_AT_ONCE = 1 << 28  # bytes of one part: 256 MiB
MOST_UNPACKED = 1 << 27  # bytes of all that is compressed in a file: 128 MiB
MOST_KERNELS = 1 << 18  # of a file
MOST_ARGUMENTS = 1 << 21  # of all kernels of a file
MOST_LINES = 1 << 21  # of all text in a file, empty ones aside


class Budget:
    """What may still be looked at and kept, in a file and in all that is inside it."""

    __slots__ = ("arguments", "kernels", "lines", "nbytes", "unpacked")

    def __init__(self, nbytes: int) -> None:
        self.nbytes = TIMES * nbytes + LEAST
        self.kernels, self.arguments = MOST_KERNELS, MOST_ARGUMENTS
        self.unpacked, self.lines = MOST_UNPACKED, MOST_LINES


class Source:
    """A file or a part of one.

    Attributes:
        name: what messages call it.
        nbytes: its size.
        at: where it begins in the file; messages tell offsets in the file.
    """

    __slots__ = ("_budget", "_read", "at", "name", "nbytes")

    def __init__(
        self,
        name: str,
        read: Callable[[int, int], bytes],
        nbytes: int,
        at: int = 0,
        budget: Budget | None = None,
    ) -> None:
        self.name, self.nbytes, self.at = name, nbytes, at
        self._read = read  # (offset in the file, bytes) -> as many as are there
        self._budget = budget or Budget(nbytes)

    @classmethod
    def of_bytes(cls, data: bytes, name: str = "the bytes") -> Source:
        """Return a source of bytes in memory."""
        return cls(name, lambda offset, n: data[offset : offset + n], len(data))

    @classmethod
    def of_file(cls, descriptor: int, name: str) -> Source:
        """Return a source of an open file, which is read where it is looked at.

        Raises:
            BinaryFormatError: it is a folder, a pipe or a device.
        """
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BinaryFormatError(f"cannot read {name}: it is no regular file")
        return cls(name, lambda offset, n: _pread(descriptor, n, offset), status.st_size)

    # ---- refusing --------------------------------------------------------------------------------

    def refuse(self, why: str, offset: int | None = None) -> NoReturn:
        """Raise the exception for bytes that are not what the format says."""
        where = "" if offset is None else f" at byte {self.at + offset}"
        at = None if offset is None else self.at + offset
        cause = printable(why if len(why) <= LONGEST_CAUSE else f"{why[:LONGEST_CAUSE]}...")
        raise BinaryFormatError(f"cannot read {self.name}{where}: {cause}", offset=at)

    def spend(self, nbytes: int) -> None:
        """Count bytes as looked at."""
        self._budget.nbytes -= nbytes
        if self._budget.nbytes < 0:
            self.refuse(
                f"its parts overlap: it has {counted(self.nbytes, 'byte')} and its tables lead to "
                f"more than {TIMES} times as many"
            )

    def admit(self, n_args: int) -> None:
        """Count a kernel with its arguments as kept."""
        self._budget.kernels -= 1
        self._budget.arguments -= n_args
        if self._budget.kernels < 0 or self._budget.arguments < 0:
            self.refuse(
                f"it has more kernels or arguments than any library has: more than {MOST_KERNELS} "
                f"or {MOST_ARGUMENTS}"
            )

    def admit_line(self) -> None:
        """Count a line of text as read."""
        self._budget.lines -= 1
        if self._budget.lines < 0:
            self.refuse(f"it has more than {MOST_LINES} lines of text")

    def may_unpack(self, nbytes: int) -> bool:
        """Count bytes as unpacked before they are, unless they are too many."""
        if nbytes > self._budget.unpacked:
            return False
        self._budget.unpacked -= nbytes
        return True

    # ---- looking ---------------------------------------------------------------------------------

    def check(self, offset: int, nbytes: int, what: str) -> None:
        """Refuse a part that is not all inside."""
        if offset < 0:
            self.refuse(f"{what} was expected in it and begins {-offset} bytes before it")
        if nbytes < 0 or offset > self.nbytes or nbytes > self.nbytes - offset:
            self.refuse(
                f"{what} of {counted(nbytes, 'byte')} was expected, and there are "
                f"{max(0, self.nbytes - offset)}",
                offset,
            )

    def part(self, offset: int, nbytes: int, what: str) -> bytes:
        """Return some bytes; `what` they are is told when they are not there."""
        self.check(offset, nbytes, what)
        if nbytes > MOST_AT_ONCE:
            self.refuse(f"{what} has {nbytes} bytes; at most {MOST_AT_ONCE} are read", offset)
        self.spend(nbytes)
        data = self._read(self.at + offset, nbytes)
        if len(data) != nbytes:
            self.refuse(f"{what} cannot be read; the file was cut while it was read", offset)
        return data

    def head(self, nbytes: int) -> bytes:
        """Return the first bytes, or all where there are fewer."""
        return self.part(0, min(nbytes, self.nbytes), "the beginning")

    def sub(self, offset: int, nbytes: int, what: str) -> Source:
        """Return a part as a source of its own."""
        self.check(offset, nbytes, what)
        return Source(self.name, self._read, nbytes, self.at + offset, self._budget)

    def unpacked(self, data: bytes, what: str) -> Source:
        """Return what was compressed in this source; offsets are then those in the unpacked one."""
        self._budget.nbytes += TIMES * len(data)
        name = f"{self.name} ({what} at byte {self.at}, unpacked)"
        return Source(name, lambda at, n: data[at : at + n], len(data), 0, self._budget)

    def fields(self, form: struct.Struct, offset: int, what: str) -> tuple[Any, ...]:
        """Return the members of a record."""
        return form.unpack(self.part(offset, form.size, what))

    def table(
        self, form: struct.Struct, offset: int, count: int, what: str
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the members of each record of a table."""
        return form.iter_unpack(self.part(offset, count * form.size, what))

    def text(self, offset: int, what: str, longest: int = LONGEST_NAME) -> str:
        """Return a string that ends with a zero byte."""
        self.check(offset, 1, what)
        length = min(64, self.nbytes - offset)
        while True:
            data = self.part(offset, length, what)
            end = data.find(b"\0")
            if end >= 0:
                return decoded(data[:end])
            if length == min(longest, self.nbytes - offset):
                self.refuse(f"{what} has no end within {counted(length, 'byte')}", offset)
            length = min(8 * length, longest, self.nbytes - offset)


def printable(text: str) -> str:
    r"""Return a stranger's text so that a terminal shows it and does nothing else.

    >>> printable("red: \x1b[31m")
    'red: \\x1b[31m'
    """
    if text.isprintable():
        return text
    letters = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return "".join(letters)


def decoded(data: bytes) -> str:
    r"""Return a name as text: what is no UTF-8 is written `\xff`."""
    return data.decode("utf-8", "backslashreplace")


def _pread(descriptor: int, nbytes: int, offset: int) -> bytes:
    """Read from a file until the bytes are there or the file ends."""
    parts = []
    while nbytes > 0 and (part := os.pread(descriptor, nbytes, offset)):
        parts.append(part)
        nbytes, offset = nbytes - len(part), offset + len(part)
    return b"".join(parts)
