"""Reads cubins: ELF files with the machine code of NVIDIA's GPUs.

What the driver has to know stands in `.nv.info` (of all kernels) and `.nv.info.NAME`, lists of
attributes whose numbers and forms are those that cuobjdump prints by name. What compilers from 11.8
to 13.5 write was looked at; docs/adr/0008 has the observations.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import replace

from nexus._internal.inspecting import portable
from nexus._internal.inspecting.elf import SHT_SYMTAB, Elf, Section, Symbol
from nexus._internal.inspecting.facts import (
    POINTER,
    UNKNOWN,
    VALUE,
    ArgumentInfo,
    KernelInfo,
    LibraryInfo,
)
from nexus._internal.inspecting.source import Source

ABI_WITH_NEW_FLAGS = 8  # of the ELF header; older ones have the architecture in the lowest byte
SPECIFIC_NEW, SPECIFIC_OLD = 0x8, 0x800  # flags of code for one architecture only, sm_90a
STO_ENTRY = 0x10  # of a symbol: a kernel, not a function that kernels call
RESERVED_FROM, RESERVED_NBYTES = 90, 1024  # group memory that every kernel of sm_90 and up gets
POINTER_NBYTES = 8
LARGEST_GROUP = 1 << 20  # work-items; a thousand times what devices can
WARP = 32  # work-items, on every architecture

ATTRIBUTE = struct.Struct("<BBH")
HAS_VALUE = 4  # the form of an attribute that is followed by so many bytes as it says
SHORT, WORDS_2, WORDS_3 = (struct.Struct(form) for form in ("<H", "<II", "<III"))
PARAMETER = struct.Struct("<IHHI")
MAX_THREADS, REQNTID, FRAME_SIZE, MIN_STACK_SIZE = 0x05, 0x10, 0x11, 0x12
KPARAM_INFO, CBANK_PARAM_SIZE, REGCOUNT, KPARAM_INFO_V2 = 0x17, 0x19, 0x2F, 0x45
SIZE_SHIFT = 18  # of the size in KPARAM_INFO; KPARAM_INFO_V2 has it in the lower 16 bits
SPACE_SHIFTS = {KPARAM_INFO: 8, KPARAM_INFO_V2: 24}  # of four bits that say where it leads
GENERIC = 5  # there: a pointer; compilers say so from 13.0 and sm_100 on, before all have 0

COMPAT_SPECIFIC = (2, 9)  # form and attribute of .nv.compat: 1 for code for one architecture only


def architecture(elf: Elf) -> str:
    """Return what the code runs on, `sm_90` or `sm_90a`."""
    head = elf.header
    if head.abi_version >= ABI_WITH_NEW_FLAGS:
        number, is_specific = head.flags >> 8 & 0xFF, bool(head.flags & SPECIFIC_NEW)
        is_specific = is_specific or _says_specific(elf)
    else:
        number, is_specific = head.flags & 0xFF, bool(head.flags & SPECIFIC_OLD)
    return f"sm_{number}{'a' if is_specific else ''}"


def _says_specific(elf: Elf) -> bool:
    """Whether `.nv.compat` says that the code is for one architecture only."""
    section = elf.by_name.get(".nv.compat")
    data = elf.data(section) if section else b""
    at = 0
    while at + 4 <= len(data):
        form, attribute = data[at], data[at + 1]
        if (form, attribute) == COMPAT_SPECIFIC:
            return data[at + 2] == 1
        at += 4 + (int.from_bytes(data[at + 2 : at + 4], "little") if form == HAS_VALUE else 0)
    return False


def read(source: Source) -> LibraryInfo:
    """Return what a cubin says about its kernels."""
    elf = Elf(source)
    arch = architecture(elf)
    symbols = dict(elf.symbols(SHT_SYMTAB))
    figures = Figures(elf, symbols)
    records = {each.name: each for each in symbols.values() if each.name.endswith(portable.SUFFIX)}
    kernels: dict[str, KernelInfo] = {}
    for number, symbol in symbols.items():
        code = elf.by_name.get(f".text.{symbol.name}")
        if code and symbol.name and symbol.other & STO_ENTRY:
            kernel = figures.kernel(number, symbol, code, arch)
            source.admit(len(kernel.arguments or ()))
            if record := records.get(symbol.name + portable.SUFFIX):
                kernel = portable.with_record(kernel, elf.of_symbol(record))
            kernels[symbol.name] = kernel
    return LibraryInfo("cubin", arch, kernels)


class Figures:
    """What `.nv.info` and the sections of a cubin say about kernels."""

    def __init__(self, elf: Elf, symbols: dict[int, Symbol]) -> None:
        self._elf = elf
        self._registers: dict[int, int] = {}  # by number of the kernel's symbol
        self._private: dict[int, int] = {}
        section = elf.by_name.get(".nv.info")
        if section is None:
            return
        for attribute, value, at in self._attributes(section):
            if attribute in (REGCOUNT, FRAME_SIZE, MIN_STACK_SIZE):
                number, figure = self._words(WORDS_2, value, section, at)
                kept = self._registers if attribute == REGCOUNT else self._private
                kept[number] = max(figure, kept.get(number, 0))

    def kernel(self, number: int, symbol: Symbol, code: Section, arch: str) -> KernelInfo:
        """Return what is known of the kernel of a symbol."""
        group_memory = 0
        if shared := self._elf.by_name.get(f".nv.shared.{symbol.name}"):
            group_memory = shared.nbytes
            if int(arch[3:].rstrip("a")) >= RESERVED_FROM and group_memory >= RESERVED_NBYTES:
                group_memory -= RESERVED_NBYTES
        kernel = KernelInfo(
            registers=self._registers.get(number, code.info >> 24),
            group_memory=group_memory,
            name=symbol.name,
            private_memory=self._private.get(number, 0),
            simd_size=WARP,
        )
        section = self._elf.by_name.get(f".nv.info.{symbol.name}")
        return self._with_own(kernel, section) if section else kernel

    def _with_own(self, kernel: KernelInfo, section: Section) -> KernelInfo:
        """Add what the kernel's own attributes say."""
        arguments: dict[int, ArgumentInfo] = {}
        pointers: set[int] = set()
        for attribute, value, at in self._attributes(section):
            if attribute in (KPARAM_INFO, KPARAM_INFO_V2):
                _, ordinal, offset, last = self._words(PARAMETER, value, section, at)
                nbytes = last >> SIZE_SHIFT if attribute == KPARAM_INFO else last & 0xFFFF
                arguments[ordinal] = ArgumentInfo(ordinal, VALUE, nbytes, offset)
                if last >> SPACE_SHIFTS[attribute] & 15 == GENERIC:
                    pointers.add(ordinal)
            elif attribute == CBANK_PARAM_SIZE:
                (nbytes,) = self._words(SHORT, value, section, at)
                kernel = replace(kernel, argument_nbytes=nbytes)
            elif attribute in (REQNTID, MAX_THREADS):
                group = self._group(value, section, at)
                fixed = attribute == REQNTID
                kernel = replace(
                    kernel,
                    group=group if fixed else kernel.group,
                    group_size=math.prod(group) if fixed else kernel.group_size,
                    max_group_size=kernel.max_group_size if fixed else math.prod(group),
                )
        return replace(kernel, arguments=_with_kinds(arguments, pointers))

    def _attributes(self, section: Section) -> Iterator[tuple[int, bytes, int]]:
        """Yield (attribute, value, place) of a section."""
        data, at = self._elf.data(section), 0
        while at < len(data):
            if len(data) - at < ATTRIBUTE.size:
                self._elf.source.refuse(
                    f"an attribute of 4 bytes was expected in {section.name}", section.offset + at
                )
            form, attribute, small = ATTRIBUTE.unpack_from(data, at)
            nbytes = small if form == HAS_VALUE else 0
            begin = at + ATTRIBUTE.size
            if nbytes > len(data) - begin:
                self._elf.source.refuse(
                    f"{nbytes} bytes of attribute {attribute:#x} were expected in {section.name} "
                    f"and {len(data) - begin} are left",
                    section.offset + at,
                )
            value = data[begin : begin + nbytes] if nbytes else data[at + 2 : begin]
            yield attribute, value, at
            at = begin + nbytes

    def _group(self, value: bytes, section: Section, at: int) -> tuple[int, int, int]:
        x, y, z = self._words(WORDS_3, value, section, at)
        if not 0 < x * y * z <= LARGEST_GROUP:
            self._elf.source.refuse(
                f"a group of 1 to {LARGEST_GROUP} work-items was expected in {section.name} and is "
                f"{x} x {y} x {z}",
                section.offset + at,
            )
        return x, y, z

    def _words(
        self, form: struct.Struct, value: bytes, section: Section, at: int
    ) -> tuple[int, ...]:
        if len(value) != form.size:
            self._elf.source.refuse(
                f"an attribute of {form.size} bytes was expected in {section.name}",
                section.offset + at,
            )
        return form.unpack(value)


def _with_kinds(arguments: dict[int, ArgumentInfo], pointers: set[int]) -> tuple[ArgumentInfo, ...]:
    """Return arguments in order; where no compiler said what leads somewhere, 8 bytes may."""
    found = []
    for ordinal in sorted(arguments):
        argument = arguments[ordinal]
        if ordinal in pointers:
            argument = replace(argument, kind=POINTER)
        elif not pointers and argument.nbytes == POINTER_NBYTES:
            argument = replace(argument, kind=UNKNOWN)
        found.append(argument)
    return tuple(found)
