"""A library for another device is refused by what it is, where that is the reason."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

import nexus
from binaries import DATA, containers
from nexus._internal.inspecting.refusal import Taker, explained, of_source
from nexus.bindings.enums import Status

CODE = DATA / "gfx90a.hsaco"
REFUSED = nexus.InvalidArgumentError("cannot load it", Status.InvalidBinary, "nxsX", "gpu", 0)


@pytest.fixture
def device() -> nexus.Device:
    return nexus.get_runtime("cpu").get_device(0)


def test_the_message_says_what_it_is_and_what_is_taken(device: nexus.Device) -> None:
    arch = device.get_property_str("Architecture")
    words = f"it is a code object for gfx90a, and cpu:0 \\({arch}\\) takes elf"
    with pytest.raises(nexus.InvalidArgumentError, match=words) as caught:
        device.load_library(CODE)
    assert caught.value.status == Status.InvalidBinary
    assert caught.value.function == "nxsCreateLibraryFromFile"
    with pytest.raises(nexus.InvalidArgumentError, match=words):
        device.create_library(memoryview(CODE.read_bytes()))
    bundle = containers.bundle({"hip-amdgcn-amd-amdhsa--gfx90a": CODE.read_bytes()})
    with pytest.raises(nexus.InvalidArgumentError, match="an offload bundle for gfx90a"):
        device.create_library(bundle)


def test_what_is_no_library_and_what_is_damaged_keep_their_message(device: nexus.Device) -> None:
    for data in (b"no library at all", b"\x7fELF", bytes(99)):
        with pytest.raises(nexus.InvalidArgumentError) as caught:
            device.create_library(data)
        assert "takes elf" not in str(caught.value)


def test_the_host_library_of_another_machine_is_told(device: nexus.Device, tmp_path: Path) -> None:
    made = tmp_path / "made.so"
    made.write_bytes(
        struct.pack("<4sBBBBB7x", b"\x7fELF", 2, 1, 1, 0, 0)
        + struct.pack("<HHIQQQIHHHHHH", 3, 258, 1, 0, 0, 0, 0, 64, 0, 0, 64, 0, 0)
    )
    with pytest.raises(nexus.InvalidArgumentError, match="it is a shared object for loongarch64"):
        device.load_library(made)


def test_only_what_is_for_something_else_is_told() -> None:
    data = CODE.read_bytes()
    same = Taker("hip:0", "gfx90a", ["hsaco"])
    other = Taker("hip:0", "gfx1100", ["hsaco", "bundle"])
    assert explained(REFUSED, data, same) is REFUSED
    assert explained(REFUSED, data, other).message == (
        "cannot load it; it is a code object for gfx90a, and hip:0 (gfx1100) takes hsaco and bundle"
    )
    busy = nexus.InvalidArgumentError("no", Status.InvalidDevice)
    assert explained(busy, data, other) is busy
    assert explained(REFUSED, "/there/is/no/such/file", other) is REFUSED
    assert explained(REFUSED, "/", other) is REFUSED


def test_text_that_does_not_compile_is_told_apart_from_libraries() -> None:
    failed = nexus.CompileError("it does not compile\nlog", None, "nxsX", "opencl", 0)
    taker = Taker("opencl:0", "any", ["opencl-c"])
    told = of_source(failed, b"kernel void k() {", taker)
    assert isinstance(told, nexus.CompileError)
    assert told.message.startswith("it does not compile; source that includes headers is for ")
    assert told.log == "log"
    refused = of_source(failed, CODE.read_bytes(), taker)
    assert isinstance(refused, nexus.InvalidArgumentError)
    assert refused.message.startswith("cannot load the library in memory: it is a code object")
    same = Taker("hip:0", "gfx90a", ["hsaco"])
    assert of_source(failed, CODE.read_bytes(), same) is failed
