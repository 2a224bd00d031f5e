"""Finds the plugins of this machine without opening one of them.

Searched in this order: NEXUS_RUNTIME_PATH (files or folders), the package, Python entry points of
the group `nexus.runtimes`. The first plugin of a name is taken; the others are shadowed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from nexus.bindings._internal import loader

ENTRY_POINTS = "nexus.runtimes"
PATH_VARIABLE = "NEXUS_RUNTIME_PATH"
PACKAGE = os.path.realpath(os.path.join(__file__, "../../../plugins"))


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


def in_path() -> Iterator[Candidate]:
    """What NEXUS_RUNTIME_PATH names; an entry that cannot be searched comes with its problem."""
    for name, path, problem in loader.plugins_in_path(os.environ.get(PATH_VARIABLE, "")):
        named = f"{PATH_VARIABLE} {name!a}" if problem else name
        yield _checked(Candidate(named, path, PATH_VARIABLE, problem=printable(problem)))


def in_package() -> Iterator[Candidate]:
    """The plugins that were built with nexus."""
    for name, path, problem in loader.plugins_in_folder(PACKAGE):
        named = "the package" if problem else name
        yield _checked(Candidate(named, path, "the package", problem=printable(problem)))


def in_entry_points() -> Iterator[Candidate]:
    """Plugins of other packages: `[project.entry-points."nexus.runtimes"] mine = "mine:path"`.

    What the entry point names is the path of the plugin, or a function that returns it.
    """
    from importlib import metadata  # slow to import, and few have to search here
    from pathlib import Path

    for entry_point in sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda e: e.name):
        where = f"entry point {entry_point.value!r}"
        try:
            named = entry_point.load()
            path = str(Path(os.fspath(named() if callable(named) else named)))
        except Exception as error:  # another package's code: whatever it does is its problem
            sentence = f"{where} of {ENTRY_POINTS} fails: {type(error).__name__}: {error}"
            yield Candidate(entry_point.name, "", where, problem=sentence)
        else:
            yield _checked(Candidate(entry_point.name, path, where))


def name_problem(name: str) -> str:
    """Why a runtime cannot be called so; empty when it can."""
    if name and name.isprintable():
        return ""
    what = "no name" if not name else "a name that cannot be shown"
    return f"the plugin has {what}; rename the file to {loader.plugin_file('NAME')}"


def printable(text: str) -> str:
    """A path as a message shows it: in one line, and in characters that can be printed."""
    return text if text.isprintable() else ascii(text)[1:-1]


def _checked(candidate: Candidate) -> Candidate:
    problem = name_problem(candidate.name)
    if candidate.problem or not problem:
        return candidate
    return candidate._replace(name=printable(candidate.path), path="", problem=problem)
