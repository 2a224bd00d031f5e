"""Kernel libraries that are none, change or lie: a sentence each, and running kernels go on."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import nexus
from doubles import fresh

HEAD = "#include <nexus/cpu_kernel.h>\n"
ADD = HEAD + "NXS_CPU_KERNEL(add, inout(int, x)) {{ x[0] += {}; }}\n"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about ELF files")


def built(folder: Path, source: str, name: str = "library") -> Path:
    """Build a library of C."""
    text = folder / f"{name}.c"
    text.write_text(source, encoding="utf-8")
    path = folder / f"{name}.so"
    command = ["cc", "-O1", "-fPIC", "-shared", f"-I{nexus.get_include()}", str(text)]
    subprocess.run([*command, "-o", str(path)], check=True)
    return path


def added(library: nexus.Library) -> int:
    """Return what the kernel of ADD adds."""
    x = np.zeros(1, np.int32)
    library.get_kernel("add")(x, grid=1)
    return int(x[0])


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))


@pytest.mark.parametrize(
    ("make", "kind", "why"),
    [
        (lambda path: None, FileNotFoundError, "no such library file"),
        (lambda path: path.symlink_to("/nowhere"), FileNotFoundError, "no such library file"),
        (Path.mkdir, nexus.InvalidArgumentError, "it is no file"),
        (os.mkfifo, nexus.InvalidArgumentError, "it is no file"),
        (make_socket, nexus.InvalidArgumentError, "it is no file"),
        (lambda path: path.symlink_to("/dev/zero"), nexus.InvalidArgumentError, "it is no file"),
        (lambda path: path.write_bytes(b""), nexus.InvalidArgumentError, "no ELF shared object"),
        (
            lambda path: path.write_text("#!/bin/sh\n" * 100),
            nexus.InvalidArgumentError,
            "no ELF shared object",
        ),
    ],
    ids=["missing", "dangling", "folder", "fifo", "socket", "device", "empty", "text"],
)
@linux
def test_what_is_no_library_is_refused(
    make: Callable[[Path], object],
    kind: type[Exception],
    why: str,
    device: nexus.Device,
    tmp_path: Path,
) -> None:
    path = tmp_path / "l.so"
    make(path)
    with pytest.raises(kind, match=why) as caught:
        device.load_library(path)
    assert str(path) in str(caught.value)


@linux
def test_a_library_of_another_machine_is_refused(device: nexus.Device, tmp_path: Path) -> None:
    path = built(tmp_path, ADD.format(1))
    content = bytearray(path.read_bytes())
    for at, byte in ((4, 1), (5, 2), (18, 8)):
        other = bytearray(content)
        other[at] = byte
        path.write_bytes(other)
        with pytest.raises(nexus.InvalidArgumentError, match="it is for another machine"):
            device.load_library(path)


def test_a_library_that_may_not_be_read_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "secret.so"
    path.write_bytes(b"secret")
    path.chmod(0)
    for parent in path.parents[:-1]:
        if parent.stat().st_uid == os.geteuid():
            parent.chmod(parent.stat().st_mode | 0o055)
    drop = "os.seteuid(65534)" if os.geteuid() == 0 else ""
    printed = fresh.run(f"""
    import dataclasses, os, nexus  # Python's own modules may be out of reach afterwards
    device = nexus.device("cpu")
    {drop}
    try:
        device.load_library({str(path)!r})
    except nexus.InvalidArgumentError as error:
        print(error)
    """)
    assert f"cannot load {path}: Permission denied" in printed


@pytest.mark.parametrize("name", ["größe.so", "two words.so", "gr\udcf6.so", "-o.so", "$ORIGIN.so"])
def test_a_file_may_be_called_anything(name: str, device: nexus.Device, tmp_path: Path) -> None:
    path = built(tmp_path, ADD.format(3)).rename(tmp_path / name)
    assert added(device.load_library(path)) == 3
    path.write_bytes(b"no longer")
    with pytest.raises(nexus.InvalidArgumentError, match="no ELF shared object") as caught:
        device.load_library(path)
    assert str(caught.value).isprintable()


def test_a_path_with_a_nul_names_no_file(device: nexus.Device) -> None:
    with pytest.raises((FileNotFoundError, ValueError)):
        device.load_library("/tmp/a\0b.so")


def test_a_file_that_was_built_again_is_the_new_code(device: nexus.Device, tmp_path: Path) -> None:
    path = built(tmp_path, ADD.format(1))
    old = device.load_library(path)
    content = built(tmp_path, ADD.format(10), "other").read_bytes()
    path.write_bytes(content)  # in place
    fresh_one = device.load_library(path)
    (tmp_path / "other.so").replace(path)  # and another file of the name
    again = device.load_library(path)
    path.unlink()
    assert [added(library) for library in (old, fresh_one, again)] == [1, 10, 10]
    with pytest.raises(FileNotFoundError):
        device.load_library(path)


def test_a_file_that_is_overwritten_while_its_kernel_runs_does_no_harm(
    device: nexus.Device, tmp_path: Path
) -> None:
    source = HEAD + (
        "NXS_CPU_KERNEL(spin, inout(int, x)) {\n"
        "  while (__atomic_load_n(&x[0], __ATOMIC_ACQUIRE) == 0) {}\n"
        "  x[1] = 7;\n}\n"
    )
    path = built(tmp_path, source)
    kernel = device.load_library(path).get_kernel("spin")
    x = np.zeros(2, np.int32)
    run = kernel(device.create_buffer(x, copy=False), grid=1, blocking=False)
    assert run is not None
    path.write_bytes(bytes(path.stat().st_size))
    path.unlink()
    assert not run.done
    x[0] = 1
    run.wait(30)
    assert x[1] == 7


@pytest.mark.parametrize("name", ["", "a\0b", "add\0"])
def test_a_name_that_cannot_be_one_is_refused(
    name: str, device: nexus.Device, tmp_path: Path
) -> None:
    library = device.load_library(built(tmp_path, ADD.format(1)))
    with pytest.raises(ValueError, match="name"):
        library.get_kernel(name)


@pytest.mark.parametrize("unchecked", [False, True])
@pytest.mark.parametrize(
    "name", ["x" * 1_000_000, "add ", "ADD", "größe", "malloc", "printf", "_init", "\n", "%s%n"]
)
def test_a_kernel_that_is_not_there_is_told_in_a_sentence(
    name: str, unchecked: bool, device: nexus.Device, tmp_path: Path
) -> None:
    library = device.load_library(built(tmp_path, ADD.format(1)))
    with pytest.raises(nexus.KernelNotFoundError, match="its kernels: add") as caught:
        library.get_kernel(name, unchecked=unchecked)
    assert len(str(caught.value)) < 1000


@linux
def test_a_kernel_may_have_a_name_of_any_letters(device: nexus.Device, tmp_path: Path) -> None:
    source = ADD.format(4).replace("add", "größe")
    library = device.load_library(built(tmp_path, source))
    assert library.kernels == ["größe"]
    x = np.zeros(1, np.int32)
    library.get_kernel("größe")(x, grid=1)
    assert x[0] == 4


@linux
@pytest.mark.parametrize(
    "symbol",
    [
        "int thing[64] = {1};",
        "int thing[64];",
        'const char thing[] = "data";',
        "__thread int thing = 5;",
        'extern char end_; char end_; extern char thing __attribute__((alias("end_")));',
    ],
)
def test_data_is_no_kernel_unchecked_or_not(
    symbol: str, device: nexus.Device, tmp_path: Path
) -> None:
    library = device.load_library(built(tmp_path, ADD.format(1) + symbol))
    with pytest.raises(nexus.KernelNotFoundError, match="thing has no record"):
        library.get_kernel("thing")
    with pytest.raises(nexus.KernelNotFoundError, match="thing is no function"):
        library.get_kernel("thing", unchecked=True)


RECORD = (
    HEAD
    + """
NXS_CPU_EXPORT void odd(void *const *args, const nxs_cpu_launch *launch) {}
static const nxs_arg_info arguments[] = {{"x", "int", 4, 'b'}};
"""
)


@pytest.mark.parametrize(
    "fields",
    [
        ".struct_size = 0, .n_args = 1, .args = arguments, .arg_nbytes = sizeof(nxs_arg_info)",
        ".struct_size = 8, .n_args = 1, .args = arguments, .arg_nbytes = sizeof(nxs_arg_info)",
        ".struct_size = sizeof(nxs_kernel_info), .n_args = 0xFFFFFFFF, .args = arguments, "
        ".arg_nbytes = sizeof(nxs_arg_info)",
        ".struct_size = sizeof(nxs_kernel_info), .n_args = 1, .args = 0, "
        ".arg_nbytes = sizeof(nxs_arg_info)",
        ".struct_size = sizeof(nxs_kernel_info), .n_args = 1, .args = arguments, .arg_nbytes = 0",
        ".struct_size = sizeof(nxs_kernel_info), .n_args = 1, .args = arguments,"
        ".arg_nbytes = sizeof(nxs_arg_info) + 1",
        ".struct_size = sizeof(nxs_kernel_info), .n_args = 2, .args = arguments, "
        ".arg_nbytes = 0x80000000",
    ],
)
def test_a_record_that_makes_no_sense_is_refused(
    fields: str, device: nexus.Device, tmp_path: Path
) -> None:
    source = RECORD + f"NXS_CPU_EXPORT const nxs_kernel_info odd__nxs_info = {{{fields}}};\n"
    library = device.load_library(built(tmp_path, source))
    for unchecked in (False, True):
        with pytest.raises(nexus.KernelNotFoundError, match="info record of kernel odd is damaged"):
            library.get_kernel("odd", unchecked=unchecked)


@linux
@pytest.mark.parametrize(
    "record",
    [
        "NXS_CPU_EXPORT const char odd__nxs_info = 40;",
        "NXS_CPU_EXPORT void odd__nxs_info(void) {}",
        "__thread int odd__nxs_info = 3;",
    ],
)
def test_a_record_that_is_too_small_or_code_is_refused(
    record: str, device: nexus.Device, tmp_path: Path
) -> None:
    library = device.load_library(built(tmp_path, RECORD + record))
    with pytest.raises(nexus.KernelNotFoundError, match="info record of kernel odd is damaged"):
        library.get_kernel("odd")


def test_a_record_may_be_larger_and_say_odd_things_in_words(
    device: nexus.Device, tmp_path: Path
) -> None:
    source = (
        RECORD
        + r"""
    static const nxs_arg_info odd_arguments[] = {
        {0, 0, 4, 'i'}, {"\x01\"\\\n", "gr\xf6", 8, '?'}, {"", "", (uint32_t)-1, 'v'}};
    NXS_CPU_EXPORT const nxs_kernel_info odd__nxs_info = {
        .struct_size = 4096, .n_args = 3, .group = {-1, 0, 1 << 30}, .args = odd_arguments,
        .arg_nbytes = sizeof(nxs_arg_info)};
    """
    )
    kernel = device.load_library(built(tmp_path, source)).get_kernel("odd")
    assert [argument.name for argument in kernel.info] == ["", '\x01"\\\n', ""]
    assert kernel.info[1].type == "gr\ufffd"
    assert isinstance(repr(kernel.info), str)
    with pytest.raises((nexus.NexusError, ValueError, TypeError)):
        kernel(np.zeros(1, np.int32), np.zeros(1, np.int32), 5, grid=1)


def test_bytes_that_change_beside_the_call_are_a_library_or_refused(
    device: nexus.Device, tmp_path: Path
) -> None:
    content = bytearray(built(tmp_path, ADD.format(1)).read_bytes())
    address = ctypes.addressof(ctypes.c_char.from_buffer(content))
    assert address
    library = device.create_library(content)
    content[:] = bytes(len(content))
    assert added(library) == 1
