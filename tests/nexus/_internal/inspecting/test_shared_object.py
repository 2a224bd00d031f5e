"""Shared objects of the host: what is read without loading is what the runtime finds."""

from __future__ import annotations

import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import nexus
from nexus import ArgumentInfo, BinaryFormatError

SOURCE = """
#include <nexus/kernel.h>
struct Pair { float left; double right; };
NXS_KERNEL(saxpy, val(float, a), in(float, x), inout(float, y)) {
  y[nxs_global_id(0)] += a * x[nxs_global_id(0)];
}
NXS_KERNEL(structs, val(Pair, p), out(Pair, q)) { q[nxs_global_id(0)] = p; }
NXS_GROUP_KERNEL(grouped, 64, 2, 1, inout(int, x)) {
  NXS_PHASE { x[nxs_global_id(0)] = 1; }
}
"""
PLAIN = """
#include <nexus/cpu_kernel.h>
NXS_CPU_KERNEL(plain, inout(float, data)) { (void)data; (void)launch; }
"""


def build(folder: Path, source: str, *flags: str, language: str = "c++") -> Path:
    """Return a library of some source."""
    made = folder / "made.so"
    compiler = "c++" if language == "c++" else "cc"
    command = [
        compiler,
        "-x",
        language,
        "-O1",
        "-fPIC",
        "-shared",
        f"-I{nexus.get_include()}",
        *flags,
    ]
    done = subprocess.run(
        [*command, "-", "-o", str(made)], input=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("library"), SOURCE, "-std=c++17", "-fopenmp-simd")


def test_reading_and_loading_agree(library: Path) -> None:
    found = nexus.inspect(library)
    device = nexus.get_runtime("cpu").get_device(0)
    loaded = device.load_library(library)
    assert (found.kind, found.architecture) == ("elf", platform.machine())
    assert sorted(found.kernels) == sorted(loaded.kernels)
    for name, kernel in found.kernels.items():
        other = loaded.get_kernel(name)
        assert [(each.name, each.type) for each in kernel.arguments or ()] == [
            (each.name, each.type) for each in other.info
        ]
        assert [each.access or each.kind for each in kernel.arguments or ()] == [
            each.access for each in other.info
        ]
        assert [each.element_nbytes or each.nbytes for each in kernel.arguments or ()] == [
            each.nbytes for each in other.info
        ]
        assert [*kernel.group] == other.get_property_int_vec("GroupSize")


def test_arguments_have_names_types_and_sizes(library: Path) -> None:
    kernels = nexus.inspect(library).kernels
    assert kernels["saxpy"].arguments == (
        ArgumentInfo(0, "value", 4, None, "a", "float"),
        ArgumentInfo(1, "pointer", 8, None, "x", "float", "in", 4),
        ArgumentInfo(2, "pointer", 8, None, "y", "float", "inout", 4),
    )
    assert kernels["grouped"].group_size == 128


@pytest.mark.parametrize(
    "flags",
    [
        ["-Wl,-z,norelro"],
        ["-Wl,-z,now"],
        ["-Wl,--hash-style=gnu"],
        ["-Wl,-z,pack-relative-relocs"],
        ["-Wl,-Bsymbolic"],
        ["-s"],
        ["-g"],
    ],
    ids=lambda flags: flags[0],
)
def test_pointers_are_found_however_they_are_relocated(flags: list[str], tmp_path: Path) -> None:
    try:
        made = build(tmp_path, PLAIN, *flags, language="c")
    except AssertionError as error:
        if "unrecognized option" in str(error) or "unknown option" in str(error):
            pytest.skip(f"this linker has no {flags[0]}")
        raise
    assert nexus.inspect(made).kernels["plain"].arguments == (
        ArgumentInfo(0, "pointer", 8, None, "data", "float", "inout", 4),
    )


def test_the_library_of_another_machine_is_read(tmp_path: Path) -> None:
    pytest.importorskip("ziglang", reason="the compiler for another machine is not installed")
    made = tmp_path / "made.so"
    include = f"-I{nexus.get_include()}"
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        "aarch64-linux-gnu",
        "-x",
        "c",
        "-O1",
    ]
    done = subprocess.run(
        [*command, "-fPIC", "-shared", include, "-", "-o", str(made)],
        input=PLAIN,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"the compiler for another machine does not work here: {done.stderr[-200:]}")
    found = nexus.inspect(made)
    assert found.architecture == "aarch64"
    assert [each.name for each in found.kernels["plain"].arguments or ()] == ["data"]


def test_a_library_without_kernels_has_none(tmp_path: Path) -> None:
    assert nexus.inspect(build(tmp_path, "int f(void) { return 1; }", language="c")).kernels == {}


def test_an_object_file_says_how_to_link(tmp_path: Path) -> None:
    made = tmp_path / "made.o"
    subprocess.run(
        ["cc", "-x", "c", "-c", "-", "-o", str(made)], input="int x;", text=True, check=True
    )
    with pytest.raises(
        BinaryFormatError, match="at byte 16: a shared object .* link it with -shar"
    ):
        nexus.inspect(made)


def record(
    n_args: int = 1, step: int = 24, size: int = 48, group: str = "0, 0, 0", letter: str = "i"
) -> str:
    """Return C source of a library whose record of the kernel k is what the arguments say."""
    return (
        "#include <nexus/cpu_kernel.h>\n"
        f'static const nxs_arg_info list[] = {{{{"x", "float", 4, \'{letter}\'}}}};\n'
        f"NXS_CPU_EXPORT const nxs_kernel_info k__nxs_info = {{{size}, {n_args}, "
        f'{{{group}}}, "k", list, {step}}};'
    )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (record(n_args=5000), "the record of the kernel k is damaged: 48 bytes, 5000 arguments"),
        (record(step=8), "arguments of 8 bytes each"),
        (record(size=12), "is damaged: 12 bytes"),
        (record(group="7, 0, 0"), "a group of 7 x 0 x 0"),
        (record(group="1 << 30, 1 << 30, 1 << 30"), "a group of 1073741824 x 1073741824 x"),
        (record(letter="q"), "argument 0 of the kernel k: one of the letters v, i, o, b"),
    ],
)
def test_a_damaged_record_is_refused_with_its_place(source: str, why: str, tmp_path: Path) -> None:
    made = build(tmp_path, source, language="c")
    with pytest.raises(BinaryFormatError, match=why) as caught:
        nexus.inspect(made)
    assert caught.value.offset is not None


def test_a_file_cut_anywhere_is_refused_or_read(library: Path) -> None:
    data = library.read_bytes()
    whole = nexus.inspect(data)
    for n in [*range(0, 200), *range(200, len(data), 97)]:
        try:
            assert nexus.inspect(data[:n]) == whole
        except BinaryFormatError as error:
            assert str(error).startswith("cannot read the bytes")


def test_bytes_of_other_machines_are_told_apart(library: Path) -> None:
    data = bytearray(library.read_bytes())
    struct.pack_into("<H", data, 18, 243)
    assert nexus.inspect(bytes(data)).architecture == "riscv64"
    data[4] = 1
    with pytest.raises(BinaryFormatError, match="byte 4: an ELF file of 64 bits, little-endian"):
        nexus.inspect(bytes(data))
