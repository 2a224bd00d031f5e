"""`nexus doctor`: every plugin that was tried, where things were searched, and what to do."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import nexus
from nexus._internal.architectures import entries, places
from nexus._internal.compilers import toolchain
from nexus.bindings import nxs
from nexus.bindings._internal import search
from nexus.bindings._internal.environment import VARIABLES
from nexus.bindings.errors import NexusError
from nexus.cli.outline import Node

SIGNS = {True: "ok", False: "--", None: "??"}
STYLES = {True: "green", False: "", None: "bold red"}  # readable on black and on white
EXTRAS = {
    "cli": ("click", "rich", "jsonschema"),
    "plot": ("matplotlib",),
    "compiler": ("ziglang",),
}


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        part: what it belongs to: `plugins`, `compilers`, ...
        name: what was looked at.
        good: True: usable; False: not here, which may be fine; None: wrong, and to be mended.
        text: what was found, or why it cannot be used and what to do.
    """

    part: str
    name: str
    good: bool | None
    text: str


def findings() -> list[Finding]:
    """Return everything that was looked at, part by part."""
    return [*_plugins(), *_compilers(), *_device_library(), *_extras(), *_variables()]


def _plugins() -> Iterator[Finding]:
    named = os.environ.get(search.PATH_VARIABLE)
    places_searched = (
        f"{search.PATH_VARIABLE} ({named or 'not set'}), the package ({search.PACKAGE}), Python "
        f"entry points of the group {search.ENTRY_POINTS}"
    )
    yield Finding("plugins", "searched", True, places_searched)
    usable = {runtime.name: runtime for runtime in nexus.get_runtimes()}
    why = nexus.unavailable_runtimes()
    for found in nxs.find_runtimes():
        where = f"{found.path or found.where} ({found.where})"
        if found.problem:
            yield Finding("plugins", found.name, None, f"{found.problem} ({found.where})")
        elif found.shadowed:
            text = f"not taken, another one of this name comes first: {where}"
            yield Finding("plugins", found.name, False, text)
        elif found.name in usable:
            devices = ", ".join(device.name for device in usable[found.name].get_devices())
            yield Finding("plugins", found.name, True, f"{devices}; {where}")
        else:
            text = why.get(found.name, "it is loaded only when it is asked for by name")
            yield Finding("plugins", found.name, False, f"{text}; {where}")


def _compilers() -> Iterator[Finding]:
    languages: tuple[toolchain.Language, ...] = ("c++", "c")
    for language in languages:
        try:
            found = toolchain.find(language)
        except (NexusError, OSError) as error:
            yield Finding("compilers", language, False, str(error))
        else:
            yield Finding("compilers", language, True, f"{found.title} ({found.kind})")


def _device_library() -> Iterator[Finding]:
    try:
        files = places.index()
    except NexusError as error:
        yield Finding("device library", "places", None, str(error))
        return
    broken = 0
    for name, file in files.items():
        try:
            entries.read(file)
        except NexusError as error:
            broken += 1
            yield Finding("device library", name, None, str(error))
    brought = sorted({file.where for file in files.values() if not file.is_own})
    others = f", others of {', '.join(brought)}" if brought else ""
    text = f"{len(files) - broken} architectures; own ones in {places.own_folder()}{others}"
    yield Finding("device library", "entries", len(files) > broken, text)


def _extras() -> Iterator[Finding]:
    for extra, modules in EXTRAS.items():
        missing = [name for name in modules if importlib.util.find_spec(name) is None]
        remedy = f"without {', '.join(missing)}: pip install 'nexus-accelerator[{extra}]'"
        yield Finding("extras", extra, not missing, remedy if missing else ", ".join(modules))


def _variables() -> Iterator[Finding]:
    unknown = nxs.unknown_environment()
    for name, value in sorted(os.environ.items()):
        if name in VARIABLES:
            yield Finding("environment", name, True, value)
        elif name in unknown:
            yield Finding("environment", name, None, f"{value}: {unknown[name]}")


def outline(found: list[Finding]) -> Node:
    """Return the findings as a tree for people."""
    root = Node(f"nexus {nexus.__version__} looked at this machine", "bold")
    branches: dict[str, Node] = {}
    for finding in found:
        if finding.part not in branches:
            branches[finding.part] = root.add(finding.part, "bold cyan")
        line = f"{SIGNS[finding.good]}  {finding.name}: {finding.text}"
        branches[finding.part].add(line, STYLES[finding.good])
    return root


def as_json(found: list[Finding]) -> list[dict[str, Any]]:
    """Return the findings as data."""
    return [finding._asdict() for finding in found]


def is_well(found: list[Finding]) -> bool:
    """Whether a runtime can be used and nothing is to be mended."""
    usable = any(finding.part == "plugins" and finding.good for finding in found)
    return usable and all(finding.good is not None for finding in found)
