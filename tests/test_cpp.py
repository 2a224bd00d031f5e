"""Runs the C and C++ tests of csrc/tests, each a program of its own; compiles each header alone.

A program prints what failed and returns something else than 0. It gets the folder of the built
plugins as its argument, a folder to write to as TMPDIR, and the compiler as CXX. NEXUS_SANITIZE, as
in a build, instruments the programs too.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import build_plugins as native

ROOT = Path(__file__).resolve().parents[1]
CSRC = ROOT / "csrc"
PROGRAMS = sorted([*CSRC.glob("tests/*.cpp"), *CSRC.glob("tests/*.c")])
# Left out: parts of kernel.h, and a table that a macro of the reader's must come before.
HEADERS = sorted(
    path
    for path in [*CSRC.glob("include/**/*.h"), *CSRC.glob("**/*.hpp")]
    if path.parent.name != "kernel" and path.name != "_nxs_functions.h"
)
BUILT = ROOT / "build" / "cpp_tests" / (native.sanitizers() or "plain").replace(",", "_")
DIALECTS = {".c": ["c11"], ".cpp": ["c++20"], ".h": ["c11", "c++17"], ".hpp": ["c++20"]}
DIALECTS["kernel.h"] = ["c++17", "c++20"]  # on the CPU a portable kernel is C++


def compiler(dialect: str) -> list[str]:
    """Return the command that compiles one file of this dialect, with every warning an error."""
    language = ["-x", "c++" if "+" in dialect else "c", f"-std={dialect}"]
    flags = [flag for flag in native.compile_flags() if not flag.startswith("-std=")]
    # Entry points of the sdk are compiled inside a plugin, whose backend.hpp they ask for.
    plugins = CSRC / "plugins"
    folders = [CSRC / "include", CSRC, plugins / "null", plugins / "_host"]
    if sys.platform != "darwin":
        folders.append(CSRC / "tests" / "darwin")
    includes = [f"-I{folder}" for folder in folders]
    return [*native.find_compiler(), *language, *flags, "-Werror", *includes]


def name(path: Path) -> str:
    """Return the path inside csrc, as the name of a test."""
    return path.relative_to(CSRC).as_posix()


def plugin_folder() -> Path:
    """Return the plugins of the package that the other tests import, sanitized ones at times."""
    package = importlib.util.find_spec("nexus")
    assert package is not None and package.origin is not None, "nexus is not installed"
    return Path(package.origin).parent / "plugins"


@pytest.mark.timeout(420)
@pytest.mark.parametrize("source", PROGRAMS, ids=name)
def test_program(source: Path, tmp_path: Path) -> None:
    program = BUILT / source.stem
    # Functions of the program stand in the place of the system's, for plugins too.
    end = ["-x", "none", "-rdynamic", *native.link_flags()]
    command = [*compiler(DIALECTS[source.suffix][0]), str(source), "-o", str(program), *end]
    native.make(program, command, [source, *native.headers_in([CSRC])])
    given = {"TMPDIR": str(tmp_path), "CXX": shlex.join(native.find_compiler())}
    done = subprocess.run(
        [program, plugin_folder()],
        env=os.environ | given,
        capture_output=True,
        text=True,
        timeout=300,  # of a busy machine, with sanitizers
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("header", HEADERS, ids=name)
def test_header_compiles_alone(header: Path, tmp_path: Path) -> None:
    for dialect in DIALECTS.get(header.name, DIALECTS[header.suffix]):
        lone = tmp_path / "lone.cc"
        lone.write_text(f'#include "{header}"\nint main() {{}}\n', encoding="utf-8")
        command = [*compiler(dialect), "-fsyntax-only", str(lone)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"as {dialect}:\n{done.stderr}"
