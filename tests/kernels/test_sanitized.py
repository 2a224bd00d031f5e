"""Portable kernels touch nothing outside their buffers, and do nothing undefined."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kernels import harness

SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1", "-g")


def built_with_sanitizers(compiler: str, folder: Path) -> Path:
    """Build sanitized.cpp; skip where the compiler comes without the sanitizers' libraries."""
    program = folder / "sanitized"
    includes = (f"-I{harness.HEADERS}", f"-I{harness.HERE}")
    probe = [compiler, *SANITIZE, "-x", "c++", "-", "-o", str(folder / "probe")]
    if subprocess.run(probe, input=b"int main() {}", capture_output=True).returncode != 0:
        pytest.skip(f"{compiler} cannot link its sanitizers")
    source = str(harness.HERE / "sanitized.cpp")
    command = [compiler, "-std=c++17", "-fopenmp-simd", *SANITIZE, *includes, source]
    done = subprocess.run([*command, "-o", str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gcc", "clang"])
def test_kernels_are_clean_under_the_sanitizers(family: str, tmp_path: Path) -> None:
    compiler = harness.other_clang() if family == "clang" else shutil.which("g++")
    if compiler is None:
        pytest.skip(f"no {family} on this machine")
    program = built_with_sanitizers(compiler, tmp_path)
    done = subprocess.run([str(program)], capture_output=True, text=True, env={})
    assert (done.returncode, done.stdout) == (0, "right\n"), done.stderr
