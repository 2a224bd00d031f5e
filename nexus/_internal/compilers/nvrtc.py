"""NVRTC, the compiler of CUDA for running programs: makes cubins and PTX without a device."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
from collections.abc import Hashable, Iterator
from pathlib import Path

from nexus._internal.compilers import architecture, headers, program
from nexus._internal.compilers.options import CompileOptions, Compiler, CompileResult, Options
from nexus._internal.compilers.sources import Source
from nexus.bindings.errors import CompileError, CompilerNotFoundError

_NAMES = ("libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so")
_ARCH = re.compile(r"sm_(\d+)[a-z]?")


class Nvrtc:
    """Compiles CUDA C++ with the NVRTC of this machine."""

    name = "nvrtc"

    def depends_on(self, options: CompileOptions) -> Hashable | None:
        """Return something when no file is included but nexus's own: NVRTC lists none."""
        return () if options.includes_nothing_unknown() else None

    def fingerprint(self, options: CompileOptions) -> list[str]:
        """Return the library and its version."""
        del options
        library = _library()
        return [library.path, library.version(), headers.fingerprint()]

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        """Compile `source` for an architecture, as "sm_90".

        The result is a cubin; without an architecture, or for one that is newer than this NVRTC,
        it is PTX, which the driver compiles when it is loaded. Blocks; Ctrl-C waits for the end.

        Raises:
            CompileError: the source does not compile, or the architecture is too old.
            CompilerNotFoundError: there is no NVRTC.
            ValueError: the source is empty; the architecture is none of CUDA.
        """
        chosen = CompileOptions.of(options)
        library = _library()
        target, kind = _target(library, chosen.arch or arch)
        words = ["--std=c++17", f"--gpu-architecture={target}", *program.words(chosen)]
        words += ["--device-debug", "--generate-line-info"] if chosen.debug else []
        words += ["--use_fast_math"] if chosen.fast_math else []
        job = program.Job(f"NVRTC {library.version()}", library, kind, tuple(words))
        return job.run(source, chosen)


def create() -> Compiler:
    """Return the compiler that the package lists under "nvrtc"."""
    return Nvrtc()


def _target(library: program.Library, arch: str | None) -> tuple[str, str]:
    """Return what to compile for, and in which form it is taken."""
    known = library.architectures()
    if arch is None:
        return f"compute_{known[0]}", "PTX"
    match = _ARCH.fullmatch(arch)
    if not match:
        raise architecture.refusal(arch, "cuda")
    number = int(match[1])
    if number in known:
        return arch, "CUBIN"
    older = [one for one in known if one <= number]
    if not older:
        raise CompileError(
            f"cannot compile for {arch} with NVRTC {library.version()}, whose oldest architecture "
            f"is sm_{known[0]}; install an older one, as pip install nvidia-cuda-nvrtc-cu12"
        )
    return f"compute_{older[-1]}", "PTX"


@functools.cache
def _library() -> program.Library:
    tried = []
    for path in _places():
        try:
            return program.Library(path, "nvrtc")
        except (OSError, AttributeError) as error:
            tried.append(f"{path} ({error})" if os.path.isfile(path) else path)
    raise CompilerNotFoundError(
        f"NVRTC was not found: tried {', '.join(tried)}; pip install nvidia-cuda-nvrtc, or install "
        "the CUDA toolkit"
    )


def _places() -> Iterator[str]:
    """Yield where the library may be: packages of PyPI, the loader's folders, the toolkit."""
    package = importlib.util.find_spec("nvidia")
    for folder in (package.submodule_search_locations or ()) if package else ():
        yield from sorted(map(str, Path(folder).glob("*/lib/libnvrtc.so.*")), reverse=True)
    yield from _NAMES
    for root in (os.environ.get("CUDA_PATH"), os.environ.get("CUDA_HOME"), "/usr/local/cuda"):
        if root:
            yield os.path.join(root, "lib64", "libnvrtc.so")
