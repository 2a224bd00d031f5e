"""Reads shared objects of the host without loading them: the records beside their kernels.

The record of a kernel is the symbol NAME__nxs_info, a `nxs_kernel_info` of <nexus/cpu_kernel.h>.
Its pointers are in the file only as relocations, which the loader would apply.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from nexus._internal.inspecting.elf import (
    ET_DYN,
    MACHINES,
    RELOCATION,
    SHT_DYNSYM,
    SHT_NOBITS,
    SHT_RELA,
    STT_OBJECT,
    SYMBOL,
    Elf,
    Symbol,
)
from nexus._internal.inspecting.facts import (
    POINTER,
    VALUE,
    ArgumentInfo,
    KernelInfo,
    LibraryInfo,
    together,
)
from nexus._internal.inspecting.source import Source

SUFFIX = b"__nxs_info"
RECORD = struct.Struct("<II3i4xQQI")  # nxs_kernel_info, as far as it is read
ARGUMENT = struct.Struct("<QQIc")  # nxs_arg_info
ARGUMENTS_AT, TYPE_AT = 32, 8  # bytes from the start of either
POINTER_NBYTES = 8
MOST_ARGUMENTS = 1024  # as the runtime has it
LARGEST_GROUP = 1 << 31  # work-items
LARGEST_ARGUMENT = 1024  # bytes from one nxs_arg_info to the next, as the runtime has it
ACCESS = {b"v": "", b"i": "in", b"o": "out", b"b": "inout"}

CARRIERS = (".nv_fatbin", ".hip_fatbin")  # sections with libraries for other devices
RELATIVE = {62: 8, 183: 1027}  # by machine: base + addend
ABSOLUTE = {62: 1, 183: 257}  # symbol + addend


class Place(NamedTuple):
    """Where an argument's description is, and the kernel that it belongs to."""

    kernel: str
    number: int
    address: int


def read(source: Source, inner: Callable[[Source], LibraryInfo]) -> LibraryInfo:
    """Return what a shared object of the host says about its kernels.

    Args:
        source: the file.
        inner: reads the libraries for other devices that the file carries.
    """
    elf = Elf(source)
    machine = MACHINES.get(elf.header.machine, f"ELF machine {elf.header.machine}")
    parts = tuple(_carried(elf, inner))
    if elf.header.type != ET_DYN and not parts:
        source.refuse("a shared object (ELF type 3) was expected; link it with -shared", 16)
    kernels = together(parts) | Records(elf).kernels()
    return LibraryInfo("elf", machine, kernels, parts=parts)


def _carried(elf: Elf, inner: Callable[[Source], LibraryInfo]) -> Iterator[LibraryInfo]:
    """Yield the libraries for other devices that a compiler put into a file of the host."""
    for name in CARRIERS:
        section = elf.by_name.get(name)
        if section and section.nbytes and section.type != SHT_NOBITS:
            yield inner(elf.source.sub(section.offset, section.nbytes, f"the section {name}"))


class Records:
    """The info records of a shared object."""

    def __init__(self, elf: Elf) -> None:
        self._elf = elf

    def kernels(self) -> dict[str, KernelInfo]:
        """Return the kernels that have a record, by name."""
        records = [
            symbol
            for _, symbol in self._elf.symbols(SHT_DYNSYM, SUFFIX)
            if symbol.section and symbol.kind == STT_OBJECT
        ]
        if not records:
            return {}
        pointers = self._pointers(symbol.value + ARGUMENTS_AT for symbol in records)
        kernels: dict[str, KernelInfo] = {}
        places: list[Place] = []
        for symbol in records:
            kernel, found = self._kernel(symbol, pointers)
            if kernel.name not in kernels:
                kernels[kernel.name] = kernel
                places += found
        return self._with_arguments(kernels, places)

    def _kernel(self, symbol: Symbol, pointers: dict[int, int]) -> tuple[KernelInfo, list[Place]]:
        name = symbol.name.removesuffix(SUFFIX.decode())
        what = f"the record of the kernel {name}"
        data = self._elf.at_address(symbol.value, RECORD.size, what)
        nbytes, n_args, x, y, z, _, in_place, step = RECORD.unpack(data)
        at = pointers.get(symbol.value + ARGUMENTS_AT, in_place)
        is_walkable = at and ARGUMENT.size <= step <= LARGEST_ARGUMENT
        if nbytes < RECORD.size or n_args > MOST_ARGUMENTS or (n_args and not is_walkable):
            self._elf.source.refuse(
                f"{what} is damaged: {nbytes} bytes, {n_args} arguments of {step} bytes each",
                self._elf.offset_of(symbol.value, what),
            )
        is_size = min(x, y, z) > 0 and x * y * z < LARGEST_GROUP
        if not is_size and not x == y == z == 0:
            self._elf.source.refuse(
                f"{what} is damaged: a group of {x} x {y} x {z}",
                self._elf.offset_of(symbol.value, what) + 8,
            )
        self._elf.source.admit(n_args)
        places = [Place(name, index, at + index * step) for index in range(n_args)]
        return KernelInfo(name=name, arguments=(), group=(x, y, z)), places

    def _with_arguments(
        self, kernels: dict[str, KernelInfo], places: list[Place]
    ) -> dict[str, KernelInfo]:
        pointers = self._pointers(place.address + at for place in places for at in (0, TYPE_AT))
        found: dict[str, list[ArgumentInfo]] = {name: [] for name in kernels}
        for place in places:
            found[place.kernel].append(self._argument(place, pointers))
        return {
            name: replace(kernel, arguments=tuple(found[name])) for name, kernel in kernels.items()
        }

    def _argument(self, place: Place, pointers: dict[int, int]) -> ArgumentInfo:
        what = f"argument {place.number} of the kernel {place.kernel}"
        data = self._elf.at_address(place.address, ARGUMENT.size, what)
        name_at, type_at, nbytes, letter = ARGUMENT.unpack(data)
        if letter not in ACCESS:
            self._elf.source.refuse(
                f"{what}: one of the letters v, i, o, b was expected",
                self._elf.offset_of(place.address, what) + ARGUMENT.size - 1,
            )
        name = self._text(pointers.get(place.address, name_at), f"the name of {what}")
        type_ = self._text(pointers.get(place.address + TYPE_AT, type_at), f"the type of {what}")
        if letter == b"v":
            return ArgumentInfo(place.number, VALUE, nbytes, name=name, type=type_)
        return ArgumentInfo(
            place.number,
            POINTER,
            POINTER_NBYTES,
            name=name,
            type=type_,
            access=ACCESS[letter],
            element_nbytes=nbytes,
        )

    def _text(self, address: int, what: str) -> str:
        if not address:
            return ""
        return self._elf.source.text(self._elf.offset_of(address, what), what)

    # ---- relocations -----------------------------------------------------------------------------

    def _pointers(self, addresses: Iterable[int]) -> dict[int, int]:
        """Return what the loader would write at some addresses; others keep what is there."""
        wanted, machine = set(addresses), self._elf.header.machine
        relative, absolute = RELATIVE.get(machine), ABSOLUTE.get(machine)
        found: dict[int, int] = {}
        for section in self._elf.sections:
            if section.type != SHT_RELA:
                continue
            count = section.nbytes // RELOCATION.size
            what = f"the relocations {section.name}"
            rows = self._elf.source.table(RELOCATION, section.offset, count, what)
            for address, info, addend in rows:
                if address not in wanted:
                    continue
                kind = info & 0xFFFFFFFF
                if kind == relative:
                    found[address] = addend & _MASK
                elif kind == absolute:
                    value = self._symbol_value(section.link, info >> 32)
                    found[address] = (value + addend) & _MASK
        return found

    def _symbol_value(self, table: int, number: int) -> int:
        sections, what = self._elf.sections, "the symbol of a relocation"
        if table >= len(sections):
            self._elf.source.refuse(f"{what} was expected in one of {len(sections)} sections")
        row = self._elf.source.fields(SYMBOL, sections[table].offset + number * SYMBOL.size, what)
        return int(row[4])


_MASK = (1 << 64) - 1
