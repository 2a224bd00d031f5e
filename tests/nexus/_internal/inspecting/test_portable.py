"""Portable kernels in GPUs' binaries: names and types are known, what is added is told apart."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

import nexus
from binaries import DATA, nvidia
from nexus import ArgumentInfo, BinaryFormatError, KernelInfo
from nexus._internal.compilers import headers
from nexus._internal.inspecting.elf import SHT_DYNSYM, Elf
from nexus._internal.inspecting.portable import with_record
from nexus._internal.inspecting.source import Source

SOURCE = DATA / "portable" / "kernels.nxs"


def library(kind: str) -> nexus.LibraryInfo:
    """Return what is read of the library of SOURCE."""
    if kind == "hsaco":
        return nexus.inspect(DATA / "portable" / "gfx1100.hsaco")
    source = headers.inlined(SOURCE.read_text(encoding="utf-8"), SOURCE.name)
    return nexus.inspect(nvidia.compiled(kind, source).binary)


@pytest.mark.parametrize("kind", ["hsaco", "sm_75", "sm_90", "sm_100", "compute_90"])
def test_a_portable_kernel_has_the_arguments_of_its_source(kind: str) -> None:
    kernels = library(kind).kernels
    saxpy, grouped = kernels["saxpy"], kernels["grouped"]
    assert saxpy.arguments == (
        ArgumentInfo(0, "value", 4, 0, "a", "float"),
        ArgumentInfo(1, "pointer", 8, 8, "x", "float", "in", 4),
        ArgumentInfo(2, "pointer", 8, 16, "y", "float", "inout", 4),
    )
    assert grouped.arguments == (
        ArgumentInfo(0, "value", 16, 0, "p", "Pair"),
        ArgumentInfo(1, "pointer", 8, 16, "x", "nxs_int32", "out", 4),
    )
    assert (grouped.group, grouped.group_size) == ((64, 2, 1), 128)
    hidden = [each.name for each in saxpy.hidden_arguments]
    assert hidden[:3] == ["nxs_grid_x", "nxs_grid_y", "nxs_grid_z"]
    assert [each.index for each in saxpy.hidden_arguments] == [*range(len(hidden))]
    assert ("block_count_x" in hidden) == (kind == "hsaco")  # the compiler adds some of its own


def record(
    version: int = 1, n: int = 2, text: bytes = b"val(float, a), in(float, x)\0", group: int = 0
) -> bytes:
    sizes = [4] * 2 + [0] * 14
    return struct.pack("<5I16I", version, n, group, 0, 0, *sizes) + text


ARGUMENTS = tuple(ArgumentInfo(i, "unknown", 8, 8 * i) for i in range(5))
KERNEL = KernelInfo(name="k", arguments=ARGUMENTS)


def test_a_record_that_fits_is_taken() -> None:
    found = with_record(KERNEL, record())
    assert [each.name for each in found.arguments or ()] == ["a", "x"]
    assert len(found.hidden_arguments) == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        record()[:84],
        record(version=2),
        record(n=3),
        record(n=17),
        record(text=b"val(float a), in(float, x)\0"),
        record(text=b"what(float, a), in(float, x)\0"),
        record(text=b"val(float, a)\0"),
        record() + bytes(5000),
    ],
)
def test_a_record_that_does_not_fit_changes_nothing(data: bytes) -> None:
    assert with_record(KERNEL, data) == KERNEL
    native = replace(KERNEL, arguments=ARGUMENTS[:4])
    assert with_record(native, record()) == native


def test_a_record_outside_of_the_file_is_refused() -> None:
    data = bytearray((DATA / "portable" / "gfx1100.hsaco").read_bytes())
    elf = Elf(Source.of_bytes(bytes(data)))
    _, symbol = next(elf.symbols(SHT_DYNSYM, b"saxpy__nxs_info"))
    at = data.index(struct.pack("<QQ", symbol.value, symbol.nbytes))
    for value in (0, (1 << 64) - 1):
        struct.pack_into("<Q", data, at, value)
        with pytest.raises(
            BinaryFormatError, match="what saxpy__nxs_info names (of .* )?was expected"
        ):
            nexus.inspect(bytes(data))
