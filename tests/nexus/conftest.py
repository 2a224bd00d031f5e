"""Devices, and kernels built once per session, for the tests of the object layer."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import nexus
from nexus._internal.architectures import places

KERNELS = Path(__file__).resolve().parents[1] / "kernels" / "plain_c.c"

# Kernels that the tests of more than one file use.
SOURCE = """
#include <nexus/kernel.h>
NXS_KERNEL(add, in(float, a), in(float, b), out(float, c)) {
  int i = nxs_global_id(0);
  c[i] = a[i] + b[i];
}
NXS_KERNEL(scale, val(float, factor), inout(float, x)) { x[nxs_global_id(0)] *= factor; }
NXS_KERNEL(increment, inout(int, x)) { x[nxs_global_id(0)] += 1; }
NXS_KERNEL(spin, val(int, n), inout(int, x)) {
  for (volatile int i = 0; i < n; ++i) {}
  x[nxs_global_id(0)] += 1;
}
"""


@pytest.fixture
def device() -> nexus.Device:
    """Return the device of the embedded runtime."""
    return nexus.get_runtime("cpu").get_device(0)


@pytest.fixture
def null_device() -> nexus.Device:
    """Return the device that does nothing: another runtime, as far as the object layer can see."""
    return nexus.get_runtime("null").get_device(0)


@pytest.fixture(scope="session")
def kernel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a library that was built with the one line that the documents show."""
    out = tmp_path_factory.mktemp("kernels") / "kernel.so"
    include = f"-I{nexus.get_include()}"
    command = ["cc", "-O2", "-fPIC", "-shared", include, str(KERNELS), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"
    return out


@pytest.fixture(scope="session")
def compiled() -> nexus.Library:
    """Return the library of SOURCE."""
    return nexus.get_runtime("cpu").get_device(0).compile(SOURCE)


@pytest.fixture
def add(compiled: nexus.Library) -> nexus.Kernel:
    """Return the kernel c = a + b, float32."""
    return compiled.get_kernel("add")


@pytest.fixture
def increment(compiled: nexus.Library) -> nexus.Kernel:
    """Return the kernel x += 1, int32."""
    return compiled.get_kernel("increment")


@pytest.fixture
def nothing_added() -> Iterator[None]:
    """Forget afterwards what a test adds."""
    before = [*places._added]
    yield
    places._added[:] = before
    places.forget()
