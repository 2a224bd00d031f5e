"""Writes a page for each architecture of the device library, with every figure and its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from nexus._internal.architectures import checking, entries, places
from nexus._internal.property_path import path_text
from nexus.cli.library import flat
from nexus.cli.quantities import text_of

FOLDER = Path(__file__).resolve().parents[1] / "architectures"
INTRODUCTION = """\
What nexus knows of architectures without any device: each figure with its unit and the document it
was read in. A fact that is not here is not known; nothing is guessed. The same is told by
`nexus.lookup_device_info(name)` and `nexus db show NAME`.
"""
HEAD = ("| Fact | Value | Source |", "|---|---|---|")
ABOUT = ("Name", "Description")  # above the table


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for pages."""
    app.connect("config-inited", lambda *_: write_pages())
    return {"parallel_read_safe": True}


def write_pages() -> None:
    """Write a page for each architecture that comes with nexus, and one that lists them."""
    FOLDER.mkdir(exist_ok=True)
    pages = {
        name: page(name, entries.read(file))
        for name, file in sorted(places.index().items())
        if file.is_own
    }
    pages["index"] = index(pages)
    for old in FOLDER.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        path = FOLDER / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def index(pages: Mapping[str, str]) -> str:
    """Return the page that lists all."""
    listed = "\n".join(pages)
    return f"# Architectures\n\n{INTRODUCTION}\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"


def page(name: str, entry: Mapping[str, Any]) -> str:
    """Return the page of an entry."""
    lines = [f"# {entry['Name']}", "", f"`{name}`"]
    if "Description" in entry:
        lines += ["", entry["Description"]]
    facts = {key: value for key, value in entry.items() if key not in ABOUT}
    lines += ["", *HEAD, *rows(facts, entry, "")]
    for product, variant in entry.get("Variants", {}).items():
        lines += ["", f"## {product}", "", *HEAD]
        lines += rows(variant, entry, checking.pointer_to(["Variants", product]))
    lines += ["", "## Sources", ""]
    lines += [f"- {source_text(key, source)}" for key, source in entry["Sources"].items()]
    return "\n".join(lines) + "\n"


def rows(facts: Mapping[str, Any], entry: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield a row of the table for each fact."""
    for steps, value in flat(facts):
        if value in ({}, []):
            continue
        pointer = where + checking.pointer_to(steps)
        has_number = next(checking.numbers_in(value), None) is not None
        source = note_text(entry["Provenance"], pointer) if has_number else ""
        cells = (path_text(steps), text_of(value, [*steps]), source)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def note_text(provenance: Mapping[str, Any], pointer: str) -> str:
    """Return where a figure comes from."""
    note = provenance[checking.source_of(provenance, pointer) or ""]
    place = f"{note['Source']}, {note['At']}" if "At" in note else note["Source"]
    return f"{place}. {note['Note']}" if "Note" in note else place


def source_text(key: str, source: Mapping[str, Any]) -> str:
    """Return a document as an entry of a bibliography."""
    title = f"[{source['Title']}]({source['URL']})" if "URL" in source else source["Title"]
    facts = (source["Publisher"], source.get("Version", ""), source.get("Date", ""))
    return f"**{key}**: {', '.join(filter(None, (title, *facts)))}; read {source['Accessed']}"
