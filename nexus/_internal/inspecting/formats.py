"""Tells the formats of kernel libraries apart, and has each read by its reader."""

from __future__ import annotations

import codecs
import functools
from collections.abc import Callable
from typing import NamedTuple

from nexus._internal.inspecting import (
    bundle,
    code_object,
    compression,
    cubin,
    elf,
    fatbin,
    nxsb,
    program,
    ptx,
    shared_object,
    spirv,
)
from nexus._internal.inspecting.facts import LibraryInfo
from nexus._internal.inspecting.source import Source
from nexus.bindings._internal.words import with_article
from nexus.bindings.errors import BinaryFormatError

HEAD = 4096  # bytes that tell the format
DEPTH = 3  # of libraries inside one another: a host file, a bundle, a code object
NAMES = {
    "elf": "shared object",
    "macho": "Mach-O file",
    "cubin": "cubin",
    "fatbin": "fatbin",
    "ptx": "PTX file",
    "hsaco": "code object",
    "bundle": "offload bundle",
    "spirv": "SPIR-V module",
    "nxsb": "library of nexus",
    "opencl-binary": "program of an OpenCL driver",
}
NO_LIBRARIES = (  # first bytes -> what such a file is
    (b"BC\xc0\xde", "LLVM bitcode, which a compiler reads"),
    (b"!<arch>\n", "an archive of object files; link them"),
    (b"MTLB", "a Metal library, whose format is not public; the device's driver reads it"),
    (b"PK\x03\x04", "a zip archive"),
    (b"MZ", "a program or library of Windows"),
    (b"\x1f\x8b", "compressed with gzip"),
)
MACHO = (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
SOURCE_WORDS = (b"kernel", b"__global__", b"#include", b"NXS_KERNEL", b"[[kernel]]")


class Identity(NamedTuple):
    """What bytes are.

    Attributes:
        kind: as in `LibraryInfo.kind`; empty: no kernel library.
        architectures: what it runs on; empty: any, or the file does not say.
        text: both in words, "a cubin for sm_90".
    """

    kind: str
    architectures: tuple[str, ...]
    text: str


def kind_of(source: Source) -> str:
    """Return the kind of library, from its first bytes; empty: none."""
    head = source.head(HEAD)
    if head.startswith(elf.MAGIC):
        machine = elf.header(source).machine
        return {elf.CUDA: "cubin", elf.AMDGPU: "hsaco"}.get(machine, "elf")
    if head.startswith(fatbin.MAGIC):
        return "fatbin"
    if head.startswith((bundle.MAGIC, bundle.COMPRESSED_MAGIC)):
        return "bundle"
    if head.startswith(spirv.MAGICS):
        return "spirv"
    if head.startswith(MACHO):
        return "macho"
    if head.startswith(nxsb.MAGIC):
        return "nxsb"
    if head.startswith(program.MAGIC):
        return "opencl-binary"
    return "ptx" if ptx.begins(head) else ""


def read(source: Source, depth: int = 0) -> LibraryInfo:
    """Return what a library says about itself and its kernels.

    Raises:
        BinaryFormatError: it is no library, or a damaged one; the message tells where what was
            expected.
    """
    if depth > DEPTH:
        source.refuse(f"libraries inside one another, more than {DEPTH} deep", 0)
    kind = kind_of(source)
    inner = functools.partial(read, depth=depth + 1)
    simple: dict[str, Callable[[Source], LibraryInfo]] = {
        "cubin": cubin.read,
        "hsaco": code_object.read,
        "opencl-binary": program.read,
        "ptx": ptx.read,
        "spirv": spirv.read,
    }
    if kind in simple:
        return simple[kind](source)
    if kind == "elf":
        return shared_object.read(source, inner)
    if kind == "fatbin":
        return fatbin.read(source, inner)
    if kind == "nxsb":
        return nxsb.read(source, inner)
    if kind == "bundle":
        return _bundle(source, inner)
    if kind == "macho":
        source.refuse("it is a Mach-O file, which is not read; load it on the Mac that it is for")
    source.refuse(_no_library(source.head(HEAD)), 0)


def _bundle(source: Source, inner: Callable[[Source], LibraryInfo]) -> LibraryInfo:
    if not source.head(HEAD).startswith(bundle.COMPRESSED_MAGIC):
        return bundle.read(source, inner)
    try:
        return inner(bundle.unpacked(source))
    except compression.AbsentError as absent:
        return LibraryInfo("bundle", problem=str(absent))


def _no_library(head: bytes) -> str:
    """Return what a file is that is no library of kernels."""
    if not head.strip(b"\0"):
        return "a kernel library was expected and it has only zeros" if head else "it is empty"
    for magic, what in NO_LIBRARIES:
        if head.startswith(magic):
            return f"a kernel library was expected and it is {what}"
    if _is_text(head):
        what = "source code" if any(word in head for word in SOURCE_WORDS) else "text"
        return f"a kernel library was expected and it is {what}; device.compile takes source"
    known = ", ".join(NAMES.values())
    return f"a kernel library was expected ({known}) and it begins with {head[:8].hex(' ')}"


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # the last letter may be cut
    except UnicodeDecodeError:
        return False
    return all(letter >= " " or letter in "\t\n\r\f\v" for letter in text)


# ---- for messages --------------------------------------------------------------------------------


def identify(source: Source) -> Identity:
    """Return what a file is and for which architectures; never refuses.

    >>> identify(Source.of_bytes(b"#include <nexus/kernel.h>")).text
    'no kernel library'
    """
    kind = ""
    try:
        kind = kind_of(source)
        architectures = tuple(read(source).architectures) if kind else ()
    except BinaryFormatError:
        architectures = ()
    if not kind:
        return Identity("", (), "no kernel library")
    name = with_article(NAMES[kind])
    target = f" for {' and '.join(architectures)}" if architectures else ""
    return Identity(kind, architectures, name + target)
