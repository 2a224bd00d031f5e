"""The pages of architectures: each figure with its unit and the document it was read in."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nexus._internal.architectures import checking, entries, places

SOURCE = Path(__file__).parents[2] / "docs/_ext/architectures.py"
OWN = {name: file for name, file in sorted(places.index().items()) if file.is_own}


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    """Return the extension that writes the pages."""
    spec = importlib.util.spec_from_file_location("architectures", SOURCE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written(pages: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setattr(pages, "FOLDER", folder)
    pages.write_pages()
    return {path.stem for path in folder.iterdir()}


def test_each_architecture_has_a_page(
    pages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme-gpu-gone.md").write_text("of an entry that is no more")
    assert written(pages, tmp_path, monkeypatch) == {*OWN, "index"}
    listed = (tmp_path / "index.md").read_text()
    assert all(f"\n{name}\n" in listed for name in OWN)


@pytest.mark.parametrize("name", OWN)
def test_each_figure_of_a_page_has_a_source(pages: ModuleType, name: str) -> None:
    entry: Any = entries.read(OWN[name])
    text = pages.page(name, entry)
    tables = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    cells = [cell for cell in tables if cell[0] not in ("| Fact", "|---")]
    assert all(len(row) == 3 for row in cells)
    with_source = [row for row in cells if row[2].strip(" |")]
    assert all(re.split(r"[, ]", row[2])[0] in entry["Sources"] for row in with_source)
    # A list of numbers is one row; every other number has its own.
    figures = {re.sub(r"/\d+$", "", pointer) for pointer in checking.numbers_in(entry)}
    figures = {each for each in figures if not each.startswith(("/SchemaVersion", "/Sources"))}
    assert len(with_source) == len(figures)
    used = set(re.findall(r"\[\^(note-\d+)\](?!:)", text))
    assert used == set(re.findall(r"^\[\^(note-\d+)\]:", text, re.MULTILINE))
