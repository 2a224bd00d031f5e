"""Finds the plugins of this machine without opening one of them.

Searched in this order: NEXUS_RUNTIME_PATH (files or folders), the package, Python entry points of
the group `nexus.runtimes`. The first plugin of a name is taken; the others are shadowed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

PREFIX = "libnexus_"
SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"
ENTRY_POINTS = "nexus.runtimes"
PATH_VARIABLE = "NEXUS_RUNTIME_PATH"
PACKAGE = Path(__file__).resolve().parents[2] / "plugins"


class Candidate(NamedTuple):
    """A plugin that was found, or a place that could not be searched.

    Attributes:
        name: the name of the runtime; of a place that could not be searched: what names it.
        path: the file; empty when there is none.
        where: NEXUS_RUNTIME_PATH, `the package`, or `entry point`.
        shadowed: a plugin of this name was found before.
        problem: why it cannot be used; empty when it can be tried.
    """

    name: str
    path: str
    where: str
    shadowed: bool = False
    problem: str = ""


def find_runtimes() -> list[Candidate]:
    """List every plugin that is found, in the order of the search; opens none.

    Entry points are loaded, which imports the packages that registered them.
    """
    found = []
    taken: set[str] = set()
    for candidate in (*in_path(), *in_package(), *in_entry_points()):
        if not candidate.problem:
            candidate = candidate._replace(shadowed=candidate.name in taken)
            taken.add(candidate.name)
        found.append(candidate)
    return found


def find_runtime(name: str) -> Candidate | None:
    """The plugin that is taken for `name`; looks at entry points only when nothing else has it."""
    for place in (in_path, in_package, in_entry_points):
        for candidate in place():
            if candidate.name == name and not candidate.problem:
                return candidate
    return None


def plugin_name(path: Path) -> str:
    """`libnexus_mine.so` -> `mine`."""
    return path.name.removeprefix(PREFIX).partition(".")[0]


def in_path() -> Iterator[Candidate]:
    """What NEXUS_RUNTIME_PATH names."""
    value = os.environ.get(PATH_VARIABLE, "")
    for entry in value.split(os.pathsep) if value else []:
        path = Path(entry)
        if not path.is_absolute():
            what = "relative" if entry else "empty"
            yield problem(
                entry,
                f"{what} entries of {PATH_VARIABLE} are refused, because what they name depends "
                "on the current folder; give absolute paths",
            )
        elif path.is_dir():
            yield from in_folder(path, PATH_VARIABLE)
        elif path.exists():
            yield Candidate(plugin_name(path), str(path), PATH_VARIABLE)
        else:
            yield problem(entry, f"{entry} is not there; mend {PATH_VARIABLE}")


def problem(entry: str, sentence: str) -> Candidate:
    """An entry of NEXUS_RUNTIME_PATH that is not searched."""
    return Candidate(f"{PATH_VARIABLE} {entry!r}", "", PATH_VARIABLE, problem=sentence)


def in_folder(folder: Path, where: str) -> Iterator[Candidate]:
    """The plugins in one folder, by name."""
    for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}")):
        yield Candidate(plugin_name(path), str(path), where)


def in_package() -> Iterator[Candidate]:
    """The plugins that were built with nexus."""
    return in_folder(PACKAGE, "the package")


def in_entry_points() -> Iterator[Candidate]:
    """Plugins of other packages: `[project.entry-points."nexus.runtimes"] mine = "mine:path"`.

    What the entry point names is the path of the plugin, or a function that returns it.
    """
    for entry_point in sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda e: e.name):
        where = f"entry point {entry_point.value!r}"
        try:
            named = entry_point.load()
            path = Path(os.fspath(named() if callable(named) else named))
        except Exception as error:  # another package's code: whatever it does is its problem
            sentence = f"{where} of {ENTRY_POINTS} fails: {type(error).__name__}: {error}"
            yield Candidate(entry_point.name, "", where, problem=sentence)
        else:
            yield Candidate(entry_point.name, str(path), where)
