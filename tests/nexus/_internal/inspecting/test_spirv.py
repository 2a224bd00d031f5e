"""SPIR-V: a module of clang's, and modules that are none."""

from __future__ import annotations

import struct

import pytest

import nexus
from binaries import DATA
from fuzz import seeds
from nexus import ArgumentInfo, BinaryFormatError

MODULE = (DATA / "kernels.spv").read_bytes()


def test_kernels_have_the_arguments_of_their_source() -> None:
    found = nexus.inspect(MODULE)
    assert (found.kind, found.architecture, found.target) == ("spirv", "", "SPIR-V 1.4")
    assert [*found.kernels] == ["saxpy", "tiled", "none"]
    assert found.kernels["saxpy"].arguments == (
        ArgumentInfo(0, "value", 4, None, "", "float32"),
        ArgumentInfo(1, "pointer", 8, None, "", "", "in"),
        ArgumentInfo(2, "pointer", 8),
        ArgumentInfo(3, "value", 4, None, "", "int32"),
    )
    tiled = found.kernels["tiled"]
    assert tiled.group == (8, 4, 1)
    assert [(each.kind, each.nbytes) for each in tiled.arguments or ()] == [
        ("pointer", 8),
        ("value", 8),  # a struct
        ("group memory", 0),
        ("pointer", 8),
        ("value", 16),
        ("image", 8),
        ("sampler", 8),
        ("value", 8),
        ("value", 1),
    ]
    assert found.kernels["none"].arguments == ()


def test_the_other_byte_order_is_the_same() -> None:
    words = struct.unpack(f"<{len(MODULE) // 4}I", MODULE)
    # Names are bytes in words, lowest first, in either order.
    assert nexus.inspect(struct.pack(f">{len(words)}I", *words)) == nexus.inspect(MODULE)


def test_names_are_told_where_they_were_kept() -> None:
    arguments = nexus.inspect(seeds.spirv()).kernels["seed"].arguments
    assert arguments is not None
    assert (arguments[0].name, arguments[0].kind) == ("x", "pointer")


def module(*instructions: tuple[int, ...]) -> bytes:
    """Return a module of instructions, each an operation and its operands."""
    words = [0x07230203, 0x00010000, 0, 99, 0]
    for operation, *operands in instructions:
        words += [(len(operands) + 1) << 16 | operation, *operands]
    return struct.pack(f"<{len(words)}I", *words)


def argument(*types: tuple[int, ...]) -> tuple[str, int]:
    """Return (kind, bytes) of a kernel's argument of the last type; its id is 20."""
    entry = (15, 6, 10, *struct.unpack("<I", b"k\0\0\0"))
    data = module(entry, *types, (54, 1, 10, 0, 1), (55, 20, 11), (56,))
    (found,) = nexus.inspect(data).kernels["k"].arguments or ()
    return found.kind, found.nbytes


@pytest.mark.parametrize(
    ("types", "found"),
    [
        ([], ("unknown", 0)),
        ([(21, 20, 64, 0)], ("value", 8)),
        ([(21, 20, 7, 0)], ("other", 0)),
        ([(22, 1, 32), (23, 20, 1, 3)], ("value", 16)),
        ([(22, 1, 64), (21, 2, 8, 0), (30, 20, 2, 1, 2)], ("value", 24)),
        ([(21, 1, 32, 0), (43, 1, 2, 6), (28, 20, 1, 2)], ("value", 24)),
        ([(21, 1, 32, 0), (30, 3, 1, 1), (32, 20, 7, 3)], ("value", 8)),
        ([(30, 20, 20)], ("other", 0)),  # inside itself
        ([(28, 20, 20, 20)], ("other", 0)),
        ([(21, 1, 32, 0), (43, 1, 2, (1 << 32) - 1), (28, 20, 1, 2)], ("other", 0)),
    ],
)
def test_the_size_of_a_type(types: list[tuple[int, ...]], found: tuple[str, int]) -> None:
    assert argument(*types) == found


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (MODULE[:8], "a header of 20 bytes was expected"),
        (MODULE[:-2], "words of 4 bytes"),
        (MODULE[:24], "an instruction of 1 to 1 words"),
        (module((15, 6)), "an instruction with more operands was expected"),
        (module((16, 1, 17, 0, 1, 1)), "a group was expected and is 0 x 1 x 1"),
        (module()[:20] + bytes(4), "an instruction of 1 to 1 words was expected, not 0"),
    ],
)
def test_damage_is_refused_with_its_place(data: bytes, why: str) -> None:
    with pytest.raises(BinaryFormatError, match=why) as caught:
        nexus.inspect(data)
    assert "4 bytes" in why or caught.value.offset is not None
