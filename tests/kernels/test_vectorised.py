"""The item loops of portable kernels are vectorised by gcc: its own report says so."""

from __future__ import annotations

import pytest

from kernels import guide
from nexus._internal import compilers
from nexus._internal.compilers import toolchain

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


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_item_loop_is_vectorised(kernel: str) -> None:
    if toolchain.find("c++").kind != "gcc":
        pytest.skip("the host compiler is not gcc, whose report this reads")
    source = f"#include <nexus/kernel.h>{KERNELS[kernel]}\n"
    made = compilers.get("cc").compile(source, ["-fopt-info-vec-optimized"])
    loops = [line for line in made.log.splitlines() if "loop vectorized using" in line]
    assert loops, made.log


# Loops of each kernel of the guide, at the least, that the items of a whole group are. An atomic is
# done for one item after the other, so counting is not vectorised.
LOOPS = {"saxpy": 1, "heat": 1, "matmul": 4, "sum": 3, "histogram": 0, "scan": 4}


@pytest.mark.parametrize("name", LOOPS)
def test_the_kernels_of_the_guide_are_vectorised(name: str) -> None:
    if toolchain.find("c++").kind != "gcc":
        pytest.skip("the host compiler is not gcc, whose report this reads")
    source = guide.kernels()[f"{name}.nxs"]
    made = compilers.get("cc").compile(source, ["-fopt-info-vec-optimized"])
    loops = [line for line in made.log.splitlines() if "loop vectorized using" in line]
    assert len(loops) >= LOOPS[name], made.log


def test_a_loop_that_cannot_be_vectorised_is_not_reported() -> None:
    if toolchain.find("c++").kind != "gcc":
        pytest.skip("the host compiler is not gcc, whose report this reads")
    source = """#include <nexus/kernel.h>
NXS_KERNEL(k, in(nxs_uint8, x), inout(nxs_int32, bins)) {
  nxs_atomic_add_i32(&bins[x[nxs_global_id(0)]], 1);
}"""
    made = compilers.get("cc").compile(source, ["-fopt-info-vec-optimized"])
    assert "loop vectorized" not in made.log
