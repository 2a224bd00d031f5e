"""Writes a page for each architecture of the device library, with every figure and its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexus._internal.architectures import checking, entries, places
from nexus._internal.property_path import Step, path_text
from nexus.cli.library import flat
from nexus.cli.quantities import text_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = Path(__file__).resolve().parents[1] / "architectures"
INTRODUCTION = """\
What nexus knows of architectures without any device: each figure with its unit and the document it
was read in. A fact that is not here is not known; nothing is guessed. The same is told by
`nexus.lookup_device_info(name)` and `nexus db show NAME`.
"""
HEAD = ("| Fact | Value | Source |", "|---|---|---|")
ABOUT = ("Name", "Description")  # above the table
OTHER_SHAPE = ("Sources", "Provenance", "Variants")
MAY_BREAK = "\N{ZERO WIDTH SPACE}"  # where a long name may go on in the next line


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
    notes: dict[str, str] = {}
    facts = {key: value for key, value in entry.items() if key not in ABOUT}
    parts = {key: value for key, value in facts.items() if has_members(value)}
    plain = {key: value for key, value in facts.items() if key not in parts}
    lines += ["", *HEAD, *rows(plain, entry, (), notes)]
    for part in (key for key in parts if key not in OTHER_SHAPE):
        lines += ["", f"## {part}", "", *HEAD, *rows({part: parts[part]}, entry, (), notes)]
    for product, variant in entry.get("Variants", {}).items():
        where: tuple[Step, ...] = ("Variants", product)
        lines += ["", f"## {product}", "", *HEAD, *rows(variant, entry, where, notes)]
    lines += ["", "## Sources", ""]
    lines += [f"- {source_text(key, source)}" for key, source in entry["Sources"].items()]
    lines += ["", *(f"[^{label}]: {note}" for note, label in notes.items())]
    return "\n".join(lines) + "\n"


def has_members(value: Any) -> bool:
    """Whether a fact is an object or a list of objects."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, Mapping)


def rows(
    facts: Mapping[str, Any],
    entry: Mapping[str, Any],
    where: tuple[Step, ...],
    notes: dict[str, str],
) -> Iterator[str]:
    """Yield a row of the table for each fact; `notes` maps each remark to its footnote."""
    for steps, value in flat(facts):
        if value in ({}, []):
            continue
        pointer = checking.pointer_to((*where, *steps))
        has_number = next(checking.numbers_in(value), None) is not None
        source = source_of(entry["Provenance"], pointer, notes) if has_number else ""
        is_alone = where or len(steps) == 1  # else the heading names the part
        path = path_text(steps if is_alone else steps[1:]).replace(".", f".{MAY_BREAK}")
        cells = (path, text_of(value, [*steps]), source)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def source_of(provenance: Mapping[str, Any], pointer: str, notes: dict[str, str]) -> str:
    """Return where a figure comes from, with a footnote where there is more to say."""
    note = provenance[checking.source_of(provenance, pointer) or ""]
    place = f"{note['Source']}, {note['At']}" if "At" in note else str(note["Source"])
    if "Note" not in note:
        return place
    label = notes.setdefault(note["Note"], f"note-{len(notes) + 1}")
    return f"{place} [^{label}]"


def source_text(key: str, source: Mapping[str, Any]) -> str:
    """Return a document as an entry of a bibliography."""
    title = f"[{source['Title']}]({source['URL']})" if "URL" in source else source["Title"]
    facts = (source["Publisher"], source.get("Version", ""), source.get("Date", ""))
    return f"**{key}**: {', '.join(filter(None, (title, *facts)))}; read {source['Accessed']}"
