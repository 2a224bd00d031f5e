"""A wheel, the native files in it, and an environment into which one is installed."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment and what runs in it."""

    place: Path

    @classmethod
    def make(cls, python: Path, place: Path) -> Environment:
        """Make an environment that holds nothing but pip."""
        place.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([python, "-m", "venv", place], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return cls(place)

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.place / "bin" / "python"

    @property
    def site(self) -> Path:
        """The folder that pip installs into."""
        (site,) = self.place.glob("lib/python3.*/site-packages")
        return site

    def install(self, *arguments: str) -> Environment:
        """Run pip install; return this environment."""
        pip = ["-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        self.run([self.python, *pip, *arguments])
        return self

    def run(
        self, command: Sequence[str | Path], folder: Path | None = None, **variables: str
    ) -> str:
        """Run a command as a user of this environment would; return what it prints."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("NEXUS_", "PYTHON"))}
        clean["PATH"] = f"{self.place / 'bin'}{os.pathsep}{clean['PATH']}"
        done = subprocess.run(
            command, env=clean | variables, cwd=folder or self.place, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout.strip()

    def run_python(self, program: str) -> str:
        """Run a program that sees this environment alone; return what it prints."""
        return self.run([self.python, "-P", "-c", program])


@dataclass(frozen=True)
class Wheel:
    """A wheel file, and the version of Python that it is for."""

    path: Path
    version: str

    @cached_property
    def names(self) -> set[str]:
        """The paths of the files inside."""
        with zipfile.ZipFile(self.path) as archive:
            return {name for name in archive.namelist() if not name.endswith("/")}

    @property
    def platform(self) -> str:
        """The platform tag, `linux_x86_64` or `manylinux_2_17_x86_64.manylinux2014_x86_64`."""
        return self.path.stem.split("-")[-1]

    def read(self, name: str) -> str:
        """Return the text of a file inside."""
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(name).decode()

    def extract_natives(self, place: Path) -> list[Path]:
        """Unpack the shared objects into `place`; return them."""
        with zipfile.ZipFile(self.path) as archive:
            names = sorted(name for name in self.names if name.endswith(".so"))
            return [Path(archive.extract(name, place)) for name in names]


@dataclass(frozen=True)
class Native:
    """A shared object, as readelf sees it."""

    path: Path
    name: Path  # inside the wheel

    @property
    def is_plugin(self) -> bool:
        """Tell a plugin from an extension module."""
        return self.name.parent.name == "plugins"

    def readelf(self, *options: str) -> str:
        """Return what readelf prints."""
        command = ["readelf", "--wide", *options, str(self.path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def needed(self) -> set[str]:
        """Return the libraries that it is linked to."""
        return set(re.findall(r"\(NEEDED\).*\[(.*)\]", self.readelf("--dynamic")))

    def exported(self) -> set[str]:
        """Return the symbols that it shows to others."""
        return {name for name, section in self.symbols() if section != "UND"}

    def imported(self) -> set[str]:
        """Return the symbols that it takes from others."""
        return {name for name, section in self.symbols() if section == "UND"}

    def symbols(self) -> list[tuple[str, str]]:
        """Return the name and the section of each symbol that is not local."""
        rows = [line.split() for line in self.readelf("--dyn-syms").splitlines()]
        return [
            (row[7].partition("@")[0], row[6])
            for row in rows
            if len(row) > 7 and row[4] in ("GLOBAL", "WEAK", "UNIQUE")
        ]

    def symbol_versions(self, family: str) -> set[tuple[int, ...]]:
        """Return the versions of GLIBC, GLIBCXX or CXXABI that it needs."""
        found = re.findall(rf"\b{family}_([0-9.]+)", self.readelf("--version-info"))
        return {tuple(map(int, text.split("."))) for text in found}
