"""Compiles every native part for other systems with zig, as a check that it can be done.

    python csrc/build_cross.py [linux-aarch64] [macos-arm64]

Plugins, Cython modules and C++ tests go into build/cross, warnings are errors, and a list says what
each file is; tests/packages/test_cross.py looks into them. The headers of Python are this machine's
own: on systems whose long and pointers have 64 bits they differ in `pyconfig.h` alone, in lines
that concern the build of Python itself. zig brings the headers of macOS that nexus asks for; there
is no SDK of Apple, so no framework can be linked, and nothing for macOS can be run here.
"""

from __future__ import annotations

import importlib
import os
import runpy
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import build_plugins as native
import zig

ROOT = Path(__file__).resolve().parents[1]
CSRC = ROOT / "csrc"
OUT = ROOT / "build" / "cross"
TAG = f"cpython-{sys.version_info.major}{sys.version_info.minor}"

# First bytes of a file, and where they tell the processor: elf.h, mach-o/loader.h.
ELF, MACH_O = b"\x7fELF", bytes.fromhex("cffaedfe")
ELF_MACHINES = {62: "x86-64", 183: "aarch64"}
MACH_O_MACHINES = {0x01000007: "x86-64", 0x0100000C: "arm64"}


@dataclass(frozen=True)
class Target:
    """A system to compile for."""

    name: str
    zig: str  # as zig calls it
    platform: str  # as sys.platform would say there
    suffix: str  # of extension modules

    @property
    def out(self) -> Path:
        """Folder for what is made."""
        return OUT / self.name


TARGETS = {
    target.name: target
    for target in (
        Target("linux-aarch64", "aarch64-linux-gnu.2.17", "linux", f".{TAG}-aarch64-linux-gnu.so"),
        Target("macos-arm64", "aarch64-macos.11.0", "darwin", f".{TAG}-darwin.so"),
    )
}


@contextmanager
def compiling_for(target: Target) -> Iterator[None]:
    """Have zig compile for a target, with every warning an error."""
    before = dict(os.environ)
    os.environ |= {"NEXUS_WERROR": "1", **zig.variables(target.zig)}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def in_parallel(jobs: list[tuple[Path, list[str], list[Path]]]) -> list[Path]:
    """Run commands that make files, as many at a time as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda job: native.make(*job), jobs):
            pass  # the first failure is raised here
    return [made for made, _, _ in jobs]


def build_modules(target: Target) -> list[Path]:
    """Compile and link every Cython module."""
    cythonize: Any = importlib.import_module("Cython.Build").cythonize  # it has no types
    os.chdir(ROOT)
    declared = runpy.run_path("setup.py")["cython_extensions"]()
    made = cythonize(declared, build_dir="build/cython", language_level=3, quiet=True)
    headers = native.headers_in([CSRC / "include"])
    includes = [f"-I{CSRC / 'include'}", f"-I{sysconfig.get_path('include')}"]
    flags = [*native.compile_flags(), "-Wno-unused-parameter", "-fwrapv", "-DNDEBUG", *includes]
    shown, show = native.exports(target.platform)
    end = [*native.link_flags(target.platform), show]
    if target.platform == "darwin":
        end += ["-undefined", "dynamic_lookup"]  # Python's own functions are there when it is
    compiles, links = [], []
    for extension in made:
        source = Path(extension.sources[0])
        built = target.out / "temp" / f"{extension.name}.o"
        command = [*native.find_compiler(), *flags, "-c", str(source), "-o", str(built)]
        compiles.append((built, command, [source, *headers]))
        library = target.out / (extension.name.replace(".", "/") + target.suffix)
        command = [*native.find_compiler(), "-shared", str(built), "-o", str(library), *end]
        links.append((library, command, [built, shown]))
    in_parallel(compiles)
    return in_parallel(links)


def build_tests(target: Target) -> list[Path]:
    """Compile and link the C++ tests."""
    flags = [flag for flag in native.compile_flags() if flag != "-fvisibility=hidden"]
    folders = [CSRC / "include", CSRC]
    if target.platform != "darwin":
        folders.append(CSRC / "tests" / "darwin")
    includes = ["-DNXS_EMULATED", *(f"-I{folder}" for folder in folders)]
    end = ["-rdynamic", *native.link_flags(target.platform)]
    jobs = []
    for source in sorted(CSRC.glob("tests/*.cpp")):
        program = target.out / "tests" / source.stem
        words = [*native.find_compiler(), *flags, *includes, str(source), "-o", str(program)]
        jobs.append((program, [*words, *end], [source, *native.headers_in([CSRC])]))
    return in_parallel(jobs)


def build(target: Target) -> list[Path]:
    """Compile everything for a target; return the files."""
    with compiling_for(target):
        plugins = native.build_plugins(
            CSRC, target.out / "plugins", target.out / "temp", target.platform
        )
        return [*plugins, *build_modules(target), *build_tests(target)]


def format_and_machine(path: Path) -> tuple[str, str]:
    """Return what a native file is, and for which processor; its first bytes tell."""
    with path.open("rb") as file:
        head = file.read(20)
    if head.startswith(ELF):
        machine = int.from_bytes(head[18:20], "little")
        return "ELF", ELF_MACHINES.get(machine, f"machine {machine}")
    if head.startswith(MACH_O):
        machine = int.from_bytes(head[4:8], "little")
        return "Mach-O", MACH_O_MACHINES.get(machine, f"machine {machine:#x}")
    return "neither ELF nor Mach-O", f"begins with {head[:4].hex()}"


def main() -> None:
    """Run the command line."""
    for name in sys.argv[1:] or TARGETS:
        if name not in TARGETS:
            raise SystemExit(f"no target {name!r}; there are {', '.join(TARGETS)}")
        made = build(TARGETS[name])
        print(f"\n{name}\n{'bytes':>11}  {'format':7} {'machine':8} file")
        for path in made:
            kind, machine = format_and_machine(path)
            size = path.stat().st_size
            print(f"{size:11,}  {kind:7} {machine:8} {path.relative_to(OUT / name)}")


if __name__ == "__main__":
    main()
