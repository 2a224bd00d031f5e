"""The item loops of portable kernels are vectorised by gcc and clang: their own reports say so."""

from __future__ import annotations

import re
import shutil
from typing import NamedTuple

import pytest

from kernels import guide, harness
from nexus._internal import compilers
from nexus._internal.compilers import toolchain


class Report(NamedTuple):
    """How a compiler is asked for its report, and how it says that a loop is vectorised."""

    flag: str
    says: str

    def loops_of(self, source: str) -> list[str]:
        """Return what is said of the loops of a source that are vectorised."""
        log = compilers.get("cc").compile(source, [self.flag]).log
        return [line for line in log.splitlines() if self.says in line]


REPORTS = {
    "gcc": Report("-fopt-info-vec-optimized", "loop vectorized using"),
    "clang": Report("-Rpass=loop-vectorize", "remark: vectorized loop"),
}
KERNELS = {
    "saxpy": """
NXS_KERNEL(k, val(float, a), in(float, x), inout(float, y)) {
  int i = nxs_global_id(0);
  y[i] = a * x[i] + y[i];
}""",
    "stencil with an early return": """
NXS_KERNEL(k, in(float, x), out(float, y)) {
  int i = nxs_global_id(0), n = nxs_global_size(0);
  if (i < 1 || i >= n - 1) {
    y[i] = x[i];
    return;
  }
  y[i] = 0.25f * x[i - 1] + 0.5f * x[i] + 0.25f * x[i + 1];
}""",
    "choice": """
NXS_KERNEL(k, in(float, x), out(float, y)) {
  int i = nxs_global_id(0);
  y[i] = x[i] > 0.0f ? x[i] * x[i] : 1.0f - x[i];
}""",
    "square root": """
NXS_KERNEL(k, in(float, x), out(float, y)) {
  int i = nxs_global_id(0);
  y[i] = nxs_sqrt(x[i]);
}""",
    "in place, with neighbours of a shared array": """
NXS_GROUP_KERNEL(k, 64, 1, 1, inout(float, x)) {
  NXS_SHARED(float, part, [128]);
  NXS_EACH { part[nxs_local_id(0)] = part[nxs_local_id(0) + 64] = x[nxs_global_id(0)]; }
  NXS_PHASE { x[nxs_global_id(0)] = part[nxs_local_id(0)] + part[nxs_local_id(0) + 1]; }
}""",
    "step of a tiled product": """
NXS_GROUP_KERNEL(k, 16, 16, 1, in(float, a), in(float, b), inout(float, c)) {
  NXS_SHARED(float, ta, [16][16]);
  NXS_SHARED(float, tb, [16][16]);
  NXS_PHASE {
    ta[nxs_local_id(1)][nxs_local_id(0)] = a[16 * nxs_local_id(1) + nxs_local_id(0)];
    tb[nxs_local_id(1)][nxs_local_id(0)] = b[16 * nxs_local_id(1) + nxs_local_id(0)];
  }
  NXS_PHASE {
    float s = 0.0f;
    for (int k = 0; k < 16; ++k) s += ta[nxs_local_id(1)][k] * tb[k][nxs_local_id(0)];
    c[16 * nxs_local_id(1) + nxs_local_id(0)] = s;
  }
}""",
}


# clang 14 and 15 split the row of this one at its border, and can then not count its turns. Of
# newer ones 22 was tried, and vectorises it.
SPLIT = "stencil with an early return"
FIRST_CLANG = 22


@pytest.fixture(params=["gcc", "clang"])
def report(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The report of the compiler of this machine, and of the other one where it is here."""
    kind = request.param
    if toolchain.find("c++").kind != kind:
        path = shutil.which("g++") if kind == "gcc" else harness.other_clang()
        if path is None:
            pytest.skip(f"there is no {kind} on this machine")
        monkeypatch.setenv("NEXUS_CC", path)
    return REPORTS[kind]


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_item_loop_is_vectorised(report: Report, kernel: str) -> None:
    version = re.search(r"clang version (\d+)", toolchain.find("c++").version)
    if kernel == SPLIT and version and int(version[1]) < FIRST_CLANG:
        pytest.skip("clang 14 and 15 split a row at a border; clang 22 vectorises it")
    assert report.loops_of(f"#include <nexus/kernel.h>{KERNELS[kernel]}\n")


# Loops of each kernel of the guide, at the least, that the items of a whole group are. Not the
# histogram's: an atomic is done for one item after the other.
LOOPS = {"saxpy": 1, "heat": 1, "matmul": 4, "sum": 3, "scan": 4}


@pytest.mark.parametrize("name", LOOPS)
def test_the_kernels_of_the_guide_are_vectorised(report: Report, name: str) -> None:
    assert len(report.loops_of(guide.kernels()[f"{name}.nxs"])) >= LOOPS[name]


def test_a_loop_that_cannot_be_vectorised_is_not_reported(report: Report) -> None:
    source = """#include <nexus/kernel.h>
NXS_KERNEL(k, in(nxs_uint8, x), inout(nxs_int32, bins)) {
  nxs_atomic_add_i32(&bins[x[nxs_global_id(0)]], 1);
}"""
    assert not report.loops_of(source)
