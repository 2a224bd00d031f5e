"""Reads SPIR-V modules: their kernels, and what the types of the parameters say about arguments."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from nexus._internal.inspecting.facts import (
    GROUP_MEMORY,
    IMAGE,
    OTHER,
    POINTER,
    SAMPLER,
    UNKNOWN,
    VALUE,
    ArgumentInfo,
    KernelInfo,
    LibraryInfo,
)
from nexus._internal.inspecting.source import Source, decoded

LITTLE, BIG = b"\x03\x02\x23\x07", b"\x07\x23\x02\x03"
MAGICS = (LITTLE, BIG)
HEADER_WORDS = 5
MOST_NBYTES = 1 << 26  # of a module: 64 MiB
LARGEST = 1 << 31  # of a size

NAME, ENTRY_POINT, EXECUTION_MODE = 5, 15, 16
TYPE_INT, TYPE_FLOAT, TYPE_VECTOR, TYPE_IMAGE, TYPE_SAMPLER = 21, 22, 23, 25, 26
TYPE_ARRAY, TYPE_STRUCT, TYPE_POINTER, CONSTANT = 28, 30, 32, 43
FUNCTION, FUNCTION_PARAMETER, FUNCTION_END = 54, 55, 56
KERNEL_MODEL = 6  # of an entry point
LOCAL_SIZE = 17  # execution mode
WORKGROUP, PRIVATE = 4, 7  # storage classes
DECORATE, PARAMETER_ATTRIBUTE, NO_WRITE = 71, 38, 6
POINTER_NBYTES = 8
DEPTH = 16  # of types inside one another
SCALARS = {TYPE_INT: "int", TYPE_FLOAT: "float"}
OBJECTS = {TYPE_IMAGE: IMAGE, TYPE_SAMPLER: SAMPLER}


@dataclass
class Module:
    """What was read of a module.

    Attributes:
        entries: id -> name of the kernels.
        groups: id of a kernel -> its group size.
        names: id -> name, where the module kept them.
        types: id -> (operation, operands).
        parameters: id of a function -> (id, type) of its parameters.
        read_only: ids of parameters that are not written through.
        layouts: id of a type -> bytes, alignment; 0, 1: not known.
        is_kernel: whether the entries are kernels, and no shaders.
    """

    entries: dict[int, str] = field(default_factory=dict)
    groups: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    types: dict[int, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    parameters: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    read_only: set[int] = field(default_factory=set)
    layouts: dict[int, tuple[int, int]] = field(default_factory=dict)
    is_kernel: bool = True


def read(source: Source) -> LibraryInfo:
    """Return what a SPIR-V module says about its kernels."""
    module, version = Module(), source.head(8)
    function = 0
    for operation, operands, at in instructions(source):
        if operation == FUNCTION and len(operands) >= 2:
            function = operands[1]
            module.parameters[function] = []
        elif operation == FUNCTION_END:
            function = 0
        elif operation == FUNCTION_PARAMETER and function and len(operands) >= 2:
            module.parameters[function].append((operands[1], operands[0]))
        else:
            _declare(source, module, operation, operands, at)
    kernels: dict[str, KernelInfo] = {}
    for number, name in module.entries.items():
        parameters = module.parameters.get(number, [])
        source.admit(len(parameters))
        kernels[name] = KernelInfo(
            name=name,
            arguments=_arguments(module, parameters) if module.is_kernel else None,
            group=module.groups.get(number, (0, 0, 0)),
        )
    major, minor = (version[6], version[5]) if version[:4] == LITTLE else (version[5], version[6])
    return LibraryInfo("spirv", "", kernels, f"SPIR-V {major}.{minor}")


def instructions(source: Source) -> Iterator[tuple[int, tuple[int, ...], int]]:
    """Yield (operation, operands, place) of the instructions of a module."""
    if source.nbytes > MOST_NBYTES or source.nbytes % 4:
        source.refuse(f"words of 4 bytes, at most {MOST_NBYTES} of them, were expected")
    data = source.part(0, source.nbytes, "the module")
    order = "<" if data[:4] == LITTLE else ">"
    if len(data) < 4 * HEADER_WORDS:
        source.refuse(f"a header of {4 * HEADER_WORDS} bytes was expected", 0)
    at = 4 * HEADER_WORDS
    while at < len(data):
        (word,) = struct.unpack_from(f"{order}I", data, at)
        count, operation = word >> 16, word & 0xFFFF
        if not 0 < count <= (len(data) - at) // 4:
            source.refuse(
                f"an instruction of 1 to {(len(data) - at) // 4} words was expected, not {count}",
                at,
            )
        if operation in INTERESTING:
            yield operation, struct.unpack_from(f"{order}{count - 1}I", data, at + 4), at
        at += 4 * count


def _declare(
    source: Source, module: Module, operation: int, operands: tuple[int, ...], at: int
) -> None:
    if len(operands) < LEAST_OPERANDS.get(operation, 1):
        source.refuse("an instruction with more operands was expected", at)
    if operation == NAME:
        module.names[operands[0]] = _text(operands[1:])
    elif operation == ENTRY_POINT:
        module.entries[operands[1]] = _text(operands[2:])
        module.is_kernel = operands[0] == KERNEL_MODEL
    elif operation == EXECUTION_MODE:
        if operands[1] == LOCAL_SIZE and len(operands) >= 5:
            x, y, z = operands[2:5]
            if not 0 < x * y * z < LARGEST:
                source.refuse(f"a group was expected and is {x} x {y} x {z}", at)
            module.groups[operands[0]] = (x, y, z)
    elif operation == DECORATE:
        if operands[1:] == (PARAMETER_ATTRIBUTE, NO_WRITE):
            module.read_only.add(operands[0])
    elif operation == CONSTANT:
        module.types[operands[1]] = (operation, operands[2:3])
    else:
        module.types[operands[0]] = (operation, operands[1:])


def _arguments(module: Module, parameters: list[tuple[int, int]]) -> tuple[ArgumentInfo, ...]:
    found = []
    for index, (number, type_) in enumerate(parameters):
        kind, nbytes, spelled = _kind(module, type_)
        access = "in" if kind == POINTER and number in module.read_only else ""
        name = module.names.get(number, "")
        found.append(ArgumentInfo(index, kind, nbytes, None, name, spelled, access))
    return tuple(found)


def _kind(module: Module, type_: int) -> tuple[str, int, str]:
    """Return the kind, the bytes and the spelling of an argument of a type."""
    operation, operands = module.types.get(type_, (0, ()))
    if operation == TYPE_POINTER:
        if operands[0] == WORKGROUP:
            return GROUP_MEMORY, 0, ""
        if operands[0] == PRIVATE:  # so a struct is passed by value
            return VALUE, _layout(module, operands[1])[0], ""
        return POINTER, POINTER_NBYTES, ""
    if operation in OBJECTS:
        return OBJECTS[operation], POINTER_NBYTES, ""
    nbytes = _layout(module, type_)[0]
    spelled = f"{SCALARS[operation]}{operands[0]}" if operation in SCALARS else ""
    return (VALUE if nbytes else OTHER if operation else UNKNOWN), nbytes, spelled


def _layout(module: Module, type_: int, depth: int = 0) -> tuple[int, int]:
    """Return the bytes and the alignment of a type; 0, 1: not known."""
    if type_ in module.layouts or depth > DEPTH:
        return module.layouts.get(type_, (0, 1))
    module.layouts[type_] = (0, 1)  # a type inside itself has no size
    operation, operands = module.types.get(type_, (0, ()))
    found = (0, 1)
    if operation in SCALARS and operands[0] in (8, 16, 32, 64):
        found = (operands[0] // 8, operands[0] // 8)
    elif operation == TYPE_POINTER:
        found = (POINTER_NBYTES, POINTER_NBYTES)
    elif operation == TYPE_VECTOR:
        count = 4 if operands[1] == 3 else operands[1]  # three have the room of four
        nbytes = _layout(module, operands[0], depth + 1)[0] * min(count, 16)
        found = (nbytes, max(1, nbytes))
    elif operation == TYPE_ARRAY:
        (count,) = module.types.get(operands[1], (0, (0,)))[1][:1] or (0,)
        nbytes, align = _layout(module, operands[0], depth + 1)
        found = (nbytes * min(count, LARGEST), align)
    elif operation == TYPE_STRUCT:
        found = _of_members([_layout(module, each, depth + 1) for each in operands])
    module.layouts[type_] = found if found[0] < LARGEST else (0, 1)
    return module.layouts[type_]


def _of_members(members: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the bytes and the alignment of a struct; 0, 1: of a member nothing is known."""
    if not all(nbytes for nbytes, _ in members):
        return 0, 1
    end, largest = 0, 1
    for nbytes, align in members:
        end = -(-end // align) * align + nbytes
        largest = max(largest, align)
    return -(-end // largest) * largest, largest


def _text(words: tuple[int, ...]) -> str:
    """Return the string that begins with a word."""
    return decoded(struct.pack(f"<{len(words)}I", *words).partition(b"\0")[0])


LEAST_OPERANDS = {
    NAME: 2,
    ENTRY_POINT: 3,
    EXECUTION_MODE: 2,
    TYPE_INT: 3,
    TYPE_FLOAT: 2,
    TYPE_VECTOR: 3,
    TYPE_POINTER: 3,
    CONSTANT: 3,
    DECORATE: 2,
    TYPE_ARRAY: 3,
}
INTERESTING = frozenset((*LEAST_OPERANDS, TYPE_IMAGE, TYPE_SAMPLER, TYPE_STRUCT))
INTERESTING |= {FUNCTION, FUNCTION_PARAMETER, FUNCTION_END}
