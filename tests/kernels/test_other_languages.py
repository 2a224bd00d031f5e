"""The portable kernels are OpenCL C and Metal too: clang checks every type and address space."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kernels import guide, harness
from nexus._internal.compilers import headers

# As Apple's compiler is called, but for the library of C++, which is not there.
METAL = ("-x", "c++", "-std=c++14", "-target", "arm64-apple-macos13", "-D__METAL_VERSION__=240")
METAL_FILES = ("-nostdinc", "-nostdinc++", "-stdlib=libc++", f"-I{harness.HERE / 'metal_stub'}")
# Some helpers are for kernels with double, which are not there.
UNUSED = ("-Wno-unused-function", "-Wno-unused-const-variable")
METAL_WARNINGS = ("-Wall", "-Werror", "-Wno-unknown-attributes", *UNUSED)

OURS = ("portable.nxs", "legal.nxs")
SOURCES = {name: (harness.HERE / name).read_text() for name in OURS} | guide.kernels()


def checked(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Let clang check one file, or skip."""
    clang = harness.other_clang()
    if clang is None:
        pytest.skip("no clang++ on this machine")
    return subprocess.run([clang, "-fsyntax-only", *arguments], capture_output=True, text=True)


def as_metal(source: Path) -> subprocess.CompletedProcess[str]:
    """Check a file as Metal code."""
    ours = (f"-I{harness.HEADERS}", "-include", harness.HERE / "metal_check.hpp")
    return checked(*METAL, *METAL_FILES, *METAL_WARNINGS, *ours, source)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("version", ["CL1.2", "CL2.0", "CL3.0"])
def test_portable_kernels_are_opencl_c(version: str, name: str, tmp_path: Path) -> None:
    source = tmp_path / "k.cl"
    source.write_text(headers.inlined(SOURCES[name], name))
    language = ("-x", "cl", f"-cl-std={version}", "-Xclang", "-finclude-default-header")
    done = checked(*language, "-target", "spir64", "-Wall", "-Werror", source)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", SOURCES)
def test_portable_kernels_are_metal(name: str, tmp_path: Path) -> None:
    source = tmp_path / name
    source.write_text(SOURCES[name])
    done = as_metal(source)
    assert done.returncode == 0, done.stderr


def test_metal_misses_a_lost_address_space(tmp_path: Path) -> None:
    source = tmp_path / "k.metal"
    source.write_text(
        "#include <nexus/kernel.h>\n"
        "NXS_FUNC float first(const float *p) { return p[0]; }\n"  # without NXS_GLOBAL
        "NXS_KERNEL(k, in(float, x), out(float, y)) { y[nxs_global_id(0)] = first(x); }\n"
    )
    done = as_metal(source)
    assert "no matching function for call to 'first'" in done.stderr
