"""Reads fatbins, NVIDIA's container of cubins and PTX, as nvcc 13.0 was seen to write them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nexus._internal.inspecting import compression
from nexus._internal.inspecting.facts import LibraryInfo, container
from nexus._internal.inspecting.source import Source

MAGIC = b"\x50\xed\x55\xba"
HEADER = struct.Struct("<4sHHQ")
ENTRY = struct.Struct("<HHIQIIHHIIIQQQ")
PTX, CUBIN = 1, 2
KINDS = {PTX: "ptx", CUBIN: "cubin"}
LZ4, ZSTD = 0x2000, 0x8000  # flags of an entry
MOST_ENTRIES = 1 << 16


class Entry(NamedTuple):
    """A part of a fatbin."""

    kind: int
    architecture: str
    flags: int
    content: Source
    packed_nbytes: int  # 0: it is not compressed
    nbytes: int


def entries(source: Source) -> Iterator[Entry]:
    """Yield the parts of a fatbin, or of several that follow one another."""
    at = count = 0
    while at + HEADER.size <= source.nbytes:
        magic, _, header_nbytes, nbytes = source.fields(HEADER, at, "the header of a fatbin")
        if magic != MAGIC:
            if at and not magic.strip(b"\0"):
                return  # zeros fill the section
            source.refuse("the bytes 50 ed 55 ba of a fatbin were expected", at)
        if header_nbytes < HEADER.size:
            source.refuse(f"a header of {HEADER.size} bytes or more was expected", at + 6)
        image = source.sub(at + header_nbytes, nbytes, "the contents of a fatbin")
        inside = 0
        while inside < nbytes:
            count += 1
            if count > MOST_ENTRIES:
                source.refuse(f"at most {MOST_ENTRIES} entries were expected", at + inside)
            entry, inside = _entry(image, inside)
            yield entry
        at += header_nbytes + nbytes + -nbytes % 8


def _entry(image: Source, at: int) -> tuple[Entry, int]:
    row = image.fields(ENTRY, at, "the header of an entry")
    kind, _, header_nbytes, stored, packed, _, _, _, number = row[:9]
    flags, nbytes = row[11], row[13]
    if header_nbytes < ENTRY.size:
        image.refuse(f"a header of {ENTRY.size} bytes or more was expected", at + 4)
    content = image.sub(at + header_nbytes, stored, "an entry")
    if packed > stored:
        image.refuse(f"at most {stored} compressed bytes were expected, not {packed}", at + 16)
    entry = Entry(kind, f"sm_{number}", flags, content, packed, nbytes)
    return entry, at + header_nbytes + stored


def read(source: Source, inner: Callable[[Source], LibraryInfo]) -> LibraryInfo:
    """Return what a fatbin says; `inner` reads what is in it."""
    return container("fatbin", tuple(_part(entry, inner) for entry in entries(source)))


def _part(entry: Entry, inner: Callable[[Source], LibraryInfo]) -> LibraryInfo:
    kind = KINDS.get(entry.kind, "")
    if not kind:
        problem = f"an entry of kind {entry.kind}, which is not read"
        return LibraryInfo("other", entry.architecture, problem=problem)
    try:
        return inner(_unpacked(entry, kind))
    except compression.AbsentError as absent:
        return LibraryInfo(kind, entry.architecture, problem=str(absent))


def _unpacked(entry: Entry, kind: str) -> Source:
    content = entry.content
    unpack = {LZ4: compression.lz4_block, ZSTD: compression.zstd}.get(entry.flags & (LZ4 | ZSTD))
    if unpack is None:
        return content
    data = content.part(0, entry.packed_nbytes, "a compressed entry")
    return content.unpacked(unpack(content, data, entry.nbytes), kind)
