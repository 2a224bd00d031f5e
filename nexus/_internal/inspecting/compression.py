"""Unpacks what fatbins and bundles compress: LZ4 here, zlib and zstd with their libraries."""

from __future__ import annotations

import importlib
import zlib
from typing import Any, NoReturn

from nexus._internal.inspecting.source import MOST_UNPACKED, Source

ZSTD_MODULES = ("compression.zstd", "backports.zstd")  # from Python 3.14 on, and before it
EXTRA = "pip install 'nexus-accelerator[inspect]'"


class AbsentError(Exception):
    """This is not unpacked: what does it is not installed, or it is too much."""


def zstd(source: Source, data: bytes, nbytes: int) -> bytes:
    """Return `nbytes` that were compressed as a zstd frame.

    Raises:
        AbsentError: this Python has no zstd; the message says what to install.
    """
    module = _zstd_module()
    _admit(source, nbytes)
    try:
        found = module.ZstdDecompressor().decompress(data, nbytes)
    except module.ZstdError as error:
        source.refuse(f"a zstd frame was expected: {error}", 0)
    return _of_size(source, bytes(found), nbytes)


def _zstd_module() -> Any:
    for name in ZSTD_MODULES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise AbsentError(f"it is compressed with zstd, which this Python cannot unpack: {EXTRA}")


def _admit(source: Source, nbytes: int) -> None:
    if not source.may_unpack(nbytes):
        raise AbsentError(
            f"it is not unpacked to {nbytes} bytes: of all that is compressed in a file "
            f"{MOST_UNPACKED} bytes are read"
        )


def inflate(source: Source, data: bytes, nbytes: int) -> bytes:
    """Return `nbytes` that were compressed with zlib."""
    _admit(source, nbytes)
    try:
        found = zlib.decompressobj().decompress(data, max(1, nbytes))
    except zlib.error as error:
        source.refuse(f"a zlib stream was expected: {error}", 0)
    return _of_size(source, found, nbytes)


def lz4_block(source: Source, data: bytes, nbytes: int) -> bytes:
    """Return `nbytes` that were compressed as an LZ4 block."""
    _admit(source, nbytes)
    found = bytearray()
    at = 0
    while at < len(data) and len(found) < nbytes:
        token = data[at]
        count, at = _length(source, data, at + 1, token >> 4)
        if count > len(data) - at or count > nbytes - len(found):
            _refuse(source, at)
        found += data[at : at + count]
        at += count
        if at >= len(data):
            break
        distance = int.from_bytes(data[at : at + 2], "little")
        count, next_at = _length(source, data, at + 2, token & 15)
        count += 4
        if not 0 < distance <= len(found) or count > nbytes - len(found):
            _refuse(source, at)
        start = len(found) - distance
        piece = bytes(found[start : start + count])  # shorter than count where they overlap
        found += (piece * (count // len(piece) + 1))[:count]
        at = next_at
    return _of_size(source, bytes(found), nbytes)


def _length(source: Source, data: bytes, at: int, count: int) -> tuple[int, int]:
    """Return a count that may go on in further bytes, and where it ends."""
    if count < 15:
        return count, at
    while at < len(data):
        count += data[at]
        at += 1
        if data[at - 1] != 255:
            return count, at
    _refuse(source, at)


def _refuse(source: Source, at: int) -> NoReturn:
    source.refuse("a sequence of an LZ4 block was expected", min(at, source.nbytes))


def _of_size(source: Source, found: bytes, nbytes: int) -> bytes:
    if len(found) != nbytes:
        source.refuse(f"{nbytes} bytes were expected when unpacked and there are {len(found)}", 0)
    return found
