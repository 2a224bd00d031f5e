"""Where architecture files lie: added by the program, NEXUS_DEVICE_PATH, nexus, other packages."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from nexus.bindings.errors import DeviceInfoError

PATH_VARIABLE = "NEXUS_DEVICE_PATH"
ENTRY_POINTS = "nexus.device_lib"
SCHEMA = "gpu_architecture_schema.json"

_added: list[Path] = []  # by add(); the newest first


class Place(NamedTuple):
    """A file or folder of architectures, and who named it."""

    path: Path
    where: str


class File(NamedTuple):
    """One architecture file, and who named it."""

    path: Path
    where: str

    @property
    def is_own(self) -> bool:
        """Whether it came with nexus, whose tests have checked it."""
        return self.where == "nexus"


def add(path: Path) -> None:
    """Look into a file or folder before all that were added earlier."""
    _added.insert(0, path)
    forget()


def forget() -> None:
    """Look at all places anew."""
    _near.cache_clear()
    _index.cache_clear()


def state() -> tuple[int, str]:
    """Return what changes whenever other files may be found."""
    return len(_added), os.environ.get(PATH_VARIABLE, "")


def find(name: str) -> File | None:
    """Return the file of a name; other packages are asked only when nothing else has it."""
    return near().get(name) or index().get(name)


def near() -> dict[str, File]:
    """Return name -> file, without those of other packages."""
    return _near(*state())


def index() -> dict[str, File]:
    """Return name -> file; the first place that has a name is the one that counts.

    Raises:
        DeviceInfoError: NEXUS_DEVICE_PATH names what is not there, or another package's entry
            point fails.
    """
    return _index(*state())


@functools.lru_cache(maxsize=4)
def _index(n_added: int, variable: str) -> dict[str, File]:
    return _files(_entry_points()) | _near(n_added, variable)


@functools.lru_cache(maxsize=4)
def _near(n_added: int, variable: str) -> dict[str, File]:
    return _files(_places(variable))


def _files(searched: Iterable[Place]) -> dict[str, File]:
    found: dict[str, File] = {}
    for place in searched:
        for path in files_in(place.path):
            found.setdefault(path.stem.lower(), File(path, place.where))
    return found


def files_in(path: Path) -> list[Path]:
    """Return a file itself, or the architecture files of a folder in order of name."""
    return [path] if path.is_file() else sorted(path.glob("*-*-*.json"))


def _places(variable: str) -> Iterator[Place]:
    yield from (Place(path, "add_device_info") for path in _added)
    for entry in filter(None, variable.split(os.pathsep)):
        if why := _problem(Path(entry)):
            raise DeviceInfoError(
                f"{PATH_VARIABLE} names {entry!r}, which {why}: mend the variable"
            )
        yield Place(Path(entry), PATH_VARIABLE)
    yield Place(own_folder(), "nexus")


def _problem(path: Path) -> str:
    if not path.is_absolute():
        return "is relative; give an absolute path"
    try:
        _ = [*path.iterdir()] if path.is_dir() else path.stat()
    except FileNotFoundError:
        return "is not there"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return ""


def _entry_points() -> Iterator[Place]:
    """Folders of other packages: `[project.entry-points."nexus.device_lib"] mine = "mine:folder"`.

    What an entry point names is a path, or a function that returns one.
    """
    from importlib import metadata  # slow to import, and slow to search

    for entry_point in sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda e: e.name):
        where = f"entry point {entry_point.value!r}"
        try:
            named = entry_point.load()
            path = Path(os.fspath(named() if callable(named) else named))
        except Exception as error:  # another package's code: whatever it does is its problem
            raise DeviceInfoError(
                f"{where} of {ENTRY_POINTS} fails: {type(error).__name__}: {error}; mend or remove "
                "the package that brought it"
            ) from error
        yield Place(path, where)


def own_folder() -> Path:
    """Return the folder of the files that came with nexus."""
    package = Path(__file__).resolve().parents[2]
    installed, in_tree = package / "device_lib", package.parent / "schema" / "device_lib"
    return installed if installed.is_dir() else in_tree


def schema_file() -> Path:
    """Return the JSON Schema of an architecture file."""
    beside = own_folder() / SCHEMA
    return beside if beside.is_file() else own_folder().parent / SCHEMA
