"""Fatbins: with and without compression, written here and by nvcc."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

import nexus
from binaries import containers, nvidia
from binaries.containers import CUBIN, LZ4, PTX, ZSTD
from nexus import BinaryFormatError
from nexus._internal.inspecting import compression
from nexus._internal.inspecting.source import Source

TEXT = b".version 8.4\n.target sm_80\n.entry k(.param .f32 a) { ret; }\n"


@pytest.mark.parametrize("packed", [0, LZ4, ZSTD])
def test_parts_are_read_whatever_compressed_them(packed: int) -> None:
    if packed == ZSTD and containers.zstd_module() is None:
        pytest.skip("this Python has no zstd: pip install 'nexus-accelerator[inspect]'")
    cubin = nvidia.compiled("sm_90").binary
    data = containers.fatbin((CUBIN, 90, cubin, packed), (PTX, 80, TEXT, packed))
    found = nexus.inspect(data)
    assert (found.kind, found.architecture) == ("fatbin", "")
    assert found.architectures == ["sm_90", "sm_80"]
    assert [part.kind for part in found.parts] == ["cubin", "ptx"]
    assert found.for_architecture("sm_90") == nexus.inspect(cubin)
    assert found.kernels["saxpy"] == nexus.inspect(cubin).kernels["saxpy"]
    assert [*found.parts[1].kernels] == ["k"]
    with pytest.raises(KeyError, match="this fatbin is not for 'sm_70'; it is for sm_90, sm_80"):
        found.for_architecture("sm_70")


def test_one_architecture_may_be_in_several_parts() -> None:
    cubin, other = nvidia.compiled("sm_90").binary, TEXT.replace(b"sm_80", b"sm_90")
    text = nvidia.compiled("compute_90").binary.rstrip(b"\0")
    data = containers.fatbin((PTX, 90, text, 0), (CUBIN, 90, cubin, LZ4), (PTX, 90, other, 0))
    found = nexus.inspect(data)
    assert found.architecture == "sm_90"
    library = found.for_architecture("sm_90")
    assert library.kernels == found.kernels
    assert library.parts == found.parts
    assert library.kernels["saxpy"] == nexus.inspect(cubin).kernels["saxpy"]  # not that of PTX
    assert library.kernels["k"] == nexus.inspect(other).kernels["k"]


def test_what_cannot_be_unpacked_hides_no_other_part(monkeypatch: pytest.MonkeyPatch) -> None:
    if containers.zstd_module() is None:
        pytest.skip("this Python has no zstd: pip install 'nexus-accelerator[inspect]'")
    data = containers.fatbin((PTX, 90, TEXT, ZSTD), (PTX, 80, TEXT, LZ4))
    monkeypatch.setattr(compression, "ZSTD_MODULES", ("there_is_no_such_module",))
    packed, other = nexus.inspect(data).parts
    assert (packed.architecture, packed.kernels) == ("sm_90", {})
    assert "compressed with zstd" in packed.problem
    assert "pip install 'nexus-accelerator[inspect]'" in packed.problem
    assert [*other.kernels] == ["k"]


def test_a_block_with_matches_is_unpacked() -> None:
    # "abcabcabcabcX": three literals, a match of nine, 3 back, that overlaps itself; one literal.
    block = bytes([0x35]) + b"abc" + b"\x03\x00" + bytes([0x10]) + b"X"
    source = Source.of_bytes(block)
    assert compression.lz4_block(source, block, 13) == b"abcabcabcabcX"


@pytest.mark.parametrize(
    ("block", "nbytes"),
    [
        (b"\x30abc", 4),  # too short
        (b"\x40abc", 4),  # literals that are not there
        (b"\x30abc\x09\x00", 9),  # further back than the beginning
        (b"\x30abc\x00\x00", 9),
        (b"\x3fabc\x01\x00\xff\xff", 999),  # a length without an end
        (b"\xf0\xff\xff", 9),
    ],
)
def test_a_damaged_block_is_refused(block: bytes, nbytes: int) -> None:
    source = Source.of_bytes(block)
    with pytest.raises(BinaryFormatError, match="was expected|were expected"):
        compression.lz4_block(source, block, nbytes)


def test_what_unpacks_to_more_than_memory_is_left_as_it_is() -> None:
    data = bytearray(containers.fatbin((PTX, 80, TEXT, LZ4)))
    data[16 + 56 : 16 + 64] = struct.pack("<Q", 1 << 40)
    (part,) = nexus.inspect(bytes(data)).parts
    assert (part.kind, part.architecture, part.kernels) == ("ptx", "sm_80", {})
    assert "is not unpacked to 1099511627776 bytes: of all that is compressed" in part.problem


@pytest.mark.parametrize(
    ("at", "form", "value", "why"),
    [
        (4 + 2, "<H", 0, "a header of 16 bytes or more was expected"),
        (8, "<Q", 1 << 60, "the contents of a fatbin of .* bytes was expected"),
        (16 + 4, "<I", 0, "a header of 64 bytes or more"),
        (16 + 8, "<Q", 1 << 50, "an entry of .* bytes was expected"),
        (16 + 16, "<I", 1 << 30, "at most .* compressed bytes were expected"),
    ],
)
def test_damage_is_refused_with_its_place(at: int, form: str, value: int, why: str) -> None:
    data = bytearray(containers.fatbin((PTX, 80, TEXT, 0)))
    struct.pack_into(form, data, at, value)
    with pytest.raises(BinaryFormatError, match=why) as caught:
        nexus.inspect(bytes(data))
    assert caught.value.offset is not None


@pytest.mark.parametrize("mode", ["none", "balance", "size", "speed"])
def test_what_nvcc_writes_is_read(mode: str, tmp_path: Path) -> None:
    if shutil.which("nvcc") is None:
        pytest.skip("there is no nvcc")
    if mode in ("balance", "size") and containers.zstd_module() is None:
        pytest.skip("this Python has no zstd: pip install 'nexus-accelerator[inspect]'")
    source, made = tmp_path / "k.cu", tmp_path / "k.fatbin"
    source.write_text(nvidia.SOURCE)
    targets = ["-gencode=arch=compute_75,code=sm_75", "-gencode=arch=compute_90,code=compute_90"]
    command = ["nvcc", "-fatbin", f"--compress-mode={mode}", *targets, str(source), "-o", str(made)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "compress-mode" in done.stderr:
        pytest.skip("this nvcc has no --compress-mode")
    assert done.returncode == 0, done.stderr
    found = nexus.inspect(made)
    assert sorted(part.kind for part in found.parts) == ["cubin", "ptx"]
    assert not any(part.problem for part in found.parts)
    for part in found.parts:
        assert {"saxpy", "tiled", "stacked", "none", "big"} <= set(part.kernels)
