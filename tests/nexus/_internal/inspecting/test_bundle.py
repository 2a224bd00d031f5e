"""Offload bundles: those that hipcc would make of the code objects beside this file."""

from __future__ import annotations

import struct

import pytest

import nexus
from binaries import DATA, containers
from nexus import BinaryFormatError
from nexus._internal.inspecting import compression

ENTRIES = {
    "host-x86_64-unknown-linux-gnu-": b"",
    "hipv4-amdgcn-amd-amdhsa--gfx90a:xnack-": (DATA / "gfx90a.hsaco").read_bytes(),
    "hipv4-amdgcn-amd-amdhsa--gfx1100": (DATA / "gfx1100.hsaco").read_bytes(),
}
BUNDLE = containers.bundle(ENTRIES)


def test_each_target_is_a_part() -> None:
    found = nexus.inspect(BUNDLE)
    assert (found.kind, found.architectures) == ("bundle", ["gfx90a", "gfx1100"])
    for name in found.architectures:
        assert found.for_architecture(name) == nexus.inspect(DATA / f"{name}.hsaco")


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("method", [0, 1])
def test_a_compressed_bundle_is_the_same(version: int, method: int) -> None:
    if method == 1 and containers.zstd_module() is None:
        pytest.skip("this Python has no zstd: pip install 'nexus-accelerator[inspect]'")
    data = containers.compressed_bundle(BUNDLE, version, method)
    assert nexus.inspect(data) == nexus.inspect(BUNDLE)


def test_what_cannot_be_unpacked_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    if containers.zstd_module() is None:
        pytest.skip("this Python has no zstd: pip install 'nexus-accelerator[inspect]'")
    monkeypatch.setattr(compression, "ZSTD_MODULES", ())
    found = nexus.inspect(containers.compressed_bundle(BUNDLE, 2, 1))
    assert "pip install 'nexus-accelerator[inspect]'" in found.problem


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (BUNDLE[:24] + struct.pack("<Q", 1 << 40), "at most 1024 entries were expected"),
        (BUNDLE[:40], "an entry of 24 bytes was expected"),
        (BUNDLE[:48] + struct.pack("<Q", 1 << 40) + BUNDLE[56:], "an id of at most 1024 bytes"),
        (BUNDLE[:-100], "the contents of hipv4-amdgcn-amd-amdhsa--gfx1100 of .* was expected"),
        (b"CCOB" + struct.pack("<HH", 9, 0) + bytes(40), "version 1, 2, 3 was expected, not 9"),
        (b"CCOB" + struct.pack("<HH", 2, 7) + bytes(40), "not method 7"),
        (b"CCOB" + struct.pack("<HHII", 2, 0, 99, 99) + bytes(40), "a zlib stream was expected"),
        (containers.bundle({"hip-a": BUNDLE[:0] + containers.bundle({})}), ""),
    ],
)
def test_damage_is_refused_with_what_was_expected(data: bytes, why: str) -> None:
    if not why:
        assert nexus.inspect(data).kernels == {}
        return
    with pytest.raises(BinaryFormatError, match=why):
        nexus.inspect(data)


def test_what_unpacks_to_more_than_memory_is_left_as_it_is() -> None:
    data = b"CCOB" + struct.pack("<HHII", 2, 0, 99, 1 << 31) + bytes(40)
    assert "it is not unpacked to 2147483648 bytes" in nexus.inspect(data).problem


def test_bundles_inside_one_another_have_an_end() -> None:
    data = BUNDLE
    for _ in range(5):
        data = containers.bundle({"hip-nested": data})
    with pytest.raises(BinaryFormatError, match="inside one another, more than 3 deep"):
        nexus.inspect(data)


def test_entries_that_are_all_the_same_bytes_are_refused() -> None:
    code = ENTRIES["hipv4-amdgcn-amd-amdhsa--gfx1100"]
    entry = struct.pack("<QQQ", 24 + 8 + 1000 * 25, len(code), 1) + b"x"
    data = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", 1000) + entry * 1000 + code
    with pytest.raises(BinaryFormatError, match="its parts overlap"):
        nexus.inspect(data)
