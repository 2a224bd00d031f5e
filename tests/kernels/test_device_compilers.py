"""The portable kernels compile for devices that are not here, and say what they are."""

from __future__ import annotations

import struct

import pytest

from kernels import harness
from nexus._internal import compilers
from nexus.bindings.errors import CompilerNotFoundError

TARGETS = [
    *(("nvrtc", arch) for arch in ("sm_75", "sm_90", "sm_100")),
    *(("hiprtc", arch) for arch in ("gfx90a", "gfx1100")),
]
TILED = "in(float, a), in(float, b), out(float, c), val(nxs_int32, n)"


@pytest.mark.parametrize(("name", "arch"), TARGETS)
def test_portable_kernels_compile(name: str, arch: str) -> None:
    try:
        made = compilers.get(name).compile(
            harness.PORTABLE.read_text(), {"name": "portable.nxs"}, arch=arch
        )
    except CompilerNotFoundError as error:
        pytest.skip(str(error))
    assert made.log == ""
    sizes = [4, 4, 4, 4, *[0] * 12]
    record = struct.pack("<21I", 1, 4, 16, 16, 1, *sizes) + TILED.encode() + b"\0"
    assert record in made.binary  # of matmul_tiled, in the clear
