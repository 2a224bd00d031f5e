"""Reads code objects, what AMD's GPUs run: ELF files with a note that describes their kernels.

The note is a MessagePack map whose members LLVM's "User Guide for AMDGPU Backend" lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexus._internal.inspecting import msgpack, portable
from nexus._internal.inspecting.elf import SHT_DYNSYM, SHT_SYMTAB, Elf
from nexus._internal.inspecting.facts import (
    GROUP_MEMORY,
    IMAGE,
    OTHER,
    POINTER,
    SAMPLER,
    VALUE,
    ArgumentInfo,
    KernelInfo,
    LibraryInfo,
)
from nexus._internal.inspecting.source import Source

NT_METADATA = 32  # of the owner AMDGPU, from version 3 of code objects on
NT_OLD_METADATA = 10  # of the owner AMD: YAML, version 2
MOST_METADATA = 1 << 25  # bytes: 32 MiB
LARGEST = 1 << 31  # of a number in the metadata
KINDS = {
    "by_value": VALUE,
    "global_buffer": POINTER,
    "dynamic_shared_pointer": GROUP_MEMORY,
    "image": IMAGE,
    "sampler": SAMPLER,
    "pipe": OTHER,
    "queue": OTHER,
}
ACCESS = {"read_only": "in", "write_only": "out", "read_write": "inout"}


def read(source: Source) -> LibraryInfo:
    """Return what a code object says about its kernels."""
    elf = Elf(source)
    metadata = _metadata(elf)
    target = _Member(source, metadata, "the metadata").text("amdhsa.target")
    records = {
        symbol.name: symbol
        for table in (SHT_SYMTAB, SHT_DYNSYM)
        for _, symbol in elf.symbols(table, portable.SUFFIX.encode())
    }
    kernels: dict[str, KernelInfo] = {}
    for each in _Member(source, metadata, "the metadata").maps("amdhsa.kernels"):
        kernel = _kernel(_Member(source, each, "a kernel"))
        if record := records.get(kernel.name + portable.SUFFIX):
            kernel = portable.with_record(kernel, elf.of_symbol(record))
        kernels.setdefault(kernel.name, kernel)
    return LibraryInfo("hsaco", architecture_of(target), kernels, target)


def architecture_of(target: str) -> str:
    """Return the architecture of a target id.

    >>> architecture_of("amdgcn-amd-amdhsa--gfx90a:sramecc+:xnack-")
    'gfx90a'
    """
    words = target.partition(":")[0].split("-", 4)  # machine, vendor, system, environment, name
    return words[4] if len(words) == 5 else ""


def _metadata(elf: Elf) -> Mapping[str, Any]:
    for kind, content in elf.notes(b"AMDGPU"):
        if kind == NT_METADATA:
            if content.nbytes > MOST_METADATA:
                elf.source.refuse(f"metadata of at most {MOST_METADATA} bytes was expected")
            found = msgpack.read(content)
            if not isinstance(found, dict):
                content.refuse("a map was expected as metadata", 0)
            return found
    if any(kind == NT_OLD_METADATA for kind, _ in elf.notes(b"AMD")):
        elf.source.refuse(
            "it is a code object of version 2, which compilers made until 2020; build it again"
        )
    elf.source.refuse("a note of the owner AMDGPU with metadata was expected")


class _Member:
    """Members of a map, each checked to be what it should be."""

    def __init__(self, source: Source, found: Mapping[str, Any], what: str) -> None:
        self._source, self._found, self._what = source, found, what

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def number(self, name: str) -> int:
        """Return a count or size; 0: it is not there."""
        value = self._found.get(name, 0)
        if not isinstance(value, int) or not 0 <= value < LARGEST:
            self._refuse(name, f"a number from 0 to {LARGEST - 1}")
        return int(value)

    def text(self, name: str) -> str:
        """Return a name; empty: it is not there."""
        value = self._found.get(name, "")
        return value if isinstance(value, str) else self._refuse(name, "a string")

    def maps(self, name: str) -> list[dict[str, Any]]:
        """Return a list of maps; empty: it is not there."""
        value = self._found.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self._refuse(name, "a list of maps")
        return list(value)

    def group(self, name: str) -> tuple[int, int, int]:
        """Return a group size; zeros: it is not there."""
        value = self._found.get(name, [0, 0, 0])
        if not isinstance(value, list) or len(value) != 3:
            self._refuse(name, "three numbers")
        x, y, z = (_Member(self._source, {name: each}, self._what).number(name) for each in value)
        if not (x * y * z or x == y == z == 0) or x * y * z >= LARGEST:
            self._refuse(name, "the size of a group")
        return x, y, z

    def _refuse(self, name: str, expected: str) -> Any:
        self._source.refuse(f"{expected} was expected as {name} of {self._what} in the metadata")


def _kernel(member: _Member) -> KernelInfo:
    given: list[ArgumentInfo] = []
    hidden: list[ArgumentInfo] = []
    for each in member.maps(".args"):
        one = _Member(member._source, each, "an argument")
        if one.text(".value_kind").startswith("hidden_"):
            hidden.append(_argument(one, len(hidden)))
        else:
            given.append(_argument(one, len(given)))
    member._source.admit(len(given) + len(hidden))
    return KernelInfo(
        registers=member.number(".vgpr_count"),
        group_memory=member.number(".group_segment_fixed_size"),
        name=member.text(".name"),
        arguments=tuple(given),
        hidden_arguments=tuple(hidden),
        argument_nbytes=member.number(".kernarg_segment_size"),
        group=member.group(".reqd_workgroup_size"),
        max_group_size=member.number(".max_flat_workgroup_size"),
        private_memory=member.number(".private_segment_fixed_size"),
        spilled_registers=member.number(".vgpr_spill_count"),
        scalar_registers=member.number(".sgpr_count"),
        simd_size=member.number(".wavefront_size"),
    )


def _argument(member: _Member, index: int) -> ArgumentInfo:
    kind = member.text(".value_kind")
    access = ACCESS.get(member.text(".actual_access") or member.text(".access"), "")
    if not access and ".is_const" in member and KINDS.get(kind) == POINTER:
        access = "in"
    return ArgumentInfo(
        index,
        KINDS.get(kind, OTHER),
        member.number(".size"),
        member.number(".offset"),
        member.text(".name") or kind.removeprefix("hidden_") * kind.startswith("hidden_"),
        member.text(".type_name"),
        access,
    )
