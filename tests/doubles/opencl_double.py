"""A fake OpenCL driver for tests: built here, found by a program that is started with its names.

It lies under the name of the loader itself, libOpenCL.so.1, so that a process whose
LD_LIBRARY_PATH begins with its folder has this driver and no other. Kernels are functions of
libraries for the cpu runtime; a program is a text that names some of them. What such a process says
to the driver is in opencl_control.py.
"""

from __future__ import annotations

import functools
import os
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import build_plugins as native
from doubles import fresh

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent / "opencl_driver"
SONAME = "libOpenCL.so.1"
NEWER = "newer.cpp"  # what versions after 1.2 added


def folder(name: str = "newer") -> Path:
    """Build the driver, if need be, and return the folder it lies in.

    `newer` has every function, `oldest` those of OpenCL 1.2 alone.
    """
    return build(native.sanitizers()) / name


@functools.cache
def build(sanitizers: str) -> Path:
    """Build everything with the sanitizers of the environment, once."""
    out = ROOT / "build" / "doubles" / (sanitizers.replace(",", "_") or "plain")
    compiler = [*native.find_compiler(), *native.compile_flags()]
    compiler += [f"-I{ROOT / 'csrc' / 'include'}", f"-I{ROOT / 'csrc'}"]
    inputs = native.headers_in([HERE, ROOT / "csrc" / "include", ROOT / "csrc" / "sdk"])
    inputs.append(ROOT / "csrc" / "plugins" / "opencl" / "cl.h")
    made = {path: out / f"{path.name}.o" for path in sorted(HERE.glob("*.cpp"))}
    jobs = [
        (object_, [*compiler, "-c", str(path), "-o", str(object_)], [path, *inputs])
        for path, object_ in made.items()
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda job: native.make(*job), jobs):
            pass  # the first failure is raised here
    code = made.pop(HERE / "code.cpp")
    newer = made.pop(HERE / NEWER)
    link = [*native.find_compiler(), "-shared", *native.link_flags()]
    native.make(out / "code.so", [*link, str(code), "-o", str(out / "code.so")], [code])
    for place, objects in (("newer", [*made.values(), newer]), ("oldest", [*made.values()])):
        target = out / place / SONAME
        command = [*link, *map(str, objects), f"-Wl,-soname,{SONAME}", "-o", str(target)]
        native.make(target, command, objects)
    return out


def code() -> Path:
    """Return the library with the kernels of opencl_driver/code.cpp."""
    return folder().parent / "code.so"


def environment(driver: str = "newer", /, **options: object) -> dict[str, str]:
    """Return the variables of a process that has this driver; options as in plan.hpp."""
    words = {"kernels": code()} | options
    before = os.environ.get("LD_LIBRARY_PATH")
    return {
        "LD_LIBRARY_PATH": f"{folder(driver)}:{before}" if before else str(folder(driver)),
        "OPENCL_DOUBLE": " ".join(f"{key}={value}" for key, value in words.items()),
    }


PRELUDE = """
import gc
import numpy as np
import nexus
from doubles import opencl_control
SAXPY = "kernel void saxpy(float a, global const float *x, global float *y) {...}"
ADD_ONE = "kernel void add_one(global int *x) {...}"
control = opencl_control.Control()
def zeros(n, device="opencl"):
    return nexus.device(device).create_buffer(np.zeros(n, np.int32))
def floats(values, device="opencl"):
    return nexus.device(device).create_buffer(np.asarray(values, np.float32))
"""


def run(program: str, driver: str = "newer", /, **options: object) -> str:
    """Run a program in a process that has this driver; it ends well and complains of nothing."""
    return fresh.run(PRELUDE + textwrap.dedent(program), **environment(driver, **options))
