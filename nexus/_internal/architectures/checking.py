"""Whether an architecture file keeps the schema: where it does not, and what was expected."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from nexus._internal.architectures import places
from nexus.bindings.errors import DeviceInfoError

REQUIRED = ("Name", "Vendor", "Type", "Architecture")
# What look-ups rely on. A list has items of one shape; "*" stands for every member.
_PRODUCT: dict[str, Any] = {
    "CoreSubsystem": dict,
    "MemorySubsystem": {"MemoryTypes": [dict]},
    "Limits": dict,
}
_SHAPE: dict[str, Any] = {
    **dict.fromkeys(REQUIRED, str),
    **_PRODUCT,
    "Aliases": [str],
    "Variants": {"*": {**_PRODUCT, "DeviceNames": [str]}},
}
_WORDS: dict[Any, str] = {str: "a string", dict: "an object", list: "a list"}


class Problem(NamedTuple):
    """One place of a file that is not as it should be."""

    pointer: str  # a JSON Pointer; empty: the whole file
    expected: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.expected}"


def check(path: str, entry: Mapping[str, Any]) -> None:
    """Refuse an entry that breaks the schema.

    Raises:
        DeviceInfoError: it does; the message has the path, and pointer and expectation of each
            place.
    """
    if found := problems(path, entry):
        lines = "\n  ".join(map(str, found))
        raise DeviceInfoError(
            f"the architecture file {path} breaks the schema in {len(found)} place"
            f"{'s' * (len(found) > 1)}; mend it, or take it away:\n  {lines}",
            problems=found,
        )


def problems(path: str | os.PathLike[str], entry: Mapping[str, Any]) -> list[Problem]:
    """Return everything that is wrong with an entry; its name and sources are looked at too.

    Without the package jsonschema only what a look-up needs is looked at.
    """
    if not _has_jsonschema():
        return [*_misshapen(entry)] or [*_file_names(path, entry)]
    return [*_by_schema(entry)] or [
        *_file_names(path, entry),
        *_memory_names(entry),
        *_sources(entry),
    ]


@functools.cache
def _has_jsonschema() -> bool:
    import importlib.util

    if importlib.util.find_spec("jsonschema"):
        return True
    import logging

    logging.getLogger("nexus").warning(
        "architecture files are not checked against the schema: install nexus-accelerator[cli]"
    )
    return False


@functools.cache
def _validator() -> Any:
    import json

    from jsonschema import Draft202012Validator

    with open(places.schema_file(), encoding="utf-8") as file:
        schema = json.load(file)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _by_schema(entry: Mapping[str, Any]) -> Iterator[Problem]:
    for error in sorted(_validator().iter_errors(entry), key=lambda e: [*map(str, e.path)]):
        unit = error.schema.get("unit") if isinstance(error.schema, dict) else None
        text = error.message + (f"; it counts {unit}" if unit else "")
        yield Problem(pointer_to(error.absolute_path), text)


def _misshapen(
    value: Any, shape: Any = _SHAPE, path: tuple[str | int, ...] = ()
) -> Iterator[Problem]:
    kind: Any = shape if isinstance(shape, type) else type(shape)
    if not isinstance(value, kind):
        yield Problem(pointer_to(path), f"{_WORDS[kind]} is expected")
    elif isinstance(shape, list):
        for index, item in enumerate(value):
            yield from _misshapen(item, shape[0], (*path, index))
    elif isinstance(shape, dict):
        members = dict.fromkeys(value, shape["*"]) if "*" in shape else shape
        for key, of_member in members.items():
            if key in value:
                yield from _misshapen(value[key], of_member, (*path, key))
            elif not path and key in REQUIRED:
                yield Problem(f"/{key}", "a string is required")


def file_name(entry: Mapping[str, Any]) -> str:
    """Return the name of the file that an entry belongs in, without `.json`."""
    return "-".join(entry[key] for key in REQUIRED[1:]).lower().replace(" ", "_")


def _file_names(path: str | os.PathLike[str], entry: Mapping[str, Any]) -> Iterator[Problem]:
    wanted = file_name(entry)
    if os.path.splitext(os.path.basename(path))[0] != wanted:
        yield Problem("", f"Vendor, Type and Architecture want the file name {wanted}.json")


def _memory_names(entry: Mapping[str, Any]) -> Iterator[Problem]:
    memory = entry.get("MemorySubsystem", {})
    kinds = [item.get("Type") for item in memory.get("MemoryTypes", ())]
    if memory.get("SupportedMemoryTypes", kinds) != kinds:
        expected = f"the Type of each item of MemoryTypes, {kinds}"
        yield Problem("/MemorySubsystem/SupportedMemoryTypes", expected)


def _sources(entry: Mapping[str, Any]) -> Iterator[Problem]:
    covered = entry.get("Provenance", {})
    for pointer, note in covered.items():
        if note["Source"] not in entry["Sources"]:
            yield Problem(
                pointer_to(["Provenance", pointer]), f"{note['Source']!r} is no key of Sources"
            )
    for pointer in numbers_in(entry):
        if source_of(covered, pointer) is None and not pointer.startswith(("/Schema", "/Sources/")):
            yield Problem(pointer, "no pointer of Provenance covers this figure: name its source")


def source_of(provenance: Mapping[str, Any], pointer: str) -> str | None:
    """Return the longest pointer of `Provenance` that covers a figure."""
    covering = [key for key in provenance if f"{pointer}/".startswith(f"{key}/")]
    return max(covering, key=len, default=None)


def numbers_in(value: Any, pointer: str = "") -> Iterator[str]:
    """Yield the JSON Pointer of every number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield pointer
    members = value.items() if isinstance(value, dict) else []
    items = enumerate(value) if isinstance(value, list) else []
    for key, member in (*members, *items):
        yield from numbers_in(member, f"{pointer}/{key}")


def pointer_to(path: Any) -> str:
    """Return the steps of a path as a JSON Pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
