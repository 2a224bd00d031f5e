"""The pages of the docs do what they show: each block runs, and prints what stands below it."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ELSEWHERE = ["kernels.md", "portable_kernels.md"]  # the tests in tests/docs/guide run them
SLOW = ["bindings.md"]  # builds a Cython package
PAGES = [
    ROOT / "README.md",
    DOCS / "quickstart.md",
    *sorted(DOCS.glob("concepts/*.md")),
    *(page for page in sorted(DOCS.glob("guide/*.md")) if page.name not in ELSEWHERE),
]
FENCE = re.compile(
    r"^```(?:\{code-block\} )?(?P<language>[\w+]+)\n(?::caption: (?P<file>\S+)\n\n?)?"
    r"(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
RUN = (
    "cc ",
    "c++ ",
    "python ",
    "nexus ",
)  # shell blocks that begin so are run; others clone or install
CHECKER = doctest.OutputChecker()
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A fenced block of a page.

    Attributes:
        language: as the fence says.
        file: its caption, the file that the reader is to save it as; or None.
        text: what is in it.
        line: number of its first line in the page.
        prints: the `text` block directly below it; or None.
    """

    language: str
    file: str | None
    text: str
    line: int
    prints: str | None


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page, in order."""
    content = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(content):
        below = FENCE.match(content, re.compile(r"\s*").match(content, match.end()).end())  # type: ignore[union-attr]  # matches always
        prints = below["text"] if below and below["language"] == "text" else None
        line = content.count("\n", 0, match.start("text")) + 1
        yield Block(match["language"], match["file"], match["text"], line, prints)


def run_python(block: Block, page: Path, names: dict[str, Any]) -> str:
    """Run a block in the namespace of its page; an error names the line of the page."""
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, names)
    return printed.getvalue()


def run_shell(block: Block, page: Path, names: dict[str, Any]) -> str:
    """Run a block of commands, with the Python of this process first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-ec", block.text], env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{page.name}, line {block.line}: {done.stderr}"
    return done.stdout


def runner_of(block: Block) -> Any:
    """Return what runs a block, or None."""
    if block.language == "python" and block.file is None:
        return run_python
    return run_shell if block.language == "bash" and block.text.startswith(RUN) else None


def check(block: Block, printed: str, page: Path) -> None:
    """Compare what a block printed with the block below it; `...` stands for anything."""
    if block.prints is None or CHECKER.check_output(block.prints, printed, LENIENT):
        return
    example = doctest.Example(block.text, block.prints)
    difference = CHECKER.output_difference(example, printed, LENIENT | doctest.REPORT_NDIFF)
    pytest.fail(f"{page.name}, line {block.line}: {difference}", pytrace=False)


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=[pytest.mark.slow] if p.name in SLOW else []) for p in PAGES],
    ids=lambda page: page.stem,
)
def test_page_runs_and_prints_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    ran = 0
    with mock.patch.dict(os.environ):  # a page may set variables
        for block in blocks(page):
            if block.file is not None:
                (tmp_path / block.file).write_text(block.text, encoding="utf-8")
            elif run := runner_of(block):
                check(block, run(block, page, names), page)
                ran += 1
    assert ran > 0, f"{page.name} has no block that runs"
