"""`nexus db`: lists, shows, compares, checks and exports the device library."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nexus
from nexus._internal.architectures import checking, entries, places, units
from nexus._internal.property_path import Step, path_text
from nexus.bindings.errors import DeviceInfoError
from nexus.cli.machine import size_text
from nexus.cli.outline import Node

NOTES = ("$schema", "SchemaVersion", "Sources", "Provenance")  # about the facts, not of them
COLUMNS = ("Name", "Family", "Type", "ReleaseYear")


def rows(pattern: str = "") -> list[dict[str, Any]]:
    """Return one row for each architecture whose names or products contain a text."""
    found = []
    for name, file in sorted(places.index().items()):
        row: dict[str, Any] = {"File": name, "From": file.where}
        try:
            entry = entries.read(file)
        except DeviceInfoError as error:
            found.append(row | {"Name": f"broken: {str(error).splitlines()[0]}", "Products": []})
            continue
        row |= {key: entry[key] for key in COLUMNS if key in entry}
        row["Products"] = [*entry.get("Variants", {})]
        words = (name, *entries.names_of(entry), *row["Products"], str(row.get("Family")))
        if any(pattern.casefold() in word.casefold() for word in words):
            found.append(row)
    return found


def outline(info: nexus.Properties, with_sources: bool) -> Node:
    """Return an entry as a tree: each figure with its unit and, if wanted, its source."""
    entry = info.to_dict()
    root = Node(f"{entry.get('Variant') or entry['Name']}", "bold")
    for key, value in entry.items():
        if key not in NOTES:
            _add(root, key, value, [key], entry if with_sources else {})
    if with_sources:
        sources = root.add("Sources", "bold cyan")
        for key, source in entry["Sources"].items():
            facts = [source["Title"], source["Publisher"], source.get("Version", "")]
            facts += [source.get("Date", ""), source.get("URL", ""), f"read {source['Accessed']}"]
            sources.add(f"[{key}] {', '.join(filter(None, facts))}")
    return root


def _add(parent: Node, label: str, value: Any, steps: list[Step], entry: Mapping[str, Any]) -> None:
    if isinstance(value, Mapping) and value and all(_is_number(each) for each in value.values()):
        parent.add(f"{label}: {_together(value, steps)}{_source(steps, value, entry)}")
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


def _together(value: Mapping[str, Any], steps: list[Step]) -> str:
    """Return some figures in one line; the unit that all have stands at the end."""
    found = {short(units.unit_of([*steps, key])) for key in value}
    if len(found) > 1:
        return ", ".join(f"{key} {text_of(each, [*steps, key])}" for key, each in value.items())
    figures = ", ".join(f"{key} {each:g}" for key, each in value.items())
    return f"{figures} {found.pop()}".rstrip()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _label(label: str, value: Mapping[str, Any]) -> str:
    return f"{label}: {value['Type']}" if label.isdigit() and "Type" in value else label


def text_of(value: Any, steps: list[Step]) -> str:
    """Return a value for people, with its unit."""
    if isinstance(value, list):
        return ", ".join(text_of(item, [*steps, index]) for index, item in enumerate(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    unit = short(units.unit_of(steps))
    if unit == "bytes" and value >= 10240:
        return f"{value} bytes ({size_text(int(value))})"
    return f"{value:g} {unit}".rstrip() if isinstance(value, float) else f"{value} {unit}".rstrip()


def short(unit: str) -> str:
    """Return a unit without its explanation; counts and years need none."""
    words = unit.partition(";")[0].partition(" (")[0]
    return "" if words in ("pieces", "year") else words


def _source(steps: list[Step], value: Any, entry: Mapping[str, Any]) -> str:
    if not entry or next(checking.numbers_in(value), None) is None:
        return ""
    covered = entry["Provenance"]
    places_in = [checking.pointer_to(steps)]
    if "Variant" in entry:
        places_in.insert(0, checking.pointer_to(["Variants", entry["Variant"], *steps]))
    for pointer in places_in:
        if key := checking.source_of(covered, pointer):
            note = covered[key]
            return f"  [{note['Source']}{', ' + note['At'] if 'At' in note else ''}]"
    return ""


# ---- two of them ---------------------------------------------------------------------------------


def differences(one: nexus.Properties, other: nexus.Properties) -> Iterator[tuple[str, str, str]]:
    """Yield (what, of the one, of the other) for every fact in which two entries differ."""
    left, right = (dict(flat(info.to_dict())) for info in (one, other))
    for steps in [*left, *(steps for steps in right if steps not in left)]:
        if left.get(steps) != right.get(steps):
            shown = [text_of(d[steps], [*steps]) if steps in d else "-" for d in (left, right)]
            yield path_text(steps), shown[0], shown[1]


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


def exported(form: str) -> str:
    """Return the whole device library as one JSON object, or as CSV of every single fact."""
    library = {name: entries.read(file) for name, file in sorted(places.index().items())}
    if form == "json":
        return json.dumps(library, indent=2, ensure_ascii=False)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("architecture", "product", "fact", "value", "unit"))
    for name, entry in library.items():
        products = [
            ("", entry),
            *((key, entries.product(entry, key)) for key in entry.get("Variants", {})),
        ]
        for product, facts in products:
            for steps, value in flat(facts):
                unit = units.unit_of(steps)
                written = "; ".join(map(str, value)) if isinstance(value, list) else value
                writer.writerow((name, product, path_text(steps), written, unit))
    return text.getvalue().rstrip("\n")
