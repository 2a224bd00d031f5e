"""The portable kernels compile for devices that are not here, and say what they are."""

from __future__ import annotations

import struct

import pytest

from kernels import guide, harness
from nexus._internal import compilers
from nexus._internal.compilers.options import CompileResult
from nexus.bindings.errors import CompilerNotFoundError

TARGETS = [
    *(("nvrtc", arch) for arch in ("sm_75", "sm_90", "sm_100")),
    *(("hiprtc", arch) for arch in ("gfx90a", "gfx1100")),
]
SOURCES = {"portable.nxs": harness.PORTABLE.read_text(), **guide.kernels()}
TILED = "in(float, a), in(float, b), out(float, c), val(nxs_int32, n)"


def made_by(name: str, arch: str, source: str) -> CompileResult:
    """Compile one of the sources, or skip."""
    try:
        return compilers.get(name).compile(SOURCES[source], {"name": source}, arch=arch)
    except CompilerNotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("name", "arch"), TARGETS)
def test_portable_kernels_compile(name: str, arch: str, source: str) -> None:
    assert made_by(name, arch, source).log == ""


@pytest.mark.parametrize(("name", "arch"), TARGETS[::3])
def test_the_record_is_in_the_clear(name: str, arch: str) -> None:
    sizes = [4, 4, 4, 4, *[0] * 12]
    record = struct.pack("<21I", 1, 4, 16, 16, 1, *sizes) + TILED.encode() + b"\0"
    assert record in made_by(name, arch, "portable.nxs").binary  # of matmul_tiled
