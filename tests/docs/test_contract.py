"""Each row of the contract names tests that exist, a decision, or what is not there yet."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contract.md"
TEST = re.compile(r"`([\w./]+)::(\w+)`")
DECISION = re.compile(r"\(adr/([\w-]+\.md)\)")
CPP_TEST = re.compile(r"^(?:static )?void (test_\w+)\(", re.MULTILINE)


class Row(NamedTuple):
    """One promise.

    Attributes:
        line: of the page.
        words: what the document says.
        where: where it holds.
        proof: tests, or why it is otherwise.
    """

    line: int
    words: str
    where: str
    proof: str


def rows() -> list[Row]:
    """Return the rows of all tables, without their heads."""
    found = []
    for number, line in enumerate(PAGE.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("| ") and not line.startswith("| The words"):
            words, where, proof = (cell.strip() for cell in line.split("|")[1:-1])
            found.append(Row(number, words, where, proof))
    return found


@functools.cache
def names_in(path: str) -> set[str]:
    """Return the tests of a file, which is named from tests/ or from the root on."""
    file = next((f / path for f in (ROOT / "tests", ROOT) if (f / path).is_file()), None)
    if file is None:
        return set()
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".cpp":
        return set(CPP_TEST.findall(text))
    return {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def test_the_documents_have_their_rows() -> None:
    assert len(rows()) > 100
    sections = re.findall(r"^## .*\((.*)\)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == ["000, 001", "002", "003", "004"]


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"line {row.line}")
def test_a_row_is_proven_or_says_why_not(row: Row) -> None:
    assert row.words and row.where
    named = TEST.findall(row.proof)
    assert len(named) == row.proof.count("::"), "a test is written `path/test_x.py::test_y`"
    missing = [f"{path}::{name}" for path, name in named if name not in names_in(path)]
    assert not missing, f"{row.words}: there are no such tests"
    decisions = DECISION.findall(row.proof)
    assert named or decisions or row.proof.startswith("Not yet: "), f"{row.words}: no proof"
    for file in decisions + DECISION.findall(row.where):
        assert (ROOT / "docs" / "adr" / file).is_file(), f"there is no decision {file}"
