"""The portable kernels are OpenCL C, of every version that clang knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kernels import harness
from nexus._internal.compilers import headers


@pytest.mark.parametrize("version", ["CL1.2", "CL2.0", "CL3.0"])
def test_portable_kernels_are_opencl_c(version: str, tmp_path: Path) -> None:
    clang = harness.other_clang()
    if clang is None:
        pytest.skip("no clang on this machine")
    source = tmp_path / "k.cl"
    source.write_text(headers.inlined(harness.PORTABLE.read_text(), "portable.nxs"))
    language = ["-x", "cl", f"-cl-std={version}", "-Xclang", "-finclude-default-header"]
    command = [clang, *language, "-target", "spir64", "-Wall", "-Werror", "-fsyntax-only"]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
