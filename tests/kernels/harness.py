"""Calls CPU kernels directly, as the cpu plugin does, a few groups at a time."""

from __future__ import annotations

import ctypes
import functools
import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nexus._internal import compilers, paths

HERE = Path(__file__).parent
PORTABLE = HERE / "portable.nxs"
PLAIN_C = HERE / "plain_c.c"
HEADERS = paths.include_dir()

# What device.compile gives a compiler, for tests that call one themselves.
FLAGS = ("-O3", "-march=native", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math")

Triple = tuple[int, int, int]


class Launch(ctypes.Structure):
    """`nxs_cpu_launch` of <nexus/cpu_kernel.h>."""

    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("grid", ctypes.c_int32 * 3),
        ("group", ctypes.c_int32 * 3),
        ("groups", ctypes.c_int32 * 3),
        ("begin", ctypes.c_int64),
        ("end", ctypes.c_int64),
        ("group_memory", ctypes.c_void_p),
        ("group_memory_nbytes", ctypes.c_uint64),
    )


class ArgInfo(ctypes.Structure):
    """`nxs_arg_info`."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_char_p),
        ("nbytes", ctypes.c_uint32),
        ("access", ctypes.c_char),
    )


class KernelInfo(ctypes.Structure):
    """`nxs_kernel_info`."""

    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("n_args", ctypes.c_uint32),
        ("group", ctypes.c_int32 * 3),
        ("name", ctypes.c_char_p),
        ("args", ctypes.POINTER(ArgInfo)),
        ("arg_nbytes", ctypes.c_uint32),
    )


class Kernel:
    """One kernel of a shared object."""

    def __init__(self, library: ctypes.CDLL, name: str) -> None:
        self.function = getattr(library, name)
        self.function.restype = None
        self.info = KernelInfo.in_dll(library, f"{name}__nxs_info")

    @property
    def args(self) -> list[tuple[str, str, int, str]]:
        """Name, type, bytes and access of each argument."""
        infos = self.info.args[: self.info.n_args]
        return [(a.name.decode(), a.type.decode(), a.nbytes, a.access.decode()) for a in infos]

    def __call__(
        self,
        *args: Any,  # arrays, and ctypes values
        grid: Sequence[int],
        group: Sequence[int],
        at_a_time: int | None = None,
        group_memory_nbytes: int = 0,
    ) -> None:
        """Run the whole grid: in one call, or `at_a_time` groups a call, the last ones first."""
        values = [
            ctypes.c_void_p(arg.ctypes.data) if isinstance(arg, np.ndarray) else arg for arg in args
        ]
        pointers = (ctypes.c_void_p * len(values))(*map(ctypes.addressof, values))
        memory = ctypes.create_string_buffer(group_memory_nbytes) if group_memory_nbytes else None
        for begin, end in _ranges(groups_of(triple(grid), triple(group)), at_a_time):
            launch = launch_of(triple(grid), triple(group), begin, end)
            launch.group_memory = ctypes.cast(memory, ctypes.c_void_p) if memory else None
            launch.group_memory_nbytes = group_memory_nbytes
            self.function(pointers, ctypes.byref(launch))


def triple(sizes: Sequence[int]) -> Triple:
    """Return three sizes: those that are not given are 1."""
    x, y, z = (*sizes, 1, 1)[:3]
    return x, y, z


def groups_of(grid: Triple, group: Triple) -> Triple:
    """Return how many groups there are in each dimension."""
    x, y, z = (-(-items // size) for items, size in zip(grid, group, strict=True))
    return x, y, z


def _ranges(groups: Triple, at_a_time: int | None) -> Iterator[tuple[int, int]]:
    total = groups[0] * groups[1] * groups[2]
    step = at_a_time or total
    yield from ((begin, min(begin + step, total)) for begin in reversed(range(0, total, step)))


def launch_of(grid: Triple, group: Triple, begin: int, end: int) -> Launch:
    """Return the launch that runs the groups begin <= group < end."""
    three = ctypes.c_int32 * 3
    groups = groups_of(grid, group)
    size = ctypes.sizeof(Launch)
    return Launch(size, three(*grid), three(*group), three(*groups), begin, end)


_numbers = itertools.count()


def load(binary: bytes, folder: Path) -> ctypes.CDLL:
    """Open a library that a compiler made, under a new name in `folder`."""
    path = folder / f"library{next(_numbers)}.so"
    path.write_bytes(binary)
    return ctypes.CDLL(str(path))


@functools.cache
def compiled(path: Path) -> bytes:
    """Compile one of the files here with the host's compiler, once."""
    options = {"name": str(path)}
    return compilers.get("cc").compile(path.read_text(), options).binary


def other_clang() -> str | None:
    """Return a clang++ of this machine, whatever its version."""
    names = ("clang++", *(f"clang++-{version}" for version in range(25, 10, -1)))
    return next((path for name in names if (path := shutil.which(name))), None)
