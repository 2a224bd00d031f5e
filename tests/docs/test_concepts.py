"""Each concept page lists what it promises, and each promise names tests that pytest runs."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "concepts").glob("*.md"))
HEAD = "\n## Promises\n\n| Promise | Proven by |\n|---|---|\n"
TEST = re.compile(r"`([\w./]+)::(test_\w+)`")
WANTED = {"environment", "errors", "ownership", "plugins", "properties", "strings", "threads"}


class Promise(NamedTuple):
    """One row of a page's table.

    Attributes:
        page: its stem.
        words: the promise.
        tests: (file, function) of its tests; the file is named from tests/ or from the root on.
        rest: what else is in the cell.
    """

    page: str
    words: str
    tests: tuple[tuple[str, str], ...]
    rest: str


def promises(page: Path) -> list[Promise]:
    """Return the rows of the table that ends a page."""
    rows = page.read_text(encoding="utf-8").partition(HEAD)[2].splitlines()
    found = []
    for row in rows:
        assert row.startswith("| ") and row.endswith(" |"), (
            f"{page.name} ends with its table: {row}"
        )
        words, cell = (part.strip() for part in row[2:-2].split(" | "))
        found.append(
            Promise(page.stem, words, tuple(TEST.findall(cell)), TEST.sub("", cell).strip())
        )
    return found


def file_of(name: str) -> Path:
    """Return a file that is named from tests/ or from the root on."""
    return next(
        (folder / name for folder in (ROOT / "tests", ROOT) if (folder / name).is_file()), ROOT
    )


EVERY = [promise for page in PAGES for promise in promises(page)]


@functools.cache
def collected() -> set[tuple[Path, str]]:
    """Return (file, function) of every test that pytest finds in the files that are named."""
    files = sorted({str(file_of(name)) for each in EVERY for name, _ in each.tests})
    files = [file for file in files if file.endswith(".py")]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [
            *command,
            "-o",
            "addopts=--import-mode=importlib",
            "-o",
            "console_output_style=classic",
            *files,
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    found = re.findall(r"^(\S+\.py)::(\w+)", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {((ROOT / file).resolve(), name) for file, name in found}


def is_run(name: str, test: str) -> bool:
    """Tell whether a test of Python is collected, and one of C++ is defined and called."""
    file = file_of(name)
    if file.suffix != ".cpp":
        return (file.resolve(), test) in collected()
    return len(re.findall(rf"\b{test}\b", file.read_text(encoding="utf-8"))) > 1


def test_every_contract_has_its_page() -> None:
    assert {page.stem for page in PAGES} >= WANTED


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_ends_with_its_promises(page: Path) -> None:
    assert len(promises(page)) >= 5
    words = [promise.words for promise in promises(page)]
    assert len({*words}) == len(words)


@pytest.mark.parametrize("promise", EVERY, ids=lambda each: f"{each.page}: {each.words[:60]}")
def test_a_promise_names_tests_that_are_run(promise: Promise) -> None:
    assert promise.tests, "a test is written `path/test_x.py::test_y`"
    assert not promise.rest, "there is nothing but tests in the cell"
    missing = [f"{name}::{test}" for name, test in promise.tests if not is_run(name, test)]
    assert not missing, "there are no such tests"
