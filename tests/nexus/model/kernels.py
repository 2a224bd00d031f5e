"""The kernels that the model knows, and what a device makes of them."""

from __future__ import annotations

import functools

import nexus

from .simple import UNLUCKY

PORTABLE = """
#include <nexus/kernel.h>
NXS_KERNEL(bump, val(int, k), inout(int, x)) { x[nxs_global_id(0)] += k; }
NXS_KERNEL(total, in(int, a), in(int, b), out(int, c)) {
  int i = nxs_global_id(0);
  c[i] = a[i] + b[i];
}
"""
FAILING = f"""
#include <stdexcept>
#include <nexus/cpu_kernel.h>
NXS_CPU_KERNEL(trip, in(int, x)) {{
  if (x[0] % {UNLUCKY} == 0) throw std::runtime_error("an unlucky number");
}}
"""
# Which arguments are buffers, and which of these are written.
BUFFERS = {"bump": (1,), "total": (0, 1, 2), "trip": (0,)}
WRITTEN = {"bump": (1,), "total": (2,), "trip": ()}
N_ARGUMENTS = {"bump": 2, "total": 3, "trip": 1}


@functools.cache
def kernel(name: str) -> nexus.Kernel:
    """Return a kernel, compiled once."""
    library = _library(FAILING if name == "trip" else PORTABLE)
    return library.get_kernel(name)


@functools.cache
def _library(source: str) -> nexus.Library:
    return nexus.get_runtime("cpu").get_device(0).compile(source)
