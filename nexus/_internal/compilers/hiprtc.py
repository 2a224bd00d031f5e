"""hiprtc, the compiler of HIP for running programs; clang for targets that it does not know."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import pickle
import subprocess
import sys
from collections.abc import Hashable

from nexus._internal import paths
from nexus._internal.compilers import architecture, headers, hip_clang, process, program
from nexus._internal.compilers.options import CompileOptions, Compiler, CompileResult, Options
from nexus._internal.compilers.sources import Source
from nexus.bindings.errors import CompileError, NexusError

# ROCm 7 has hiprtc in a library of its own, 5 in the one of HIP, 6 in both.
_NAMES = (
    *("libhiprtc.so.7", "libhiprtc.so.6", "libhiprtc.so.5"),
    *("libamdhip64.so.6", "libamdhip64.so.5"),
)
_FOLDERS = ("", "/opt/rocm/lib/")
_LAST_WORDS = 8  # lines of a process that died
_COMGR = ("libamd_comgr.so.3", "libamd_comgr.so.2")


class Hiprtc:
    """Compiles HIP to code objects: with hiprtc, or with clang for what hiprtc does not know."""

    name = "hiprtc"

    def depends_on(self, options: CompileOptions) -> Hashable | None:
        """Return something when no file is included but nexus's own: hiprtc lists none."""
        return () if options.includes_nothing_unknown() else None

    def fingerprint(self, options: CompileOptions) -> list[str]:
        """Return the libraries and compilers that may be taken."""
        del options
        library = None if _is_beside_llvm() else _library()
        own = [library.path, library.version()] if library else []
        return [*own, *hip_clang.fingerprint(), headers.fingerprint()]

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        """Compile `source` to a code object for an architecture, as "gfx90a".

        Blocks; Ctrl-C waits for the end of hiprtc.

        Raises:
            CompileError: the source does not compile.
            CompilerNotFoundError: there is neither hiprtc nor a clang that knows the architecture.
            ValueError: the source is empty; no architecture is given.
        """
        chosen = CompileOptions.of(options)
        target = chosen.arch or arch
        if not target or not target.startswith("gfx"):
            raise architecture.refusal(target, "hip")
        if _is_beside_llvm():
            return _in_child(source, chosen, arch)
        library = _library()
        if library is None or not _knows(target):
            return hip_clang.compile(source, chosen, target, _why(library, target))
        words = ["-std=c++17", f"--offload-arch={target}", *program.words(chosen)]
        words += ["-O1", "-g"] if chosen.debug else ["-O3"]
        words += ["-ffast-math"] if chosen.fast_math else []
        job = program.Job(f"hiprtc {library.version()}", library, "Code", tuple(words))
        return job.run(source, chosen)


def create() -> Compiler:
    """Return the compiler that the package lists under "hiprtc"."""
    return Hiprtc()


def _why(library: program.Library | None, target: str) -> str:
    """Return why hiprtc is not taken."""
    if library is None:
        return f"hiprtc was not found (tried {', '.join(_NAMES)}; in {_FOLDERS[1]} too)"
    return f"hiprtc {library.version()} does not know {target}"


def _is_beside_llvm() -> bool:
    """Whether a driver has opened LLVM: Debian's hiprtc, which shares it, would end the process.

    Both register the options of clang there, and LLVM takes none twice.
    """
    with contextlib.suppress(OSError), open("/proc/self/maps", encoding="utf-8") as maps:
        text = maps.read()
        return "/libLLVM" in text and "/libamd_comgr" not in text
    return False


def _in_child(source: Source, options: CompileOptions, arch: str | None) -> CompileResult:
    """Compile in a process that has no drivers open."""
    program_text = (
        f"import sys; sys.path[:0] = [{os.path.dirname(paths.PACKAGE)!r}]\n"
        "from nexus._internal.compilers import hiprtc\n"
        "hiprtc.answer_parent()\n"
    )
    given = pickle.dumps((source, options, arch))
    # -P: the current folder, which may be anybody's, is no place to import from.
    command = [sys.executable, "-P", "-c", program_text]
    done = subprocess.run(command, input=given, capture_output=True)
    if done.returncode:
        log = done.stderr.decode(errors="replace").strip()
        raise CompileError(_death(options.name, done.returncode, log), log=log)
    result: CompileResult | Exception = pickle.loads(done.stdout)
    if isinstance(result, Exception):
        raise result
    return result


def _death(name: str, status: int, log: str) -> str:
    """Return what to say of a child that ended without an answer."""
    ended = f"ended with status {status}"
    if status < 0:
        ended = f"was ended by {process.signal_name(-status)}"
    said = "".join(f"\n  {line}" for line in log.splitlines()[-_LAST_WORDS:])
    colon = ":" if said else ", and said nothing"
    return f"cannot compile {name!r}: the process for hiprtc {ended}{colon}{said}"


def answer_parent() -> None:
    """Compile what stands on standard input, and write the result, or the exception, to the other.

    Only `_in_child` starts this: both ends are this file.
    """
    source, options, arch = pickle.load(sys.stdin.buffer)
    try:
        result: CompileResult | Exception = Hiprtc().compile(source, options, arch=arch)
    except (NexusError, ValueError) as error:
        result = error
    sys.stdout.buffer.write(pickle.dumps(result))


@functools.cache
def _library() -> program.Library | None:
    for name in _NAMES:
        for folder in _FOLDERS:
            try:
                return program.Library(folder + name, "hiprtc")
            except (OSError, AttributeError):
                continue
    return None


def _knows(target: str) -> bool:
    """Whether it is a target of hiprtc, which ends the process for some that it does not know."""
    return not _targets() or target.partition(":")[0] in _targets()


@functools.cache
def _targets() -> frozenset[str]:
    """Return the targets of the library under hiprtc; empty when that cannot be asked."""
    for name in _COMGR:
        for folder in _FOLDERS:
            try:
                return frozenset(_isa_names(ctypes.CDLL(folder + name)))
            except (OSError, AttributeError):
                continue
    return frozenset()


def _isa_names(comgr: ctypes.CDLL) -> list[str]:
    count, name = ctypes.c_size_t(), ctypes.c_char_p()
    names = []
    comgr.amd_comgr_get_isa_count(ctypes.byref(count))
    for number in range(count.value):
        comgr.amd_comgr_get_isa_name(ctypes.c_size_t(number), ctypes.byref(name))
        names.append((name.value or b"").decode().rpartition("-")[2])
    return names
