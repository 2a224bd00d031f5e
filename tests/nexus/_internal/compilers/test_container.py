"""The file of a compiled library: whole, damaged, of another version, for another runtime."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

import nexus
from nexus._internal.compilers.container import (
    MAGIC,
    Container,
    DamagedContainerError,
    is_container,
    unpack,
)

FACTS = {"Compiler": "cc", "Log": "süß\n", "Includes": [["/a", 1, 2, "f"]]}
SOURCE = """
#include <nexus/kernel.h>
NXS_KERNEL(twice, inout(float, x)) { x[nxs_global_id(0)] *= 2; }
"""


def made_of(facts: bytes, binary: bytes, version: int = 1) -> bytes:
    digest = hashlib.sha256(facts + binary).digest()
    return (
        struct.pack("<8sIIQ32s", MAGIC, version, len(facts), len(binary), digest) + facts + binary
    )


def test_what_was_packed_is_unpacked() -> None:
    packed = Container(b"\0binary\xff", FACTS).pack()
    assert is_container(packed)
    assert unpack(packed, "x") == Container(b"\0binary\xff", FACTS)


def test_a_container_that_is_cut_anywhere_is_refused() -> None:
    packed = Container(b"binary", FACTS).pack()
    for end in range(len(packed)):
        with pytest.raises(DamagedContainerError, match=r"^x "):
            unpack(packed[:end], "x")
    with pytest.raises(DamagedContainerError, match=f"has {len(packed) + 1} bytes"):
        unpack(packed + b"!", "x")


def test_a_container_that_is_changed_anywhere_is_refused() -> None:
    packed = Container(b"binary", FACTS).pack()
    for place in range(len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 0x20
        with pytest.raises(DamagedContainerError):
            unpack(bytes(changed), "x")


@pytest.mark.parametrize("facts", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_facts_that_are_none_are_refused(facts: bytes) -> None:
    with pytest.raises(DamagedContainerError, match="facts that are no JSON object"):
        unpack(made_of(facts, b"binary"), "x")


def test_another_version_is_told() -> None:
    with pytest.raises(DamagedContainerError, match="is of version 2 .* reads version 1"):
        unpack(made_of(b"{}", b"", version=2), "x")


@pytest.mark.parametrize("data", [b"", MAGIC[:7], 3, np.zeros((2, 8), np.uint8), np.zeros(8, "f2")])
def test_what_is_no_container_is_left_to_others(data: object) -> None:
    assert not is_container(data)  # type: ignore[arg-type]


def test_a_device_loads_a_container(device: nexus.Device, tmp_path: Path) -> None:
    from nexus._internal import compilers

    binary = compilers.get("cc").compile(SOURCE).binary
    packed = Container(binary, {"Compiler": "cc"}).pack()
    file = tmp_path / "twice.nxsb"
    file.write_bytes(packed)
    for library in (device.load_library(file), device.create_library(packed)):
        x = np.arange(3, dtype=np.float32)
        library.get_kernel("twice")(x, grid=3)
        assert x.tolist() == [0, 2, 4]


def test_a_damaged_file_is_refused_with_its_name(device: nexus.Device, tmp_path: Path) -> None:
    file = tmp_path / "a.nxsb"
    file.write_bytes(Container(b"binary", {"Compiler": "cc"}).pack()[:-1])
    with pytest.raises(nexus.InvalidArgumentError, match=r"cannot load a library: .*a\.nxsb has"):
        device.load_library(file)
    file.write_bytes(b"text")
    with pytest.raises(nexus.InvalidArgumentError, match=r"a\.nxsb does not begin as"):
        device.load_library(file)


def test_a_container_for_another_runtime_is_refused(
    device: nexus.Device, null_device: nexus.Device
) -> None:
    packed = Container(b"ptx", {"Compiler": "nvrtc", "Architecture": "sm_90"}).pack()
    whose = r"it was compiled for the runtime cuda \(sm_90\) and this device is of the runtime"
    with pytest.raises(nexus.InvalidArgumentError, match=f"{whose} cpu; compile its source again"):
        device.create_library(packed)
    with pytest.raises(nexus.InvalidArgumentError, match=f"{whose} null, which has no compiler"):
        null_device.create_library(packed)


@pytest.mark.parametrize("compiler", ["cc2", None, ["cc"], {}])
def test_a_container_of_nobody_known_is_refused(device: nexus.Device, compiler: object) -> None:
    packed = Container(b"code", {"Compiler": compiler}).pack()
    with pytest.raises(nexus.InvalidArgumentError, match="for a runtime that this nexus does not"):
        device.create_library(packed)
