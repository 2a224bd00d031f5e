"""Writes the containers that vendors' tools write, so that tests need none of those tools."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

PTX, CUBIN = 1, 2
LZ4, ZSTD = 0x2000, 0x8000


def fatbin(*entries: tuple[int, int, bytes, int]) -> bytes:
    """Return a fatbin of (kind, number of the architecture, contents, compression)."""
    body = b""
    for kind, number, data, compression in entries:
        packers: dict[int, Callable[[bytes], bytes]] = {LZ4: lz4_literals, ZSTD: zstd}
        stored = packers[compression](data) if compression else data
        padding = -len(stored) % 8
        body += struct.pack(
            "<HHIQIIHHIIIQQQ",
            kind,
            0x101,
            64,
            len(stored) + padding,
            len(stored) if compression else 0,
            0,
            0,
            1,
            number,
            0,
            0,
            0x11 | compression,
            0,
            len(data) if compression else 0,
        )
        body += stored + bytes(padding)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def lz4_literals(data: bytes) -> bytes:
    """Return an LZ4 block without any match."""
    if len(data) < 15:
        return bytes([len(data) << 4]) + data
    rest, count = divmod(len(data) - 15, 255)
    return b"\xf0" + b"\xff" * rest + bytes([count]) + data


def zstd_module() -> Any:
    """Return what compresses with zstd, or None."""
    try:
        from compression import zstd as module  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from backports import zstd as module  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            return None
    return module


def zstd(data: bytes) -> bytes:
    """Return a zstd frame."""
    return bytes(zstd_module().compress(data))


def bundle(entries: dict[str, bytes]) -> bytes:
    """Return an offload bundle of (id, contents)."""
    head_nbytes = 24 + 8 + sum(24 + len(name) for name in entries)
    head, body = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", len(entries)), b""
    for name, data in entries.items():
        at = head_nbytes + len(body)
        head += struct.pack("<QQQ", at, len(data), len(name)) + name.encode()
        body += data
    return head + body


def compressed_bundle(data: bytes, version: int, method: int) -> bytes:
    """Return a bundle as `--offload-compress` makes it: method 0 is zlib, 1 is zstd."""
    packed = zlib.compress(data) if method == 0 else zstd(data)
    sizes = {
        1: struct.pack("<I", len(data)),
        2: struct.pack("<II", 24 + len(packed), len(data)),
        3: struct.pack("<QQ", 32 + len(packed), len(data)),
    }
    return b"CCOB" + struct.pack("<HH", version, method) + sizes[version] + bytes(8) + packed
