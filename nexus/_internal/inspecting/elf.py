"""Reads ELF files of 64 bits, little-endian: sections, symbols, notes and relocations."""

from __future__ import annotations

import bisect
import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from nexus._internal.inspecting.source import LONGEST_NAME, Source, decoded

MAGIC = b"\x7fELF"
HEADER = struct.Struct("<4sBBBBB7xHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SEGMENT = struct.Struct("<IIQQQQQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RELOCATION = struct.Struct("<QQq")
NOTE = struct.Struct("<III")
ENTRY = {SECTION: "section", SEGMENT: "segment"}

SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOTE, SHT_NOBITS, SHT_DYNSYM = 2, 3, 4, 7, 8, 11
PT_LOAD, PT_NOTE = 1, 4
STT_OBJECT, STT_FUNC = 1, 2
ET_DYN = 3
SHN_XINDEX = 0xFFFF
MOST_SECTIONS = 1 << 20
MOST_SYMBOLS = 1 << 22  # of a table; the largest libraries have a tenth of it

X86_64, AARCH64, CUDA, AMDGPU = 62, 183, 190, 224
MACHINES = {
    3: "i386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    X86_64: "x86_64",
    AARCH64: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}


class Header(NamedTuple):
    """What the first 64 bytes say."""

    abi: int
    abi_version: int
    type: int
    machine: int
    flags: int
    segments_at: int
    sections_at: int
    n_segments: int
    n_sections: int
    names_index: int


class Section(NamedTuple):
    """A named part of the file."""

    name: str
    type: int
    address: int
    offset: int
    nbytes: int
    link: int
    info: int


class Symbol(NamedTuple):
    """A named place."""

    name: str
    kind: int
    other: int
    section: int
    value: int
    nbytes: int


def header(source: Source) -> Header:
    """Return the header; refuses a file of 32 bits or of the other byte order."""
    fields = source.fields(HEADER, 0, "the ELF header")
    magic, bits, order, _, abi, abi_version, kind, machine = fields[:8]
    if magic != MAGIC:
        source.refuse("the bytes 7f 45 4c 46 of an ELF file were expected", 0)
    if bits != 2 or order != 1:
        source.refuse("an ELF file of 64 bits, little-endian, was expected", 4)
    _, _, segments_at, sections_at, flags, _, segment_size, n_segments = fields[8:16]
    section_size, n_sections, names_index = fields[16:]
    for form, size, count in (
        (SEGMENT, segment_size, n_segments),
        (SECTION, section_size, n_sections),
    ):
        if count and size != form.size:
            source.refuse(f"{ENTRY[form]} headers of {form.size} bytes were expected", 52)
    return Header(
        abi,
        abi_version,
        kind,
        machine,
        flags,
        segments_at,
        sections_at,
        n_segments,
        n_sections,
        names_index,
    )


class Elf:
    """An ELF file whose headers were read.

    Attributes:
        source: the bytes.
        header: what the first of them say.
        sections: in the order of the file.
        by_name: the first section of each name.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.header = header(source)
        self.sections = self._read_sections()
        self.by_name: dict[str, Section] = {}
        for section in self.sections:
            self.by_name.setdefault(section.name, section)
        self._segments: list[tuple[int, int, int]] | None = None

    def _read_sections(self) -> list[Section]:
        head, what = self.header, "the table of sections"
        count, names_index = head.n_sections, head.names_index
        if head.sections_at and (not count or names_index == SHN_XINDEX):  # too many for 16 bits
            first = self.source.fields(SECTION, head.sections_at, what)
            count, names_index = count or first[5], first[6]
        if not count:
            return []
        if count > MOST_SECTIONS:
            self.source.refuse(f"it has {count} sections; at most {MOST_SECTIONS} are read", 60)
        rows = [*self.source.table(SECTION, head.sections_at, count, what)]
        if names_index >= len(rows):
            self.source.refuse(f"one of {len(rows)} sections was expected to have the names", 62)
        at, nbytes = rows[names_index][4:6]
        names = self.source.part(at, nbytes, "the names of the sections")
        return [
            Section(self._name(names, row[0], "a section"), row[1], row[3], *row[4:8])
            for row in rows
        ]

    def _name(self, names: bytes, at: int, whose: str) -> str:
        if at >= len(names) and at:
            self.source.refuse(
                f"the name of {whose} was expected in {len(names)} bytes of names and is at {at}"
            )
        end = names.find(b"\0", at, at + LONGEST_NAME)
        if end < 0 and len(names) - at > LONGEST_NAME:
            self.source.refuse(f"the name of {whose} is longer than {LONGEST_NAME} bytes")
        name = names[at : end if end >= 0 else len(names)]
        self.source.spend(len(name))
        return decoded(name)

    # ---- parts -----------------------------------------------------------------------------------

    def data(self, section: Section) -> bytes:
        """Return the bytes of a section."""
        if section.type == SHT_NOBITS:
            return b""
        return self.source.part(section.offset, section.nbytes, f"the section {section.name}")

    def symbols(self, kind: int, suffix: bytes = b"") -> Iterator[tuple[int, Symbol]]:
        """Yield (number, symbol) of the tables of a kind: of all, or of names with an ending.

        Args:
            kind: SHT_SYMTAB or SHT_DYNSYM.
            suffix: the ending; others cost little.
        """
        for table in self.sections:
            if table.type != kind or table.link >= len(self.sections):
                continue
            count = table.nbytes // SYMBOL.size
            if count > MOST_SYMBOLS:
                self.source.refuse(f"{table.name} has {count} symbols; at most {MOST_SYMBOLS}")
            names = self.data(self.sections[table.link])
            may_end = _Endings(names, suffix)
            what = f"the symbol table {table.name}"
            rows = self.source.table(SYMBOL, table.offset, count, what)
            for number, (at, info, other, section, value, nbytes) in enumerate(rows):
                if not suffix or may_end.at(at):
                    name = self._name(names, at, "a symbol")
                    yield number, Symbol(name, info & 15, other, section, value, nbytes)

    def notes(self, owner: bytes) -> Iterator[tuple[int, Source]]:
        """Yield (type, contents) of the notes of an owner, from segments or else from sections."""
        places = [(offset, n) for kind, offset, n in self._segment_places() if kind == PT_NOTE]
        if not places:
            places = [(s.offset, s.nbytes) for s in self.sections if s.type == SHT_NOTE]
        for offset, nbytes in places:
            place = self.source.sub(offset, nbytes, "the notes")
            at = 0
            while at + NOTE.size <= nbytes:
                n_name, n_data, kind = place.fields(NOTE, at, "a note")
                data_at = at + NOTE.size + _padded(n_name)
                name = place.part(at + NOTE.size, n_name, "the owner of a note")
                content = place.sub(data_at, n_data, "the contents of a note")
                if name.rstrip(b"\0") == owner:
                    yield kind, content
                at = data_at + _padded(n_data)

    def _segment_places(self) -> Iterator[tuple[int, int, int]]:
        head = self.header
        what = "the table of segments"
        for row in self.source.table(SEGMENT, head.segments_at, head.n_segments, what):
            yield row[0], row[2], row[5]

    def of_symbol(self, symbol: Symbol) -> bytes:
        """Return the bytes that a symbol names; none where its section has none in the file."""
        if not symbol.section or symbol.section >= len(self.sections):
            return b""
        section = self.sections[symbol.section]
        if section.type == SHT_NOBITS:
            return b""
        at = symbol.value - section.address
        content = self.source.sub(section.offset, section.nbytes, f"the section {section.name}")
        return content.part(at, symbol.nbytes, f"what {symbol.name} names")

    # ---- addresses -------------------------------------------------------------------------------

    def at_address(self, address: int, nbytes: int, what: str) -> bytes:
        """Return bytes that are at an address once the file is loaded."""
        return self.source.part(self.offset_of(address, what), nbytes, what)

    def offset_of(self, address: int, what: str) -> int:
        """Return where in the file the bytes of an address are."""
        if self._segments is None:
            head = self.header
            rows = self.source.table(
                SEGMENT, head.segments_at, head.n_segments, "the table of segments"
            )
            self._segments = [(r[3], r[5], r[2]) for r in rows if r[0] == PT_LOAD]
        for start, nbytes, offset in self._segments:
            if start <= address < start + nbytes:
                return int(offset + address - start)
        self.source.refuse(f"{what} was expected at address {address:#x}, which no segment has")


class _Endings:
    """Tells which names of a table have an ending, in a time that does not grow with the table."""

    def __init__(self, names: bytes, suffix: bytes) -> None:
        self._names = names
        self._ends = [m.end() - 1 for m in re.finditer(re.escape(suffix) + b"\0", names)]
        self._least = len(suffix)

    def at(self, start: int) -> bool:
        """Whether the name that starts there has the ending."""
        number = bisect.bisect_left(self._ends, start + self._least)
        if number == len(self._ends) or self._ends[number] - start > LONGEST_NAME:
            return False
        return self._names.find(b"\0", start, self._ends[number]) < 0


def _padded(nbytes: int) -> int:
    return (nbytes + 3) & ~3
