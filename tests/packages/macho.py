"""A native file for macOS, as this project's own reader of Mach-O sees it: nm is on macOS alone.

Layout and numbers: OS X ABI Mach-O File Format Reference, and <mach-o/loader.h>.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

HEADER = struct.Struct("<IiiIIIII")
SYMBOL = struct.Struct("<IBBHQ")
SYMTAB, LOAD_DYLIB, BUILD_VERSION, CODE_SIGNATURE = 0x2, 0xC, 0x32, 0x1D
STAB, TYPE, EXTERNAL, UNDEFINED = 0xE0, 0x0E, 0x01, 0x00


@dataclass(frozen=True)
class MachO:
    """A 64-bit library of one processor."""

    path: Path
    name: Path  # inside the wheel that it would be in

    @property
    def is_plugin(self) -> bool:
        """Tell a plugin from an extension module."""
        return self.name.parent.name == "plugins"

    @cached_property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self.path.read_bytes()

    def commands(self, kind: int) -> Iterator[bytes]:
        """Yield the load commands of a kind."""
        *_, n_commands, _, _, _ = HEADER.unpack_from(self.data)
        at = HEADER.size
        for _ in range(n_commands):
            found, nbytes = struct.unpack_from("<II", self.data, at)
            if found == kind:
                yield self.data[at : at + nbytes]
            at += nbytes

    def needed(self) -> set[str]:
        """Return the libraries that it is linked to."""
        found = set()
        for command in self.commands(LOAD_DYLIB):
            (offset,) = struct.unpack_from("<I", command, 8)
            found.add(command[offset:].partition(b"\0")[0].decode())
        return found

    def system_version(self) -> tuple[int, int]:
        """Return the oldest macOS that it says it runs on."""
        ((platform, version),) = (
            struct.unpack_from("<II", command, 8) for command in self.commands(BUILD_VERSION)
        )
        assert platform == 1, "macOS"
        return version >> 16, version >> 8 & 0xFF

    def is_signed(self) -> bool:
        """Tell whether there is a signature: macOS on Arm loads nothing without one."""
        return any(self.commands(CODE_SIGNATURE))

    def exported(self) -> set[str]:
        """Return the symbols that it shows to others, without the underscore of C names."""
        return {name for name, kind in self.symbols() if kind & TYPE != UNDEFINED}

    def imported(self) -> set[str]:
        """Return the symbols that it takes from others, without the underscore of C names."""
        return {name for name, kind in self.symbols() if kind & TYPE == UNDEFINED}

    def symbols(self) -> Iterator[tuple[str, int]]:
        """Yield name and kind of each symbol that is not local."""
        for command in self.commands(SYMTAB):
            at, n_symbols, text, _ = struct.unpack_from("<IIII", command, 8)
            for i in range(n_symbols):
                start, kind, *_ = SYMBOL.unpack_from(self.data, at + i * SYMBOL.size)
                if kind & EXTERNAL and not kind & STAB:
                    end = self.data.index(b"\0", text + start)
                    yield self.data[text + start : end].decode().removeprefix("_"), kind
