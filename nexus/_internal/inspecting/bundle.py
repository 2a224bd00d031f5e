"""Reads clang's offload bundles, in which HIP's compiler puts code objects of several targets."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from nexus._internal.inspecting import compression
from nexus._internal.inspecting.code_object import architecture_of
from nexus._internal.inspecting.facts import LibraryInfo, container
from nexus._internal.inspecting.source import Source, decoded

MAGIC = b"__CLANG_OFFLOAD_BUNDLE__"
COMPRESSED_MAGIC = b"CCOB"
COUNT = struct.Struct("<Q")
ENTRY = struct.Struct("<QQQ")
MOST_ENTRIES = 1024
LONGEST_ID = 1024  # bytes

# CCOB, by version: the rest of the header; its last but one member is the unpacked size.
HEADS = {1: struct.Struct("<HIQ"), 2: struct.Struct("<HIIQ"), 3: struct.Struct("<HQQQ")}
VERSION = struct.Struct("<H")
METHODS = {0: compression.inflate, 1: compression.zstd}


def entries(source: Source) -> list[tuple[str, Source]]:
    """Return (id, contents) of the parts of a bundle; an id is such as `hipv4-...--gfx90a`."""
    (count,) = source.fields(COUNT, len(MAGIC), "the number of entries")
    if count > MOST_ENTRIES:
        source.refuse(f"at most {MOST_ENTRIES} entries were expected, not {count}", len(MAGIC))
    found, at = [], len(MAGIC) + COUNT.size
    for _ in range(count):
        offset, nbytes, n_id = source.fields(ENTRY, at, "an entry")
        if n_id > LONGEST_ID:
            source.refuse(f"an id of at most {LONGEST_ID} bytes was expected", at + 16)
        name = decoded(source.part(at + ENTRY.size, n_id, "the id of an entry"))
        found.append((name, source.sub(offset, nbytes, f"the contents of {name}")))
        at += ENTRY.size + n_id
    return found


def target_of(name: str) -> str:
    """Return the target in the id of an entry, without the kind of offloading before it.

    >>> target_of("hipv4-amdgcn-amd-amdhsa--gfx90a:xnack-")
    'amdgcn-amd-amdhsa--gfx90a:xnack-'
    """
    return name.partition("-")[2]


def read(source: Source, inner: Callable[[Source], LibraryInfo]) -> LibraryInfo:
    """Return what a bundle says; `inner` reads what is in it."""
    parts = []
    for name, content in entries(source):
        if not content.nbytes:
            continue  # the host's, which is elsewhere
        target = target_of(name)
        part = inner(content)
        parts.append(replace(part, architecture=part.architecture or architecture_of(target)))
    return container("bundle", tuple(parts))


def unpacked(source: Source) -> Source:
    """Return the bundle that a compressed one holds.

    Raises:
        AbsentError: this Python cannot unpack it.
    """
    at = len(COMPRESSED_MAGIC)
    (version,) = source.fields(VERSION, at, "the version of a compressed bundle")
    if version not in HEADS:
        known = ", ".join(map(str, HEADS))
        source.refuse(f"a compressed bundle of version {known} was expected, not {version}", at)
    head = HEADS[version]
    method, *sizes = source.fields(head, at + VERSION.size, "the header of a compressed bundle")
    if method not in METHODS:
        source.refuse(f"zlib (0) or zstd (1) was expected, not method {method}", at + VERSION.size)
    begin = at + VERSION.size + head.size
    data = source.part(begin, source.nbytes - begin, "the compressed bundle")
    return source.unpacked(METHODS[method](source, data, sizes[-2]), "a compressed bundle")
