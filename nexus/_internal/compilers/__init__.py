"""Compilers that make libraries from source, under the names that runtimes answer for `Compiler`.

A compiler is one module of this package with a function `create() -> Compiler`, and one entry in
`_MODULES`. It is imported on first use.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

from nexus.bindings.errors import CompilerNotFoundError

if TYPE_CHECKING:
    from nexus._internal.compilers.options import Compiler

_MODULES = {
    "cc": "nexus._internal.compilers.cc",
    "hiprtc": "nexus._internal.compilers.hiprtc",
    "metal": "nexus._internal.compilers.metal",
    "nvrtc": "nexus._internal.compilers.nvrtc",
    "opencl": "nexus._internal.compilers.opencl",
}

# What a runtime answers, known without its plugin.
_OF_RUNTIMES = {
    "cpu": "cc",
    "cuda": "nvrtc",
    "hip": "hiprtc",
    "metal": "metal",
    "opencl": "opencl",
}


# Compilers inside a driver: what they make without a device is source, which the driver compiles
# when it is loaded.
_OF_DRIVERS = ("opencl",)

# Compilers whose libraries are for every device of the runtime.
_FOR_EVERY_DEVICE = ("metal",)


def name_for(runtime: str) -> str | None:
    """Return the name of the compiler of a runtime of nexus, whether it is here or not."""
    return _OF_RUNTIMES.get(runtime)


def runtime_for(compiler: object) -> str | None:
    """Return the runtime of nexus whose compiler has this name; None: none has."""
    return next((name for name, its in _OF_RUNTIMES.items() if its == compiler), None)


def is_of_driver(compiler: object) -> bool:
    """Whether the libraries of this compiler are source, which a driver compiles on load."""
    return compiler in _OF_DRIVERS


def is_for_every_device(compiler: object) -> bool:
    """Whether this compiler wants neither a device nor the name of an architecture."""
    return compiler in _FOR_EVERY_DEVICE


def names() -> list[str]:
    """Return the names that `get` knows."""
    return sorted(_MODULES)


@functools.cache
def get(name: str) -> Compiler:
    """Return the compiler of this name.

    Raises:
        CompilerNotFoundError: this version of nexus has no compiler of that name.
    """
    if name not in _MODULES:
        raise CompilerNotFoundError(
            f"cannot compile: this version of nexus has no compiler {name!r}, only "
            f"{', '.join(names())}; load a library that is compiled already"
        )
    created: Compiler = importlib.import_module(_MODULES[name]).create()
    return created
