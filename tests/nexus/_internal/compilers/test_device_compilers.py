"""NVRTC, hiprtc, clang for HIP and Metal: what they make, and what they say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nexus._internal import compilers, paths
from nexus._internal.compilers import hip_clang, hiprtc, metal, nvrtc
from nexus._internal.compilers.options import CompileOptions, Compiler
from nexus.bindings.errors import CompileError, CompilerNotFoundError

KERNEL = """#include <nexus/kernel.h>
#include <ours/scale.h>
NXS_KERNEL(k, inout(float, x)) { x[nxs_global_id(0)] *= SCALE(FACTOR); }
"""
OPTIONS = {
    "name": "k.nxs",
    "headers": {"ours/scale.h": "#define SCALE(x) (2.0f * (x))\n"},
    "defines": {"FACTOR": 3},
}
WRONG = "#include <nexus/kernel.h>\nNXS_KERNEL(k, in(float, x)) {\n  x[0] = 1.0f;\n}\n"
# Compiler, architecture, and how what it makes begins.
TARGETS = [
    pytest.param("nvrtc", "sm_75", b"\x7fELF", id="cubin"),
    pytest.param("nvrtc", None, b"//", id="ptx"),
    pytest.param("nvrtc", "sm_999", b"//", id="ptx-for-newer"),
    pytest.param("hiprtc", "gfx90a", b"\x7fELF", id="hiprtc"),
    pytest.param("hiprtc", "gfx1100", b"\x7fELF", id="clang"),
]


def get(name: str, arch: str | None) -> Compiler:
    """Return a compiler that is here, or skip."""
    compiler = compilers.get(name)
    try:
        compiler.compile("int x;" if name == "hiprtc" else "__global__ void f() {}", arch=arch)
    except CompilerNotFoundError as error:
        pytest.skip(str(error))
    return compiler


@pytest.mark.parametrize(("name", "arch", "begins"), TARGETS)
def test_macros_and_headers_by_name_reach_the_compiler(
    name: str, arch: str | None, begins: bytes
) -> None:
    made = get(name, arch).compile(KERNEL, OPTIONS, arch=arch)
    assert made.binary.startswith(begins)
    assert b"k__nxs_info" in made.binary
    assert "-DFACTOR=3" in made.command
    assert made.version and made.includes == ()


@pytest.mark.parametrize(("name", "arch", "begins"), TARGETS)
def test_a_mistake_is_named_with_its_line(name: str, arch: str | None, begins: bytes) -> None:
    with pytest.raises(
        CompileError, match=r"cannot compile 'k.nxs' with .*\n  k.nxs:3: "
    ) as caught:
        get(name, arch).compile(WRONG, {"name": "k.nxs"}, arch=arch)
    assert "k.nxs" in caught.value.log and caught.value.command


MISTAKES = [
    ("NXS_KERNEL(k, in(nxs_int32, x)) { nxs_atomic_add_i32(&x[0], 1); }", "an atomic changes what"),
    ("NXS_KERNEL(k, inout(double, x)) { nxs_atomic_add_i32(&x[0], 1); }", "atomics are nxs_atomic"),
    ("NXS_KERNEL(k, inout(float, x)) { nxs_atomic_max_f32(&x[0], 1); }", "atomics are nxs_atomic"),
    ("NXS_KERNEL(k, in(float, x)) { x[0] = 1; }", "in and val are only read"),
    ("NXS_KERNEL(k, out(float, x), in(int, n)) { x[0] = nxs_sqrt(n[0]); }", "convert the integer"),
    ("NXS_KERNEL(k, inout(float, x)) { x[get_global_id(0)] = 1; }", "an item asks where it is"),
    ("NXS_KERNEL(k, inn(float, x)) { x[0] = 1; }", "an argument is val"),
    (
        "NXS_GROUP_KERNEL(k, 16, 1, 1, val(int, n), out(float, x)) {\n"
        "  NXS_SHARED(float, t, [n]);\n  NXS_EACH { x[0] = t[0]; }\n}",
        "the sizes of a group and of a shared array are constants",
    ),
]


@pytest.mark.parametrize(("name", "arch"), [("nvrtc", "sm_90"), ("hiprtc", "gfx90a")])
def test_a_hint_names_the_rule(name: str, arch: str) -> None:
    compiler = get(name, arch)
    for kernel, rule in MISTAKES[:: 1 if name == "nvrtc" else 2]:  # hiprtc takes a second for each
        with pytest.raises(CompileError) as caught:
            compiler.compile(f"#include <nexus/kernel.h>\n{kernel}\n", arch=arch)
        assert rule in str(caught.value).partition("hint: ")[2], str(caught.value)


@pytest.mark.parametrize(("name", "arch", "begins"), TARGETS[2:])
@pytest.mark.parametrize("switch", ["debug", "fast_math"])
def test_switches_are_understood(name: str, arch: str, begins: bytes, switch: str) -> None:
    options = {**OPTIONS, switch: True}
    assert get(name, arch).compile(KERNEL, options, arch=arch).binary.startswith(begins)


@pytest.mark.parametrize(("name", "arch"), [("nvrtc", "sm_75"), ("hiprtc", "gfx90a")])
def test_folders_and_flags_reach_the_compiler(name: str, arch: str, tmp_path: Path) -> None:
    (tmp_path / "there.h").write_text("#ifdef FLAG\n#define BODY\n#endif\n")
    options = {"include_dirs": [tmp_path], "flags": ["-DFLAG"]}
    source = '#include "there.h"\n__device__ void f() { BODY }\n'
    made = get(name, arch).compile(source, options, arch=arch)
    assert made.includes is None  # nobody tells which: such a library is not kept


@pytest.mark.parametrize(
    ("name", "arch", "said"),
    [
        ("nvrtc", "gfx90a", "of the runtime hip; the runtime cuda takes names such as 'sm_90'"),
        ("nvrtc", "znver3", "arch is 'znver3'; the runtime cuda takes names such as 'sm_90'"),
        ("hiprtc", "sm_90", "of the runtime cuda; the runtime hip takes names such as 'gfx90a'"),
        ("hiprtc", None, "arch is None; the runtime hip takes names such as 'gfx90a'"),
    ],
)
def test_the_architecture_of_another_is_refused(name: str, arch: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        get(name, "gfx90a" if name == "hiprtc" else None).compile(KERNEL, OPTIONS, arch=arch)


def test_an_option_goes_before_the_device() -> None:
    made = get("nvrtc", None).compile("__global__ void f() {}", {"arch": "sm_80"}, arch="sm_75")
    assert "--gpu-architecture=sm_80" in made.command


def test_an_architecture_that_nvrtc_has_dropped_is_refused() -> None:
    with pytest.raises(CompileError, match=r"oldest architecture is sm_\d+; install an older one"):
        get("nvrtc", None).compile("__global__ void f() {}", arch="sm_20")


def test_a_nul_in_the_source_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        get("nvrtc", None).compile("int x;\0int y;")


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any of these compilers."""
    monkeypatch.setattr(nvrtc, "_library", nvrtc._library.__wrapped__)
    monkeypatch.setattr(hiprtc, "_library", hiprtc._library.__wrapped__)
    monkeypatch.setattr(hip_clang, "_clang_for", hip_clang._clang_for.__wrapped__)
    monkeypatch.setattr(nvrtc, "_places", lambda: iter(["libnvrtc.so.absent"]))
    monkeypatch.setattr(hiprtc, "_NAMES", ("libhiprtc.so.absent",))
    monkeypatch.setattr(hiprtc, "_is_beside_llvm", lambda: False)  # no other process
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    ("name", "arch", "said"),
    [
        ("nvrtc", None, r"tried libnvrtc.so.absent; pip install nvidia-cuda-nvrtc"),
        ("hiprtc", "gfx90a", r"hiprtc was not found .*no clang on PATH.*apt install clang-15"),
        ("metal", None, r"xcrun is not on PATH; it comes with Xcode"),
    ],
)
def test_an_absent_compiler_says_what_to_install(name: str, arch: str | None, said: str) -> None:
    with pytest.raises(CompilerNotFoundError, match=said):
        compilers.get(name).compile(KERNEL, OPTIONS, arch=arch)


def test_a_target_that_nobody_knows_is_refused_with_names() -> None:
    get("hiprtc", "gfx90a")
    with pytest.raises(CompilerNotFoundError, match="does not know gfx9999, and of .* none knows"):
        compilers.get("hiprtc").compile(KERNEL, OPTIONS, arch="gfx9999")


def test_metal_calls_the_tool_of_xcode(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    xcrun = tmp_path / "xcrun"
    xcrun.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho metallib > "$2"\n')
    xcrun.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(xcrun))
    made = metal.create().compile(KERNEL, OPTIONS)
    assert made.binary == b"metallib\n"
    assert made.command[:4] == (str(xcrun), "-sdk", "macosx", "metal")


def test_the_process_for_hiprtc_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ctypes.py").write_text("raise SystemExit('a stranger')")
    with pytest.raises(ValueError, match="arch is None"):  # what our own code says there
        hiprtc._in_child("int x;", CompileOptions(), None)


@pytest.mark.parametrize(
    ("dies", "said"),
    [
        ("raise SystemExit('no room')", "ended with status 1:\n  no room"),
        ("import os; os.abort()", r"was ended by signal 6 \(SIGABRT\)"),
    ],
    ids=["status", "signal"],
)
def test_what_the_process_for_hiprtc_said_last_is_told(
    dies: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "nexus"
    package.mkdir()
    (package / "__init__.py").write_text(dies)
    monkeypatch.setattr(paths, "PACKAGE", str(package))
    with pytest.raises(CompileError, match=f"cannot compile 'k.nxs': the process for .*{said}"):
        hiprtc._in_child("int x;", CompileOptions(name="k.nxs"), None)
