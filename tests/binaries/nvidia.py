"""NVIDIA's compiler NVRTC, from PyPI: cubins and PTX without a device."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = r"""
struct Pair { float a; double b; };
struct Big { char bytes[5000]; };
struct Holder { int* inside; };
extern "C" __global__ void saxpy(float a, const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}
extern "C" __global__ void __launch_bounds__(128)
tiled(const Pair* p, Pair q, char c, short s, float* out) {
  __shared__ float t[256];
  extern __shared__ float dynamic[];
  t[threadIdx.x] = p[threadIdx.x].a + q.a + c;
  dynamic[threadIdx.x] = s;
  __syncthreads();
  out[threadIdx.x] = t[threadIdx.x ^ 1] + dynamic[threadIdx.x ^ 3] + (float)q.b;
}
extern "C" __global__ void stacked(float* p, int n) {
  float a[64];
  for (int i = 0; i < 64; i++) a[i] = p[i];
  for (int i = 0; i < n; i++) a[(i * 7) & 63] += a[(i * 13) & 63];
  for (int i = 0; i < 64; i++) p[i] = a[i];
}
template <class T> __global__ void axpy(T a, const T* x, T* y) {
  y[threadIdx.x] += a * x[threadIdx.x];
}
template __global__ void axpy<double>(double, const double*, double*);
extern "C" __global__ void none() {}
extern "C" __global__ void big(Big b, long long n, Holder h, int* out) {
  out[threadIdx.x] = b.bytes[threadIdx.x] + n + *h.inside;
}
#if __CUDA_ARCH__ >= 900
extern "C" __global__ void __block_size__((64, 2, 1)) fixed(int* out) { *out = 1; }
#endif
__device__ __noinline__ float helper(float x) { return x * x; }
extern "C" __global__ void calls(float* p) { *p = helper(*p); }
"""


class Compiled(NamedTuple):
    """What NVRTC made, and what it said."""

    binary: bytes
    log: str


@functools.cache
def compiled(architecture: str, source: str = SOURCE) -> Compiled:
    """Return the cubin of `sm_90`, or the PTX of `compute_90`; skips where NVRTC is absent."""
    library = _library()
    program = ctypes.c_void_p()
    _checked(
        library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"k", 0, None, None)
    )
    options = [f"--gpu-architecture={architecture}".encode()]
    if architecture.startswith("sm_"):
        options.append(b"--ptxas-options=-v")
    array = (ctypes.c_char_p * len(options))(*options)
    status = library.nvrtcCompileProgram(program, len(options), array)
    log = _bytes(library, "ProgramLog", program).decode()
    assert status == 0, log
    kind = "CUBIN" if architecture.startswith("sm_") else "PTX"
    binary = _bytes(library, kind, program)
    _checked(library.nvrtcDestroyProgram(ctypes.byref(program)))
    return Compiled(binary, log)


@functools.cache
def library_path() -> Path | None:
    """Return the library of NVRTC, or None."""
    spec = importlib.util.find_spec("nvidia")
    places = list(spec.submodule_search_locations or []) if spec else []
    found = [path for place in places for path in Path(place).glob("*/lib/libnvrtc.so.*")]
    return found[0] if found else None


@functools.cache
def _library() -> ctypes.CDLL:
    path = library_path()
    if os.environ.get("NEXUS_SANITIZE"):
        pytest.skip("this run is sanitized, and NVRTC is not ours to look into")
    if path is None:
        pytest.skip("NVRTC is not installed: pip install nvidia-cuda-nvrtc")
    return ctypes.CDLL(str(path))


def _bytes(library: ctypes.CDLL, what: str, program: ctypes.c_void_p) -> bytes:
    n = ctypes.c_size_t()
    _checked(library[f"nvrtcGet{what}Size"](program, ctypes.byref(n)))
    room = ctypes.create_string_buffer(n.value)
    _checked(library[f"nvrtcGet{what}"](program, room))
    return room.raw


def _checked(status: int) -> None:
    assert status == 0, f"NVRTC answers {status}"
