"""Reads MessagePack, as far as the notes of code objects use it: bounded in depth and in values."""

from __future__ import annotations

import struct
from typing import Any

from nexus._internal.inspecting.source import Source, decoded

DEPTH = 16  # of lists and maps inside one another; code objects have 5
MOST_VALUES = 1 << 21  # the largest libraries have a few hundred thousand

# First byte -> form of the number, or of the count, that follows it.
NUMBERS = {
    0xCA: struct.Struct(">f"),
    0xCB: struct.Struct(">d"),
    0xCC: struct.Struct(">B"),
    0xCD: struct.Struct(">H"),
    0xCE: struct.Struct(">I"),
    0xCF: struct.Struct(">Q"),
    0xD0: struct.Struct(">b"),
    0xD1: struct.Struct(">h"),
    0xD2: struct.Struct(">i"),
    0xD3: struct.Struct(">q"),
}
BYTE, SHORT, LONG = struct.Struct(">B"), struct.Struct(">H"), struct.Struct(">I")
STRINGS = {0xD9: BYTE, 0xDA: SHORT, 0xDB: LONG, 0xC4: BYTE, 0xC5: SHORT, 0xC6: LONG}
LISTS = {0xDC: SHORT, 0xDD: LONG}
MAPS = {0xDE: SHORT, 0xDF: LONG}
CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}


def read(source: Source) -> Any:
    """Return the value that a source holds; maps have names for keys."""
    return Reader(source).value(0)


class Reader:
    """Reads one value after the other."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._data = source.part(0, source.nbytes, "the metadata")
        self._at = 0
        self._left = MOST_VALUES

    def value(self, depth: int) -> Any:
        """Return the value that comes next."""
        self._left -= 1
        if depth > DEPTH or self._left < 0:
            self._refuse(f"at most {MOST_VALUES} values, {DEPTH} deep, were expected")
        first = self._take(1, "a value")[0]
        if first < 0x80 or first >= 0xE0:
            return first if first < 0x80 else first - 0x100
        if first in CONSTANTS:
            return CONSTANTS[first]
        if first in NUMBERS:
            return self._number(NUMBERS[first])
        if first < 0x90 or first in MAPS:
            return self._map(first & 15 if first < 0x90 else self._number(MAPS[first]), depth)
        if first < 0xA0 or first in LISTS:
            return self._list(first & 15 if first < 0xA0 else self._number(LISTS[first]), depth)
        if first < 0xC0 or first in STRINGS:
            count = first & 31 if first < 0xC0 else self._number(STRINGS[first])
            return decoded(self._take(count, "a string"))
        self._at -= 1
        self._refuse(f"a value was expected and {first:#x} begins none that metadata has")

    def _list(self, count: int, depth: int) -> list[Any]:
        self._expect(count)
        return [self.value(depth + 1) for _ in range(count)]

    def _map(self, count: int, depth: int) -> dict[str, Any]:
        self._expect(2 * count)
        found = {}
        for _ in range(count):
            at = self._at
            key = self.value(depth + 1)
            if not isinstance(key, str):
                self._at = at
                self._refuse("a name was expected as the key of a map")
            found[key] = self.value(depth + 1)
        return found

    def _expect(self, count: int) -> None:
        """Refuse a count of values that cannot be there: each has a byte at least."""
        if count > len(self._data) - self._at:
            self._refuse(
                f"{count} values were expected and {len(self._data) - self._at} bytes left"
            )

    def _number(self, form: struct.Struct) -> Any:
        return form.unpack(self._take(form.size, "a number"))[0]

    def _take(self, nbytes: int, what: str) -> bytes:
        if nbytes > len(self._data) - self._at:
            self._refuse(f"{what} of {nbytes} bytes was expected and the metadata ends")
        self._at += nbytes
        return self._data[self._at - nbytes : self._at]

    def _refuse(self, why: str) -> Any:
        self._source.refuse(why, self._at)
