"""The hand-written files of the repository, and what can be read off any of them."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("nexus", "csrc", "schema", "tests", "docs", ".ci")
MADE = {"__pycache__", "_build", "build"}  # folders that hold nothing written by hand
PYTHON = {".py"}
CYTHON = {".pyx", ".pxd"}
C = {".c", ".cpp", ".h", ".hpp", ".mm", ".def"}


def relative(path: Path) -> str:
    """Return the path as the repository names it, `nexus/device.py`."""
    return path.relative_to(ROOT).as_posix()


def is_generated(path: Path) -> bool:
    """Tell whether a program wrote the file: it says so in its first five lines."""
    return "generated" in "\n".join(read(path).splitlines()[:5]).lower()


@functools.cache
def read(path: Path) -> str:
    """Return the text of the file."""
    return path.read_text(encoding="utf-8")


@functools.cache
def written(*suffixes: str) -> tuple[Path, ...]:
    """Return the hand-written files with one of these suffixes, setup.py among them."""
    found = [ROOT / "setup.py"]
    for room in ROOMS:
        found += sorted((ROOT / room).rglob("*"))
    return tuple(
        path
        for path in found
        if path.suffix in suffixes
        and not MADE & set(path.parts[len(ROOT.parts) :])
        and not relative(path).startswith(("nexus/include/", "nexus/plugins/"))
        and not is_generated(path)
    )


def python_words(path: Path) -> list[tuple[int, str, bool]]:
    """Return (line, text, is a string) of names and strings in the code; no docstrings."""
    source = read(path)
    docstrings = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docstrings.add((node.lineno, node.col_offset))
    words = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_text = token.type == tokenize.STRING
        if token.start not in docstrings and (is_text or token.type == tokenize.NAME):
            words.append((token.start[0], token.string, is_text))
    return words


def c_code(path: Path) -> str:
    """Return C or C++ text with its comments blanked and its lines where they were."""
    pattern = r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/'
    return re.sub(pattern, _blank_comment, read(path), flags=re.DOTALL)


def _blank_comment(match: re.Match[str]) -> str:
    text = match.group()
    return text if text.startswith('"') else "\n" * text.count("\n")
