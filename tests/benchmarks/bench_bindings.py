"""Cost of one call of the bindings above a plugin that does nothing, beside hand-written C.

`python tests/benchmarks/bench_bindings.py` prints one JSON object a line: name, value in ns (median
of the repeats, the empty loop taken off), lowest and highest, and the ratio to its floor, which is
a METH_O function that calls the same C function, measured in the same turns.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from doubles.stub_plugin import INCLUDE, Stub, build, compile_library
from nexus.bindings import nxs

REPEATS = 61
NUMBER = 5_000  # short, so that most of the repeats are not interrupted by another process

FLOOR = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
static long long (*volatile target)(int);
static PyObject *point(PyObject *self, PyObject *address) {
  target = (long long (*)(int))PyLong_AsVoidPtr(address);
  Py_RETURN_NONE;
}
static PyObject *hold(PyObject *self, PyObject *number) {
  return PyLong_FromLongLong(target((int)PyLong_AsLong(number)));
}
static PyObject *release(PyObject *self, PyObject *number) {
  const int device = (int)PyLong_AsLong(number);
  long long result;
  Py_BEGIN_ALLOW_THREADS
  result = target(device);
  Py_END_ALLOW_THREADS
  return PyLong_FromLongLong(result);
}
static PyMethodDef methods[] = {{"point", point, METH_O, 0}, {"hold", hold, METH_O, 0},
                                {"release", release, METH_O, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "floor", 0, -1, methods};
PyMODINIT_FUNC PyInit_floor(void) { return PyModule_Create(&module); }
"""

CIMPORT = """
# cython: language_level=3
from libc.stdint cimport int64_t
from nexus.bindings cimport cynxs

def many(int runtime, int n):
    cdef int i
    cdef int64_t total = 0
    with nogil:
        for i in range(n):
            total += cynxs.get_default_stream(runtime, i)
    return total
"""


def load(name: str, path: Path) -> ModuleType:
    """Import an extension module from a file."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build_floor(folder: Path) -> ModuleType:
    """Compile the hand-written module."""
    source = folder / "floor.c"
    source.write_text(FLOOR, encoding="utf-8")
    compile_library(source, folder / "floor.so", "-O2", f"-I{sysconfig.get_path('include')}")
    return load("floor", folder / "floor.so")


def build_cimport(folder: Path) -> ModuleType:
    """Compile a module that cimports cynxs."""
    (folder / "cimporting.pyx").write_text(CIMPORT, encoding="utf-8")
    package = str(Path(nxs.__file__).parents[2])
    command = [sys.executable, "-m", "cython", "-I", package, "cimporting.pyx"]
    subprocess.run(command, cwd=folder, check=True)
    flags = ["-O2", "-std=gnu11", f"-I{sysconfig.get_path('include')}", f"-I{INCLUDE}"]
    compile_library(folder / "cimporting.c", folder / "cimporting.so", *flags)
    return load("cimporting", folder / "cimporting.so")


def measure(calls: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]) -> dict[str, list[float]]:
    """Nanoseconds of each call, REPEATS times, all of them in turns."""
    timers = {"empty": timeit.Timer("pass")}
    for name, (function, arguments) in calls.items():
        space: dict[str, Any] = {"f": function} | {f"a{n}": a for n, a in enumerate(arguments)}
        names = ", ".join(f"a{n}" for n in range(len(arguments)))
        timers[name] = timeit.Timer(f"f({names})", globals=space)
    taken: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(REPEATS):
        for name, timer in timers.items():
            taken[name].append(timer.timeit(NUMBER) / NUMBER * 1e9)
    loop = statistics.median(taken.pop("empty"))
    return {name: [ns - loop for ns in values] for name, values in taken.items()}


def main() -> None:
    """Build, measure and print."""
    folder = Path(tempfile.mkdtemp())
    path = build(folder, "silent", silent=True)
    runtime = nxs.load_runtime(path)
    stub = Stub(path)
    stub.value((7).to_bytes(8, "little"))
    stub.answer(5)
    floor = build_floor(folder)
    floor.point(nxs._inspect_function_pointer(runtime, "nxsGetDefaultStream"))
    many, n_inner = build_cimport(folder).many, 1000
    backend = nxs.Backend("silent")
    calls: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
        "floor_hold": (floor.hold, (0,)),
        "floor_release": (floor.release, (0,)),
        "hold get_default_stream": (nxs.get_default_stream, (runtime, 0)),
        "hold Backend.get_default_stream": (backend.get_default_stream, (0,)),
        "hold set_command_argument": (nxs.set_command_argument, (runtime, 11, 2, 12)),
        "hold finalize_command tuples": (
            nxs.finalize_command,
            (runtime, 11, (256, 1, 1), (1024, 1, 1)),
        ),
        "hold get_device_property int": (nxs.get_device_property, (runtime, 0, 2)),
        "release create_event": (nxs.create_event, (runtime, 0)),
        "release Backend.create_event": (backend.create_event, (0,)),
        "release copy_buffer bytearray": (nxs.copy_buffer, (runtime, 11, bytearray(64))),
        "release wait_run": (nxs.wait_run, (runtime, 11, 5)),
        "release run_schedule": (nxs.run_schedule, (runtime, 11, 12, 0)),
        "release run_schedule blocking": (nxs.run_schedule, (runtime, 11, 12, 1)),
        "release run_schedule blocking, stream 0": (nxs.run_schedule, (runtime, 11, 0, 1)),
    }
    taken = measure(calls)
    inner = [timeit.timeit(lambda: many(runtime, n_inner), number=20) for _ in range(REPEATS)]
    taken["cimport get_default_stream"] = [t / 20 / n_inner * 1e9 for t in inner]
    for name, values in taken.items():
        value = statistics.median(values)
        base = taken.get("floor_" + name.split()[0])
        ratio = round(value / statistics.median(base), 2) if base else None
        row = {"name": name, "value": round(value, 1), "unit": "ns", "ratio": ratio}
        row |= {"min": round(min(values), 1), "max": round(max(values), 1)}
        print(json.dumps(row | {"machine": platform.processor() or platform.machine()}))


if __name__ == "__main__":
    main()
