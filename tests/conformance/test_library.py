"""Libraries: from memory and from files, and what is none is refused."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conformance.c_api import CApi
from conformance.harness import Lab, refused
from nexus.bindings.enums import Property, Status

KERNELS = {"scale", "scalars", "item_ids", "group_ids", "turn_around", "count"}
Binaries = Callable[[str], bytes]


def test_a_library_from_memory_gives_kernels(lab: Lab, binaries: Binaries) -> None:
    data = bytearray(binaries("kernels"))
    library = lab.own("library", lab.api.create_library(lab.device, data))
    data[:] = bytes(len(data))  # the bytes were copied
    kernel = lab.own("kernel", lab.api.get_kernel(library, "count"))
    counter = lab.buffer(4)
    lab.run_kernel(kernel, [counter], grid=7)
    lab.needs("kernels_compute")
    assert lab.read(counter, np.int32).tolist() == [7]


def test_a_library_from_a_file_outlives_the_file(
    lab: Lab, binaries: Binaries, tmp_path: Path
) -> None:
    path = tmp_path / "kernels of the käse.lib"
    path.write_bytes(binaries("kernels"))
    library = lab.own("library", lab.api.create_library_from_file(lab.device, str(path)))
    path.write_bytes(b"overwritten")
    path.unlink()
    kernel = lab.own("kernel", lab.api.get_kernel(library, "count"))
    counter = lab.buffer(4)
    lab.run_kernel(kernel, [counter], grid=7)
    lab.needs("kernels_compute")
    assert lab.read(counter, np.int32).tolist() == [7]


def test_a_file_that_was_written_again_gives_the_new_kernels(
    lab: Lab, binaries: Binaries, tmp_path: Path
) -> None:
    lab.needs("native_kernels")
    path = tmp_path / "kernels.lib"
    libraries = []
    for name in ("kernels", "native"):
        path.write_bytes(binaries(name))
        handle = lab.api.create_library_from_file(lab.device, str(path))
        libraries.append(lab.own("library", handle))
    lab.own("kernel", lab.api.get_kernel(libraries[0], "scale"))
    lab.own("kernel", lab.api.get_kernel(libraries[1], "sum_in_group_memory"))
    with refused(Status.InvalidKernelName):
        lab.api.get_kernel(libraries[1], "scale")


def test_the_kernels_of_a_library_are_listed(lab: Lab) -> None:
    lab.needs("kernel_info")
    library = lab.library()
    names = lab.api.get_library_kernels(library)
    assert set(names) >= KERNELS
    assert len(names) == len(set(names)) == lab.get("library", library, Property.Count)
    for name in names:
        lab.own("kernel", lab.api.get_kernel(library, name))


def test_the_list_of_kernels_is_read_with_the_size_that_was_asked_for(
    lab: Lab, runtime: int
) -> None:
    lab.needs("kernel_info")
    c_api, library, size = CApi(runtime), lab.library(), ctypes.c_size_t(0)
    name = "nxsGetLibraryKernels"
    assert c_api.call(name, library, None, ctypes.byref(size)) == Status.Success
    needed, room = size.value, ctypes.create_string_buffer(b"\xee" * (size.value + 8))
    size.value = needed - 1
    assert c_api.call(name, library, room, ctypes.byref(size)) == Status.InvalidArgSize
    assert room.raw[: needed + 8] == b"\xee" * (needed + 8)
    size.value = needed + 8
    assert c_api.call(name, library, room, ctypes.byref(size)) == Status.Success
    assert size.value == needed
    assert room.raw[needed - 1 : needed + 8] == b"\0" + b"\xee" * 8


def test_the_binary_of_a_library_is_the_library_again(
    lab: Lab, binaries: Binaries, runtime: int
) -> None:
    lab.needs("library_binary")
    library = lab.own("library", lab.api.create_library(lab.device, binaries("kernels")))
    c_api, room = CApi(runtime), ctypes.c_size_t()
    status = c_api.call("nxsGetLibraryBinary", library, None, ctypes.byref(room))
    if status == Status.NotSupported:
        pytest.skip(f"this driver gives no binaries: {c_api.last_error()}")
    binary = ctypes.create_string_buffer(b"\xee" * room.value)
    room.value -= 1
    status = c_api.call("nxsGetLibraryBinary", library, binary, ctypes.byref(room))
    assert (status, set(binary.raw[:-1])) == (Status.InvalidArgSize, {0xEE})
    again = lab.own(
        "library", lab.api.create_library(lab.device, lab.api.get_library_binary(library))
    )
    assert lab.api.get_library_kernels(again) == lab.api.get_library_kernels(library)
    kernel = lab.own("kernel", lab.api.get_kernel(again, "count"))
    counter = lab.buffer(4)
    lab.run_kernel(kernel, [counter], grid=7)
    lab.needs("kernels_compute")
    assert lab.read(counter, np.int32).tolist() == [7]


def test_a_library_loaded_twice_is_two_libraries(lab: Lab, binaries: Binaries) -> None:
    first = lab.own("library", lab.api.create_library(lab.device, binaries("kernels")))
    second = lab.own("library", lab.api.create_library(lab.device, binaries("kernels")))
    assert first != second
    lab.api.release_library(first)
    lab.own("kernel", lab.api.get_kernel(second, "count"))
    with refused(Status.InvalidLibrary):
        lab.api.get_kernel(first, "count")


def test_a_kernel_keeps_its_released_library(lab: Lab, binaries: Binaries) -> None:
    library = lab.api.create_library(lab.device, binaries("kernels"))
    kernel = lab.own("kernel", lab.api.get_kernel(library, "count"))
    lab.api.release_library(library)
    counter = lab.buffer(4)
    lab.run_kernel(kernel, [counter], grid=3)
    lab.needs("kernels_compute")
    assert lab.read(counter, np.int32).tolist() == [3]


@pytest.mark.parametrize("data", [b"", b"x", b"some text\n" * 100, bytes(4096)], ids=len)
def test_bytes_that_are_no_library_are_refused(lab: Lab, data: bytes, tmp_path: Path) -> None:
    lab.needs("libraries_are_checked")
    with refused(Status.InvalidBinary, Status.BuildProgramFailure):
        lab.api.create_library(lab.device, data)
    path = tmp_path / "none.lib"
    path.write_bytes(data)
    with refused(Status.InvalidBinary, Status.BuildProgramFailure):
        lab.api.create_library_from_file(lab.device, str(path))


@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_library_that_was_cut_short_is_refused(lab: Lab, binaries: Binaries, part: float) -> None:
    lab.needs("libraries_are_checked")
    data = binaries("kernels")
    with refused(Status.InvalidBinary, Status.BuildProgramFailure):
        lab.api.create_library(lab.device, data[: int(part * len(data))])


@pytest.mark.parametrize("machine", [0, 8, 22, 0xFFFF], ids=["none", "mips", "s390", "no such"])
def test_a_library_for_another_machine_is_refused(
    lab: Lab, binaries: Binaries, machine: int
) -> None:
    lab.needs("libraries_are_checked")
    data = bytearray(binaries("kernels"))
    if data[:4] != b"\x7fELF":
        pytest.skip("the library is no ELF file, where the number of the machine has its place")
    data[18:20] = machine.to_bytes(2, "little")
    with refused(Status.InvalidBinary, Status.BuildProgramFailure):
        lab.api.create_library(lab.device, data)


def test_a_path_that_leads_to_no_file_is_refused(lab: Lab, tmp_path: Path) -> None:
    lab.needs("libraries_are_checked")
    for path in (tmp_path / "missing", tmp_path, tmp_path / ("long" * 2000)):
        with refused(Status.InvalidBinary, Status.InvalidValue):
            lab.api.create_library_from_file(lab.device, str(path))
    with refused(Status.InvalidValue):
        lab.api.create_library_from_file(lab.device, "")


def test_a_library_tells_what_it_is(lab: Lab, binaries: Binaries, tmp_path: Path) -> None:
    path = tmp_path / "kernels.lib"
    path.write_bytes(binaries("kernels"))
    library = lab.own("library", lab.api.create_library_from_file(lab.device, str(path)))
    assert lab.get("library", library, Property.ID) == library
    assert lab.get("library", library, Property.Device) == lab.device
    assert lab.get("library", library, Property.Location) == str(path)
    kinds = lab.api.get_runtime_property(Property.BinaryKinds)
    assert lab.get("library", library, Property.Type) in kinds
