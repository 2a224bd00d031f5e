"""Reads the record that <nexus/kernel.h> puts beside each kernel: docs/launch_portable_kernels.md.

With it the arguments of a GPU's kernel have the names, types and kinds of the source, and the three
that the launcher adds are told apart.
"""

from __future__ import annotations

import struct
from dataclasses import replace

from nexus._internal.inspecting.facts import POINTER, VALUE, ArgumentInfo, KernelInfo
from nexus._internal.inspecting.source import decoded

SUFFIX = "__nxs_info"
VERSION = 1
MOST_ARGUMENTS = 16
HEAD = struct.Struct("<5I16I")
LARGEST = 4096  # bytes of a record
HIDDEN = ("nxs_grid_x", "nxs_grid_y", "nxs_grid_z")  # after the user's arguments
ACCESS = {"val": "", "in": "in", "out": "out", "inout": "inout"}


def with_record(kernel: KernelInfo, record: bytes) -> KernelInfo:
    """Return a kernel with what its record says; unchanged if the two do not fit together."""
    if not HEAD.size < len(record) <= LARGEST:
        return kernel
    version, n_args, x, y, z, *sizes = HEAD.unpack_from(record)
    text = decoded(record[HEAD.size :].partition(b"\0")[0])
    told = [_words(part) for part in text.split("),")]
    arguments = kernel.arguments or ()
    is_whole = version == VERSION and n_args == len(told) <= MOST_ARGUMENTS and all(told)
    if not is_whole or len(arguments) != n_args + len(HIDDEN):
        return kernel
    given = tuple(
        _merged(argument, words, nbytes)
        for argument, words, nbytes in zip(arguments, told, sizes, strict=False)
    )
    hidden = [
        replace(argument, kind=VALUE, name=name, type="nxs_uint32")
        for argument, name in zip(arguments[n_args:], HIDDEN, strict=True)
    ]
    hidden += kernel.hidden_arguments
    group = (x, y, z) if 0 < x * y * z < 1 << 31 else kernel.group
    fixed = x * y * z if group == (x, y, z) else kernel.group_size
    return replace(
        kernel,
        arguments=given,
        hidden_arguments=tuple(replace(each, index=i) for i, each in enumerate(hidden)),
        group=group,
        group_size=fixed,
    )


def _words(text: str) -> tuple[str, str, str] | None:
    """Return (access, type, name) of `inout(float, x`; None: it is none."""
    access, bracket, rest = text.strip().rstrip(")").partition("(")
    type_, comma, name = rest.rpartition(",")
    if access not in ACCESS or not bracket or not comma:
        return None
    return access, type_.strip(), name.strip()


def _merged(
    argument: ArgumentInfo, words: tuple[str, str, str] | None, nbytes: int
) -> ArgumentInfo:
    access, type_, name = words or ("val", "", "")
    is_value = access == "val"
    return replace(
        argument,
        kind=VALUE if is_value else POINTER,
        name=name,
        type=type_,
        access=ACCESS[access],
        element_nbytes=0 if is_value else nbytes,
    )
