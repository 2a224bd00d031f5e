"""Reads what `nexus compile` writes: a binary, and how it was made."""

from __future__ import annotations

from collections.abc import Callable

from nexus._internal import compilers
from nexus._internal.compilers import container
from nexus._internal.inspecting import program
from nexus._internal.inspecting.facts import LibraryInfo
from nexus._internal.inspecting.source import Source
from nexus.bindings.errors import BinaryFormatError

MAGIC = container.MAGIC
MOST_NBYTES = 1 << 26  # 64 MiB


def read(source: Source, inner: Callable[[Source], LibraryInfo]) -> LibraryInfo:
    """Return what a compiled library says; `inner` reads the binary in it."""
    if source.nbytes > MOST_NBYTES:
        source.refuse(f"at most {MOST_NBYTES} bytes are read and this has {source.nbytes}", 0)
    data = source.part(0, source.nbytes, "the library")
    try:
        contained = container.unpack(data, "it")
    except container.DamagedContainerError as error:
        source.refuse(str(error), 0)
    made = [contained.facts.get(name, "") for name in ("Compiler", "Version", "Architecture")]
    compiler, version, architecture = (each if isinstance(each, str) else "" for each in made)
    nbytes = len(contained.binary)
    if compilers.is_of_driver(compiler) and not contained.binary.startswith(program.MAGIC):
        return _of_driver(source, compiler, contained.facts.get("Program"))
    part = _part(source.sub(source.nbytes - nbytes, nbytes, "the binary"), inner)
    return LibraryInfo(
        "nxsb",
        architecture or part.architecture,
        part.kernels,
        f"made by {version or compiler}" if version or compiler else "",
        (part,),
    )


def _of_driver(source: Source, compiler: str, told: object) -> LibraryInfo:
    """Return what holds source, and what a driver told of it where one built it."""
    part = LibraryInfo("other", problem="it is source, which the driver compiles on loading it")
    built = program.read_facts(source, told if isinstance(told, str) else "")
    target = f"for the runtime {compiler}" + (f", built {built.target}" if built.kernels else "")
    return LibraryInfo("nxsb", "", built.kernels, target, (part,))


def _part(source: Source, inner: Callable[[Source], LibraryInfo]) -> LibraryInfo:
    """Return what the binary says; the binaries of some drivers say nothing."""
    try:
        return inner(source)
    except BinaryFormatError as error:
        return LibraryInfo("other", problem=error.message)
