"""A plugin made from the table of the API: records what it is called with, answers what it is told.

`build` writes C and compiles it; a `Stub` talks to the library that came out, through ctypes. Each
function writes one line, `nxsCreateBuffer device=3 nbytes=16 ...`, and answers
`answer` (a status or handle), or waits and answers NXS_Timeout `n_timeouts` times before that.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

from conformance.api_table import API_VERSION, FUNCTIONS, Arg, Function

ROOT = Path(__file__).resolve().parents[2]
DOUBLES = Path(__file__).resolve().parent
INCLUDE = ROOT / "csrc" / "include"
LIFE = ("nxsInitialize", "nxsGetApiVersion", "nxsGetLastError")  # written by hand, not recorded

HEAD = """\
// A recording plugin; written by tests/doubles/stub_plugin.py.
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "nexus/nxs.h"

static char text[1 << 20];
static size_t used;
static unsigned char value[4096];
static size_t value_nbytes;
static int64_t answer, wait_answer;
static int n_timeouts, n_initialized, runtime_number = -1;
static int64_t initialize_answer;
static char last_error[256];

NXS_EXPORT const char *stub_calls(void) { return text; }
NXS_EXPORT void stub_forget(void) { used = 0; text[0] = 0; }
NXS_EXPORT void stub_answer(int64_t result) { answer = result; }
NXS_EXPORT void stub_wait_answer(int64_t result) { wait_answer = result; }
NXS_EXPORT void stub_timeouts(int n) { n_timeouts = n; }
NXS_EXPORT void stub_initialize_answer(int64_t result) { initialize_answer = result; }
NXS_EXPORT int stub_n_initialized(void) { return n_initialized; }
NXS_EXPORT int stub_runtime(void) { return runtime_number; }
NXS_EXPORT void stub_last_error(const char *words) {
  snprintf(last_error, sizeof last_error, "%s", words);
}
NXS_EXPORT void stub_value(const void *bytes, size_t nbytes) {
  memcpy(value, bytes, nbytes);
  value_nbytes = nbytes;
}

static void write_text(const char *format, ...) {
  va_list list;
  va_start(list, format);
  used += (size_t)vsnprintf(text + used, sizeof text - used, format, list);
  va_end(list);
}

static void write_bytes(const char *name, const void *bytes, size_t nbytes) {
  write_text(" %s=", name);
  for (size_t i = 0; bytes && i < nbytes; ++i)
    write_text("%02x", ((const unsigned char *)bytes)[i]);
}

// A getter that lies: 1: the value is larger each time; 2: it says that it wrote more than there is
// room for; 3: it has a size that no memory has; 4: it says nothing.
static int lie;
NXS_EXPORT void stub_lie(int which) { lie = which; }

static int64_t give_value(void *room, size_t *nbytes) {
  const size_t had = *nbytes;
  if (lie == 1) value_nbytes += 64;
  *nbytes = lie == 2 ? had + (1u << 20) : lie == 3 ? SIZE_MAX : value_nbytes;
  if (!room || lie == 2 || lie == 3) return NXS_Success;
  if (had < value_nbytes) return NXS_InvalidArgSize;
  memcpy(room, value, value_nbytes);
  return NXS_Success;
}

static int64_t pass_time(uint64_t timeout_ns) {
  if (n_timeouts == 0) return wait_answer;
  if (n_timeouts > 0) --n_timeouts;
  const struct timespec pause = {(time_t)(timeout_ns / 1000000000),
                                 (long)(timeout_ns % 1000000000)};
  nanosleep(&pause, NULL);
  return NXS_Timeout;
}

#ifdef STUB_DEEDS
#include STUB_DEEDS
#endif
#ifndef DEED_API_VERSION
NXS_API nxs_uint nxsGetApiVersion(void) { return STUB_API_VERSION; }
#endif
#ifndef DEED_LAST_ERROR
NXS_API const char *nxsGetLastError(void) { return last_error; }
#endif
#ifndef DEED_INITIALIZE
NXS_API nxs_status nxsInitialize(const nxs_init *init) {
  ++n_initialized;
  runtime_number = (int)init->runtime;
  return (nxs_status)initialize_answer;
}
#endif
"""

FORMATS = {  # C type -> how one value is written
    "nxs_int": '"%d", {0}',
    "nxs_uint": '"%u", {0}',
    "nxs_flags": '"%u", {0}',
    "size_t": '"%zu", {0}',
    "int64_t": '"%lld", (long long){0}',
    "uint64_t": '"%llu", (unsigned long long){0}',
    "nxs_handle": '"%lld", (long long){0}',
    "nxs_dim3": '"%u,%u,%u", {0}.x, {0}.y, {0}.z',
    "const char *": '"%s", {0}',
}


def build(
    folder: Path,
    name: str = "stub",
    *,
    api_version: tuple[int, int] = API_VERSION,
    without: tuple[str, ...] = (),
    silent: bool = False,
    flags: tuple[str, ...] = (),
) -> Path:
    """Compile a plugin that lacks the functions in `without`; returns its path.

    A silent one writes nothing down, so that what it takes can be measured. `flags` go to the
    compiler; see deeds.h for those that make it hostile.
    """
    source = folder / f"{name}.c"
    source.write_text(plugin_source(without, silent), encoding="utf-8")
    library = folder / f"libnexus_{name}.so"
    version = f"-DSTUB_API_VERSION={api_version[0] << 16 | api_version[1]}"
    compile_library(source, library, version, *flags)
    return library


def compile_library(source: Path, library: Path, *flags: str) -> None:
    """Compile one C file into a shared library."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    assert compiler, "the tests need a C compiler"
    command = [compiler, "-O1", "-shared", "-fPIC", f"-I{INCLUDE}", "-std=c11", str(source)]
    subprocess.run([*command, *flags, "-o", str(library)], check=True)


def plugin_source(without: tuple[str, ...] = (), silent: bool = False) -> str:
    """The C text of the plugin."""
    parts = [HEAD]
    for function in FUNCTIONS:
        if function.name not in (*LIFE, *without):
            text = function_source(function)
            lines = [line for line in text.splitlines() if not line.startswith("  write_")]
            parts.append("\n".join(lines) if silent else text)
    return "\n".join(parts)


def function_source(function: Function) -> str:
    """One recording function."""
    params = ", ".join(f"{arg.c_type} {arg.name}" for arg in function.args) or "void"
    lines = [f"NXS_API {function.c_returns} {function.name}({params}) {{"]
    lines += [f'  write_text("{function.name}");']
    lines += [f"  {recorded(arg)};" for arg in function.args if arg.python]
    lines += ['  write_text("\\n");']
    lines += [f"  if (answer < 0) return ({function.c_returns})answer;"]
    names = [arg.name for arg in function.args]
    if "value" in names and "nbytes" in names and not function.args[-1].python:
        lines += [f"  return ({function.c_returns})give_value(value, nbytes);"]
        lines[0] = lines[0].replace(" value,", " room,")
        lines[-1] = lines[-1].replace("(value,", "(room,")
    elif function.waits:
        lines += [f"  return ({function.c_returns})pass_time(timeout_ns);"]
    else:
        for arg in function.args:
            if arg.type.startswith("struct_out"):
                lines += [f'  if (lie != 4) {arg.name}->type = 4, {arg.name}->name = "Distinct";']
        lines += [f"  return ({function.c_returns})answer;"]
    return "\n".join([*lines, "}"])


def recorded(arg: Arg) -> str:
    """The statement that writes one argument."""
    if arg.nbytes:
        return f'write_bytes("{arg.name}", {arg.name}, {arg.nbytes})'
    form, value = FORMATS[arg.c_type].split(", ", 1)
    return f'write_text(" {arg.name}=" {form}, {value.format(arg.name)})'


class Stub:
    """The other side of a loaded stub: what it was called with, what it shall answer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.library = ctypes.CDLL(str(path))
        self.library.stub_calls.restype = ctypes.c_char_p
        self.library.stub_answer.argtypes = [ctypes.c_int64]
        self.library.stub_wait_answer.argtypes = [ctypes.c_int64]
        self.library.stub_initialize_answer.argtypes = [ctypes.c_int64]
        self.library.stub_value.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
        self.library.stub_last_error.argtypes = [ctypes.c_char_p]

    def calls(self) -> list[str]:
        """The calls since the last look, a line each."""
        text: str = self.library.stub_calls().decode()
        self.library.stub_forget()
        return text.splitlines()

    def answer(self, result: int, words: str = "") -> None:
        """What every function answers from now on; below 0: a failure, with its words."""
        self.library.stub_answer(result)
        self.library.stub_last_error(words.encode())

    def time_out(self, n_times: int, then: int = 0) -> None:
        """Waits time out that often (-1: always), and then answer `then`."""
        self.library.stub_timeouts(n_times)
        self.library.stub_wait_answer(then)

    def value(self, value: bytes) -> None:
        """What getters write."""
        self.library.stub_value(value, len(value))

    def lie(self, which: int) -> None:
        """How getters lie from now on; 0: they do not."""
        self.library.stub_lie(which)

    def refuse_to_start(self, status: int, words: str) -> None:
        """What nxsInitialize answers; told before the plugin is loaded."""
        self.library.stub_initialize_answer(status)
        self.library.stub_last_error(words.encode())

    def reset(self) -> None:
        """Succeed with 0 and an empty value, having seen nothing."""
        self.answer(0)
        self.lie(0)
        self.time_out(0)
        self.value(b"")
        self.calls()

    @property
    def n_initialized(self) -> int:
        """How often the loader started it."""
        return int(self.library.stub_n_initialized())

    @property
    def runtime(self) -> int:
        """The number that the loader gave it; -1 before."""
        return int(self.library.stub_runtime())
