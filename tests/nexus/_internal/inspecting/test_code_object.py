"""Code objects of AMD: those beside this file, and what the machine's own clang makes."""

from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path

import msgpack
import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import NoteSegment

import nexus
from binaries import DATA
from nexus import ArgumentInfo, BinaryFormatError
from nexus._internal.inspecting.code_object import architecture_of

MADE = sorted(DATA.glob("*.hsaco"))
FLAGS = ["-nogpulib", "-O2", "-x", "cl", "-cl-std=CL2.0", "-cl-no-stdinc", "-w", "-c"]


@pytest.fixture(params=MADE, ids=lambda path: path.stem)
def code_object(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def metadata(data: bytes) -> dict[str, object]:
    """Return the note as pyelftools and msgpack read it."""
    for segment in ELFFile(io.BytesIO(data)).iter_segments("PT_NOTE"):
        assert isinstance(segment, NoteSegment)
        for note in segment.iter_notes():
            if note["n_name"] == "AMDGPU":
                description = note["n_descdata"]
                return dict(msgpack.unpackb(description))
    raise AssertionError("no note")


def test_every_figure_is_that_of_an_independent_parser(code_object: Path) -> None:
    found = nexus.inspect(code_object)
    there = metadata(code_object.read_bytes())
    assert found.target == there["amdhsa.target"]
    described = there["amdhsa.kernels"]
    assert isinstance(described, list)
    assert [each[".name"] for each in described] == [*found.kernels]
    for each in described:
        kernel = found.kernels[each[".name"]]
        assert kernel.registers == each[".vgpr_count"]
        assert kernel.scalar_registers == each[".sgpr_count"]
        assert kernel.spilled_registers == each[".vgpr_spill_count"]
        assert kernel.group_memory == each[".group_segment_fixed_size"]
        assert kernel.private_memory == each[".private_segment_fixed_size"]
        assert kernel.argument_nbytes == each[".kernarg_segment_size"]
        assert kernel.simd_size == each[".wavefront_size"]
        assert kernel.max_group_size == each[".max_flat_workgroup_size"]
        assert [*kernel.group] == each.get(".reqd_workgroup_size", [0, 0, 0])
        arguments = [*(kernel.arguments or ()), *kernel.hidden_arguments]
        assert [(a.offset, a.nbytes) for a in arguments] == [
            (a[".offset"], a[".size"]) for a in each.get(".args", [])
        ]


def test_what_the_source_says_is_found(code_object: Path) -> None:
    found = nexus.inspect(code_object)
    assert (found.kind, found.architecture) == ("hsaco", code_object.stem)
    assert found.kernels["saxpy"].arguments == (
        ArgumentInfo(0, "value", 4, 0, "", "float"),
        ArgumentInfo(1, "pointer", 8, 8, "", "float*", "in"),
        ArgumentInfo(2, "pointer", 8, 16, "", "float*"),
        ArgumentInfo(3, "value", 4, 24, "", "int"),
    )
    tiled = found.kernels["tiled"]
    assert [each.kind for each in tiled.arguments or ()] == [
        "pointer",
        "value",
        "group memory",
        "pointer",
        "value",
        "image",
    ]
    assert (tiled.group, tiled.group_size, tiled.group_memory) == ((64, 2, 1), 128, 1024)
    assert found.kernels["stacked"].private_memory >= 256
    assert len(found.kernels["hidden"].arguments or ()) == 1
    assert "block_count_x" in [each.name for each in found.kernels["hidden"].hidden_arguments]
    assert found.kernels["saxpy"].hidden_arguments == ()


def test_advice_takes_a_kernel_as_it_was_read(code_object: Path) -> None:
    kernel = nexus.inspect(code_object).kernels["tiled"]
    advice = nexus.advise(code_object.stem, kernel)
    assert [each.group_size for each in advice.group_sizes()] == [128]


def test_an_object_that_was_not_linked_is_read(tmp_path: Path) -> None:
    made = tmp_path / "made.o"
    command = ["clang", "--target=amdgcn-amd-amdhsa", "-mcpu=gfx90a", *FLAGS]
    try:
        done = subprocess.run(
            [*command, str(DATA / "kernels.cl"), "-o", str(made)], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("there is no clang")
    if "unable to create target" in done.stderr or "unknown target" in done.stderr:
        pytest.skip("this clang knows no AMD GPU")
    assert done.returncode == 0, done.stderr
    found = nexus.inspect(made)
    assert found.architecture == "gfx90a"
    assert found.kernels["tiled"].group == (64, 2, 1)


@pytest.mark.parametrize(
    ("target", "architecture"),
    [
        ("amdgcn-amd-amdhsa--gfx90a", "gfx90a"),
        ("amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-", "gfx942"),
        ("amdgcn-amd-amdhsa--gfx9-4-generic:xnack+", "gfx9-4-generic"),
        ("amdgcn-amd-amdhsa-unknown-gfx1100", "gfx1100"),
        ("nonsense", ""),
    ],
)
def test_the_architecture_of_a_target(target: str, architecture: str) -> None:
    assert architecture_of(target) == architecture


def elf_with_note(value: object) -> bytes:
    """Return the smallest code object that has a value as its metadata."""
    data = value if isinstance(value, bytes) else msgpack.packb(value)
    note = struct.pack("<III", 7, len(data), 32) + b"AMDGPU\0\0" + data + bytes(-len(data) % 4)
    identity = struct.pack("<4sBBBBB7x", b"\x7fELF", 2, 1, 1, 64, 4)
    rest = struct.pack("<HHIQQQIHHHHHH", 3, 224, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, len(note), len(note), 4)
    return identity + rest + segment + note


KERNEL = {".name": "k", ".args": [{".value_kind": "by_value", ".size": 4, ".offset": 0}]}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "a map was expected as metadata"),
        ({"amdhsa.kernels": 3}, "a list of maps was expected as amdhsa.kernels of the metadata"),
        ({"amdhsa.kernels": [3]}, "a list of maps was expected"),
        ({"amdhsa.kernels": [KERNEL | {".name": 7}]}, "a string was expected as .name of a kernel"),
        ({"amdhsa.kernels": [KERNEL | {".vgpr_count": -1}]}, "a number from 0 to 2147483647"),
        ({"amdhsa.kernels": [KERNEL | {".vgpr_count": 1.5}]}, "a number from 0"),
        ({"amdhsa.kernels": [KERNEL | {".reqd_workgroup_size": [1, 2]}]}, "three numbers"),
        ({"amdhsa.kernels": [KERNEL | {".reqd_workgroup_size": [0, 2, 2]}]}, "size of a group"),
        ({"amdhsa.kernels": [KERNEL | {".reqd_workgroup_size": [2**30] * 3}]}, "size of a group"),
        ({1: 2}, "a name was expected as the key of a map"),
        (b"\x91" * 40 + b"\xc0", "at most 2097152 values, 16 deep"),
        (b"\xdd\xff\xff\xff\xff", "4294967295 values were expected and 0 bytes left"),
        (b"\xdf\xff\xff\xff\xff", "values were expected"),
        (b"\xdb\xff\xff\xff\xff", "a string of 4294967295 bytes was expected"),
        (b"\xcd\x01", "a number of 2 bytes was expected and the metadata ends"),
        (b"\xc1", "0xc1 begins none"),
        (b"", "a value of 1 bytes? was expected"),
    ],
)
def test_damaged_metadata_is_refused_with_what_was_expected(value: object, why: str) -> None:
    with pytest.raises(BinaryFormatError, match=why):
        nexus.inspect(elf_with_note(value))


def test_the_smallest_code_object_is_read() -> None:
    value = {"amdhsa.target": "amdgcn-amd-amdhsa--gfx1100", "amdhsa.kernels": [KERNEL]}
    found = nexus.inspect(elf_with_note(value))
    assert found.kernels["k"].arguments == (ArgumentInfo(0, "value", 4, 0),)


def test_an_old_code_object_is_told_apart() -> None:
    data = (
        elf_with_note({})
        .replace(b"AMDGPU\0\0", b"AMD\0\0\0\0\0")
        .replace(struct.pack("<III", 7, 1, 32), struct.pack("<III", 7, 1, 10))
    )
    with pytest.raises(BinaryFormatError, match="a code object of version 2, which compilers made"):
        nexus.inspect(data)
