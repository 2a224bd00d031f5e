"""What is near a mistake and is none compiles, and gives what it should."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from kernels import harness
from kernels.harness import Kernel
from nexus._internal import compilers
from nexus._internal.compilers.options import Compiler

RNG = np.random.default_rng(11)
SOURCE = (harness.HERE / "legal.nxs").read_text()
N_ITEMS = 48


@pytest.fixture
def library(compiler: Compiler, tmp_path: Path) -> ctypes.CDLL:
    """legal.nxs from each compiler."""
    return harness.load(compiler.compile(SOURCE, {"name": "legal.nxs"}).binary, tmp_path)


def test_legal_kernels_compile_and_are_right(library: ctypes.CDLL) -> None:
    x, y = RNG.random((2, N_ITEMS), np.float32)
    tags, body = np.zeros(N_ITEMS, np.int32), (ctypes.c_float * 6)(2.0)
    Kernel(library, "alone")(x, y, body, tags, grid=[N_ITEMS], group=[16])
    np.testing.assert_allclose(y, 2 * (x**3 + x + 2 + 7), rtol=1e-5)
    assert tags.tolist() == [3 * N_ITEMS + 1] * N_ITEMS

    bins = np.zeros(2, np.int32)
    together = Kernel(library, "together")
    together(x, y, bins, ctypes.c_int32(8), grid=[N_ITEMS], group=[16])
    sums = x.reshape(-1, 16).sum(1).repeat(16)
    np.testing.assert_allclose(y, 2 * (sums + 64 * x[0] + 12) + 2, rtol=1e-5)
    assert bins.tolist() == [N_ITEMS // 16, 4]

    following = np.roll(x.reshape(-1, 16), -1, axis=1).ravel()
    Kernel(library, "add_next")(x, y, grid=[N_ITEMS], group=[16])
    np.testing.assert_allclose(y, x + following, rtol=1e-6)
    Kernel(library, "subtract_next")(x, y, grid=[N_ITEMS], group=[16])
    np.testing.assert_allclose(y, x - following, rtol=1e-4, atol=1e-6)

    before = y.copy()
    Kernel(library, "scan")(x, y, grid=[N_ITEMS], group=[16])
    sums = np.cumsum(x.reshape(-1, 16), axis=1).ravel()
    np.testing.assert_allclose(y, before + sums + 1, rtol=1e-4, atol=1e-6)
    Kernel(library, "digraphs")(y, grid=[N_ITEMS], group=[16])
    assert y.tolist() == [2] * N_ITEMS


def test_legal_kernels_compile_without_a_warning(compiler: Compiler) -> None:
    compiler.compile(SOURCE, ["-Wall", "-Wextra", "-Werror"])


NATIVE = """
int counter = 0;
static int next() { return ++counter; }
template <class T> T twice(T v) { return 2 * v; }
NXS_CPU_KERNEL(k, out(float, y)) { auto v = twice(1.0f); y[0] = v + next() + launch->end; }
"""


def test_a_kernel_of_the_cpu_alone_is_all_of_its_language(compiler: Compiler) -> None:
    compiler.compile(f"#include <nexus/cpu_kernel.h>\n{NATIVE}")


@pytest.mark.parametrize(
    "before",
    ["#include <math.h>\n", "#include <nexus/cpu_kernel.h>\n"],
    ids=["a header of the system", "the header of the CPU's kernels"],
)
def test_what_the_cpu_alone_runs_is_not_looked_at_so_closely(before: str) -> None:
    source = f"""{before}int counter = 0;
#include <nexus/kernel.h>
NXS_KERNEL(k, out(float, y)) {{ y[0] = float(counter++); }}
"""
    compilers.get("cc").compile(source)
