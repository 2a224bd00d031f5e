"""HIP with any clang that has AMD's targets, without ROCm: device code alone."""

from __future__ import annotations

import functools
import glob
import os
import re
import shutil

from nexus._internal.compilers import command, process, program
from nexus._internal.compilers.options import CompileOptions, CompileResult
from nexus._internal.compilers.sources import Source
from nexus.bindings.errors import CompilerNotFoundError

_NAMES = ("amdclang++", "clang++", *(f"clang++-{version}" for version in range(30, 14, -1)))
# AMD's functions of maths, as LLVM code: the folders where packages put them.
_BITCODE = (
    "/opt/rocm/amdgcn/bitcode",
    "/usr/lib/x86_64-linux-gnu/amdgcn/bitcode",
    "/usr/lib/aarch64-linux-gnu/amdgcn/bitcode",
    "/usr/lib64/amdgcn/bitcode",
)
_HINT = "install clang 15 or newer and its lld (Debian, Ubuntu: apt install clang-15 lld-15)"


def compile(source: Source, options: CompileOptions, arch: str, why: str) -> CompileResult:
    """Compile `source` to a code object.

    Args:
        source: as everywhere.
        options: as everywhere.
        arch: the target, as "gfx1100".
        why: why clang is taken at all, for messages.

    Raises:
        CompileError: the source does not compile.
        CompilerNotFoundError: no clang knows the target.
    """
    clang = _clang_for(arch.partition(":")[0])
    if clang is None:
        raise CompilerNotFoundError(
            f"cannot compile for {arch}: {why}, and of {', '.join(names()) or 'no clang on PATH'} "
            f"none knows it; install a newer ROCm, or {_HINT}"
        )
    flags = ["-x", "hip", f"--offload-arch={arch}", "--cuda-device-only", "--no-gpu-bundle-output"]
    flags += ["-nogpuinc", "-nogpulib", "-std=c++17", "-O1" if options.debug else "-O3"]
    flags += ["-g"] if options.debug else []
    flags += ["-ffast-math"] if options.fast_math else []
    flags += [word for path in _bitcode(arch, options) for word in _linked(path)]
    tool = command.Tool(clang, (clang, *flags, *program.words(options)), ".hip", _HINT)
    return tool.run(source, options)


def names() -> list[str]:
    """Return the compilers that may be taken, as paths."""
    return list(dict.fromkeys(path for name in _NAMES if (path := shutil.which(name))))


def fingerprint() -> list[str]:
    """Return the compilers that may be taken, and when they were installed."""
    return [f"{path} {os.stat(path).st_mtime_ns}" for path in names()]


@functools.cache
def _clang_for(target: str) -> str | None:
    """Return the first clang that compiles nothing for the target."""
    flags = ["-target", "amdgcn-amd-amdhsa", f"-mcpu={target}", "-nogpulib", "-S", "-o", os.devnull]
    for path in names():
        try:
            status, _ = process.run([path, *flags, "-x", "c", os.devnull], os.environ)
        except OSError:
            continue
        if status == 0:
            return path
    return None


def _linked(path: str) -> tuple[str, ...]:
    return ("-Xclang", "-mlink-builtin-bitcode", "-Xclang", path)


def _bitcode(arch: str, options: CompileOptions) -> list[str]:
    """Return the files of AMD's maths for a target; none when they are not installed."""
    folder = next((one for one in _BITCODE if os.path.isfile(f"{one}/ocml.bc")), None)
    if folder is None:
        return []
    fast = "on" if options.fast_math else "off"
    wide = "off" if re.match(r"gfx1\d", arch) else "on"  # waves of 32 items from gfx10 on
    switches = {
        "correctly_rounded_sqrt": "on",
        "daz_opt": "off",
        "finite_only": fast,
        "unsafe_math": fast,
        "wavefrontsize64": wide,
    }
    files = [f"{folder}/oclc_{name}_{state}.bc" for name, state in switches.items()]
    files += [f"{folder}/oclc_abi_version_400.bc", _isa_version(folder, arch)]
    return [f"{folder}/ocml.bc", *filter(os.path.isfile, files)]


def _isa_version(folder: str, arch: str) -> str:
    """Return the file of a target, or of the newest one that is older."""
    wanted = _number(arch.partition(":")[0].removeprefix("gfx"))
    paths = {
        _number(path.removesuffix(".bc").rpartition("_")[2]): path
        for path in glob.glob(f"{folder}/oclc_isa_version_*.bc")
    }
    older = [number for number in paths if number <= wanted]
    return paths[max(older)] if older else ""


def _number(digits: str) -> int:
    """Return the order of a target: the last two digits of gfx90a are 0 and a."""
    return int(digits[:-2] or "0") * 256 + int(digits[-2:], 16)
