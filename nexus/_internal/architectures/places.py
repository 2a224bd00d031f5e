"""Where architecture files lie: added by the program, NEXUS_DEVICE_PATH, nexus, other packages."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nexus._internal.paths import PACKAGE
from nexus.bindings.errors import DeviceInfoError

PATH_VARIABLE = "NEXUS_DEVICE_PATH"
ENTRY_POINTS = "nexus.device_lib"
OWN = "nexus"  # who named the files that came with it
ADDED = "add_device_info"
SCHEMA = "gpu_architecture_schema.json"
SUFFIX = ".json"
N_DASHES = 2  # at least, in the name of an architecture file

_added: list[str] = []  # by add(); the newest first


class Place(NamedTuple):
    """A file or folder of architectures, and who named it."""

    path: str
    where: str


class File(NamedTuple):
    """One architecture file, and who named it."""

    folder: str
    name: str
    where: str

    @property
    def path(self) -> str:
        """Where it lies; made when it is asked for, as an index has many files."""
        return os.path.join(self.folder, self.name)

    @property
    def stem(self) -> str:
        """The name under which it is found."""
        return os.path.splitext(self.name)[0].lower()

    @property
    def is_own(self) -> bool:
        """Whether it came with nexus, whose tests have checked it."""
        return self.where == OWN


def add(path: str) -> None:
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
        for file in _searched(place):
            found.setdefault(file.stem, file)
    return found


def _searched(place: Place) -> list[File]:
    named = f"{place.where} names {place.path!r}, which"
    if not os.path.isabs(place.path):
        raise DeviceInfoError(f"{named} is relative: give an absolute path")
    try:
        return files_in(place)
    except FileNotFoundError:
        raise DeviceInfoError(f"{named} is not there: name what is") from None
    except (OSError, ValueError) as error:  # ValueError: no path has such characters
        why = getattr(error, "strerror", error)
        raise DeviceInfoError(f"{named} cannot be read: {why}") from None


def files_in(place: Place) -> list[File]:
    """Return a file itself, or the architecture files of a folder in order of name."""
    path, where = place
    if os.path.isfile(path):
        return [File(*os.path.split(path), where)]
    names = sorted(os.listdir(path))
    return [File(path, name, where) for name in names if _is_architecture(name)]


def _is_architecture(name: str) -> bool:
    return name.endswith(SUFFIX) and name.count("-") >= N_DASHES


def _places(variable: str) -> Iterator[Place]:
    yield from (Place(path, ADDED) for path in _added if os.path.exists(path))
    yield from (Place(name, PATH_VARIABLE) for name in variable.split(os.pathsep) if name)
    yield Place(own_folder(), OWN)


def _entry_points() -> Iterator[Place]:
    """Folders of other packages: `[project.entry-points."nexus.device_lib"] mine = "mine:folder"`.

    What an entry point names is a path, or a function that returns one.
    """
    from importlib import metadata  # slow to import, and slow to search
    from pathlib import Path

    for entry_point in sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda e: e.name):
        where = f"entry point {entry_point.value!r}"
        try:
            named = entry_point.load()
            path = str(Path(os.fspath(named() if callable(named) else named)))
        except Exception as error:  # another package's code: whatever it does is its problem
            raise DeviceInfoError(
                f"{where} of {ENTRY_POINTS} fails: {type(error).__name__}: {error}; mend or remove "
                "the package that brought it"
            ) from error
        yield Place(path, where)


@functools.cache
def own_folder() -> str:
    """Return the folder of the files that came with nexus."""
    installed = os.path.join(PACKAGE, "device_lib")
    in_tree = os.path.join(os.path.dirname(PACKAGE), "schema", "device_lib")
    return installed if os.path.isdir(installed) else in_tree


def schema_file() -> str:
    """Return the JSON Schema of an architecture file."""
    beside = os.path.join(own_folder(), SCHEMA)
    return beside if os.path.isfile(beside) else os.path.join(os.path.dirname(own_folder()), SCHEMA)
