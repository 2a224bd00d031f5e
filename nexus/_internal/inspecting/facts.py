"""What is known of a kernel library without loading it: plain data, the same for every format."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from nexus._internal import checks
from nexus.bindings._internal.words import counted, kind, shown

POINTER, VALUE, GROUP_MEMORY = "pointer", "value", "group memory"
IMAGE, SAMPLER, OTHER = "image", "sampler", "other"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class ArgumentInfo:
    """One argument of a kernel, as its binary describes it.

    Attributes:
        index: its place among the arguments that the caller gives, from 0.
        kind: "pointer", "value", "group memory" (the caller gives a size), "image", "sampler",
            "other" (what a compiler adds), or "unknown": the binary does not say.
        nbytes: of the argument itself, 8 for a pointer; 0: not known.
        offset: where it stands in the block of arguments, in bytes; None: they form no block.
        name: as in the source; empty: not known.
        type: as in the source, or as the format spells it; empty: not known.
        access: of a pointer: "in", "out" or "inout"; empty: not known.
        element_nbytes: of one element that a pointer leads to; 0: not known.
    """

    index: int
    kind: str
    nbytes: int = 0
    offset: int | None = None
    name: str = ""
    type: str = ""
    access: str = ""
    element_nbytes: int = 0


COUNTS = (
    "registers",
    "group_memory",
    "group_size",
    "argument_nbytes",
    "max_group_size",
    "private_memory",
    "spilled_registers",
    "scalar_registers",
    "simd_size",
)


@dataclass(frozen=True)
class KernelInfo:
    """What is known of a kernel: what `nexus.inspect` read, or what you tell `nexus.advise`.

    Attributes:
        registers: 32-bit registers of a work-item, as the compiler reports; 0: not known.
        group_memory: bytes of group memory of a group, static and dynamic together; what
            `inspect` reads is the static part.
        group_size: work-items of the only group size that it runs with; 0: any.
        name: its symbol.
        arguments: what the caller gives, in order; None: the binary does not say.
        hidden_arguments: what compiler and runtime add after them.
        argument_nbytes: of the block of all arguments; 0: not known, or there is none.
        group: the only group size that it runs with, x first; zeros: any.
        max_group_size: work-items of the largest group that it can run with; 0: not known.
        private_memory: bytes of a work-item that are neither registers nor arguments: arrays,
            spilled registers, calls.
        spilled_registers: registers that the compiler had to keep in private memory.
        scalar_registers: registers that the work-items of a wave share; 0: none, or not known.
        simd_size: work-items of the waves that it was compiled for; 0: not known.
    """

    registers: int = 0
    group_memory: int = 0
    group_size: int = 0
    name: str = ""
    arguments: tuple[ArgumentInfo, ...] | None = None
    hidden_arguments: tuple[ArgumentInfo, ...] = ()
    argument_nbytes: int = 0
    group: tuple[int, int, int] = (0, 0, 0)
    max_group_size: int = 0
    private_memory: int = 0
    spilled_registers: int = 0
    scalar_registers: int = 0
    simd_size: int = 0

    def __post_init__(self) -> None:
        for name in COUNTS:
            object.__setattr__(self, name, _count(name, getattr(self, name)))
        if not isinstance(self.name, str):
            raise TypeError(f"name is {kind(self.name)}; it is a str")
        for name in ("arguments", "hidden_arguments"):
            given = getattr(self, name)
            if given is not None or name != "arguments":
                object.__setattr__(self, name, _arguments(name, given))
        object.__setattr__(self, "group", _group(self.group))
        if not self.group_size:
            object.__setattr__(self, "group_size", math.prod(self.group))


@dataclass(frozen=True)
class LibraryInfo:
    """What is known of a kernel library.

    Attributes:
        kind: what its bytes are: "elf" (a shared object of the host), "macho", "cubin", "fatbin",
            "ptx", "hsaco", "bundle", "spirv", "nxsb" or "opencl-binary".
        architecture: what it runs on, "sm_90", "gfx90a", "x86_64"; of several, or where any will
            do, empty.
        kernels: by name. Of a library of several parts those of all parts; where several have one
            of a name, the first whose registers are known.
        target: what else the file says of its target.
        parts: the libraries inside a fatbin or bundle, or inside a file of the host.
        problem: why this part could not be read; empty: it was.
    """

    kind: str
    architecture: str = ""
    kernels: Mapping[str, KernelInfo] = field(default_factory=dict)
    target: str = ""
    parts: tuple[LibraryInfo, ...] = ()
    problem: str = ""

    @property
    def architectures(self) -> list[str]:
        """What it runs on; of a library of several parts, what any of them does."""
        return list(dict.fromkeys(each.architecture for each in self.flat() if each.architecture))

    def flat(self) -> Iterator[LibraryInfo]:
        """Yield the library itself and all parts of it, a part after what it is in."""
        yield self
        for part in self.parts:
            yield from part.flat()

    def for_architecture(self, architecture: str) -> LibraryInfo:
        """Return what is for an architecture: this library, a part, or several parts together.

        Raises:
            KeyError: there is nothing; the message tells what there is.
        """
        if self.architecture == architecture and not self.parts:
            return self
        found = [
            each for each in self.flat() if each.architecture == architecture and not each.parts
        ]
        if found:
            one = LibraryInfo(self.kind, architecture, together(found), parts=tuple(found))
            return found[0] if len(found) == 1 else one
        if self.architecture == architecture:
            return self
        there = ", ".join(self.architectures) or "no architecture that it names"
        raise KeyError(f"this {self.kind} is not for {shown(architecture)}; it is for {there}")


def container(kind: str, parts: tuple[LibraryInfo, ...]) -> LibraryInfo:
    """Return the facts of a library that is made of parts."""
    known = list(dict.fromkeys(each for part in parts for each in part.architectures))
    architecture = known[0] if len(known) == 1 else ""
    return LibraryInfo(kind, architecture, together(parts), parts=parts)


def together(parts: Iterable[LibraryInfo]) -> dict[str, KernelInfo]:
    """Return the kernels of all parts; of those of one name the first that knows its registers."""
    kernels: dict[str, KernelInfo] = {}
    for part in parts:
        for name, kernel in part.kernels.items():
            if name not in kernels or (kernel.registers and not kernels[name].registers):
                kernels[name] = kernel
    return kernels


def _arguments(name: str, given: object) -> tuple[ArgumentInfo, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(a, ArgumentInfo) for a in given):
        raise TypeError(f"{name} is {shown(given)}; it is a tuple of ArgumentInfo")
    return tuple(given)


def _group(given: object) -> tuple[int, int, int]:
    if not isinstance(given, list | tuple):
        raise TypeError(f"group is {kind(given)}; it is three sizes, x first")
    if len(given) != 3:
        raise ValueError(f"group has {counted(len(given), 'size')}; it is three sizes, x first")
    x, y, z = (_count("a size of group", each) for each in given)
    return x, y, z


def _count(name: str, value: object) -> int:
    number = checks.whole(value, name, "it is an int")
    if not 0 <= number < 1 << 63:
        raise ValueError(f"{name} is {shown(number)}; it is 0 or more, and below 2**63")
    return number
