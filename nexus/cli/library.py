"""`nexus db`: lists, shows, compares, checks and exports the device library."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nexus
from nexus._internal.architectures import checking, entries, places, units
from nexus._internal.property_path import Step, path_text
from nexus.bindings._internal.words import counted
from nexus.bindings.errors import DeviceInfoError
from nexus.cli.outline import Node
from nexus.cli.quantities import text_of, together

NOTES = ("$schema", "SchemaVersion", "Sources", "Provenance")  # about the facts, not of them
COLUMNS = ("Name", "Family", "Type", "ReleaseYear")


def rows(wanted: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return one row for each architecture in whose names or products all wanted texts are."""
    found = []
    for name, file in sorted(places.index().items()):
        row: dict[str, Any] = {"File": name, "From": file.where, "Products": []}
        words = [name]
        try:
            entry = entries.read(file)
        except DeviceInfoError as error:
            row["Problem"] = str(error)
        else:
            row |= {key: entry[key] for key in COLUMNS if key in entry}
            row["Products"] = [*entry.get("Variants", {})]
            words += [*entries.names_of(entry), *row["Products"], entry.get("Family", "")]
        folded = [word.casefold() for word in words]
        if all(any(text.casefold() in word for word in folded) for text in wanted):
            found.append(row)
    return found


def summary(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the cells of a row besides its products: the file, a name, the year."""
    name = row.get("Name", "").partition(" (")[0]  # the brackets repeat what the file is called
    return row["File"], name, str(row.get("ReleaseYear", ""))


def as_many(names: Sequence[str], width: int) -> str:
    """Return as many names as fit, and how many more there are.

    >>> as_many(["H100", "H200", "GH200"], 16)
    'H100, H200, +1'
    """
    for n_shown in range(len(names), 0, -1):
        more = [f"+{len(names) - n_shown}"] if n_shown < len(names) else []
        text = ", ".join([*names[:n_shown], *more])
        if len(text) <= width:
            return text
    return counted(len(names), "product") if names else ""


def outline(info: nexus.Properties, with_sources: bool) -> Node:
    """Return an entry as a tree: each figure with its unit and, if wanted, its source."""
    entry = units.ordered(info.to_dict())
    root = Node(f"{entry.get('Variant') or entry['Name']}", "bold")
    about = (*NOTES, "Variant", *(["Variants"] if "Variant" in entry else []))
    for key, value in entry.items():
        if key not in about:
            _add(root, key, value, [key], entry if with_sources else {})
    if with_sources:
        sources = root.add("Sources", "bold cyan")
        for key, source in entry["Sources"].items():
            facts = [source["Title"], source["Publisher"], source.get("Version", "")]
            facts += [source.get("Date", ""), source.get("URL", ""), f"read {source['Accessed']}"]
            sources.add(f"[{key}] {', '.join(filter(None, facts))}")
    return root


def _add(parent: Node, label: str, value: Any, steps: list[Step], entry: Mapping[str, Any]) -> None:
    line = together(value, steps)
    if line and len({_source([*steps, key], each, entry) for key, each in value.items()}) == 1:
        parent.add(f"{label}: {line}{_source([*steps, next(iter(value))], 0, entry)}")
    elif steps == ["Variants"]:
        parent.add(f"{label}: {', '.join(value)}")
    elif isinstance(value, Mapping):
        node = parent.add(_label(label, value), "cyan")
        for key, member in value.items():
            if not (isinstance(steps[-1], int) and key == "Type"):
                _add(node, str(key), member, [*steps, key], entry)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        node = parent.add(label, "cyan")
        for index, item in enumerate(value):
            _add(node, str(index), item, [*steps, index], entry)
    else:
        parent.add(f"{label}: {text_of(value, steps)}{_source(steps, value, entry)}")


def _label(label: str, value: Mapping[str, Any]) -> str:
    return f"{label}: {value['Type']}" if label.isdigit() and "Type" in value else label


def _source(steps: list[Step], value: Any, entry: Mapping[str, Any]) -> str:
    """Return where a figure comes from; of a product: its own figure, or that of all of them."""
    if not entry or next(checking.numbers_in(value), None) is None:
        return ""
    where: list[Step] = steps
    if "Variant" in entry and _has(entry["Variants"][entry["Variant"]], steps):
        where = ["Variants", entry["Variant"], *steps]
    key = checking.source_of(entry["Provenance"], checking.pointer_to(where))
    if key is None:
        return ""
    note = entry["Provenance"][key]
    return f"  [{note['Source']}{', ' + note['At'] if 'At' in note else ''}]"


def _has(value: Any, steps: list[Step]) -> bool:
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError):
            return False
    return True


# ---- two of them ---------------------------------------------------------------------------------


def differences(
    one: nexus.Properties, other: nexus.Properties
) -> Iterator[tuple[tuple[Step, ...], str, str]]:
    """Yield (path, of the one, of the other) for every fact in which two entries differ.

    Memories and units are compared by their Type: a device may have a cache that the other lacks.
    """
    both = [_by_type(info.to_dict()) for info in (one, other)]
    left, right = (dict(flat(entry)) for entry in both)
    for steps, _ in flat(units.ordered(entries.laid_over(*both))):
        if left.get(steps) != right.get(steps):
            shown = [text_of(d[steps], [*steps]) if steps in d else "-" for d in (left, right)]
            yield steps, shown[0], shown[1]


def _by_type(value: Any) -> Any:
    """Return an entry with lists of objects as objects by Type, where that tells them apart."""
    if isinstance(value, Mapping):
        return {key: _by_type(member) for key, member in value.items()}
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        return value
    found = {item.get("Type", ""): _by_type(_without_type(item)) for item in value}
    return found if len(found) == len(value) else [*map(_by_type, value)]


def _without_type(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in item.items() if key != "Type"} or item


def flat(value: Any, steps: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Yield the path and the value of every fact; what is about the facts is left out."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            if steps or key not in (*NOTES, "Variants"):
                yield from flat(member, (*steps, key))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for index, item in enumerate(value):
            yield from flat(item, (*steps, index))
    else:
        yield steps, value


# ---- files ---------------------------------------------------------------------------------------


def problems_of(path: Path) -> list[checking.Problem]:
    """Return what is wrong with a file."""
    try:
        return checking.problems(path, entries.load(path))
    except DeviceInfoError as error:
        return [checking.Problem("", str(error))]


def readable() -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """Return every entry by name, and why others cannot be read."""
    library, broken = {}, []
    for name, file in sorted(places.index().items()):
        try:
            library[name] = entries.read(file)
        except DeviceInfoError as error:
            broken.append(str(error))
    return library, broken


def exported(library: Mapping[str, Mapping[str, Any]], form: str) -> str:
    """Return entries as one JSON object, or as CSV of every single fact."""
    if form == "json":
        return json.dumps(library, indent=2, ensure_ascii=False)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("architecture", "product", "fact", "value", "unit"))
    for name, entry in library.items():
        for product, facts in _products(entry):
            for steps, value in flat(facts):
                unit = units.unit_of(steps)
                written = "; ".join(map(str, value)) if isinstance(value, list) else value
                writer.writerow((name, product, path_text(steps), written, unit))
    return text.getvalue().rstrip("\n")


def _products(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", entry
    for key in entry.get("Variants", {}):
        yield key, entries.product(entry, key)
