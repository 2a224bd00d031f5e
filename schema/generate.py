#!/usr/bin/env python3
"""Turns schema/api.toml into every generated file; with `--check` it only fails on drift."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from generator import c, cython, docs, kernel_header, pxd, python, soak, spec, stubs, table

EMITTERS = (c, pxd, cython, python, stubs, docs, table, soak, kernel_header)


def outputs() -> dict[str, str]:
    """Path from the root -> text of every generated file."""
    model = spec.load()
    files: dict[str, str] = {}
    for emitter in EMITTERS:
        files |= emitter.outputs(model)
    return files


def stale(files: dict[str, str]) -> list[str]:
    """The paths whose file is missing or differs."""
    return [path for path, text in files.items() if not _same(spec.ROOT / path, text)]


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main() -> int:
    """Write what is stale, or only say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a file is stale"
    )
    check = parser.parse_args().check
    files = outputs()
    paths = stale(files)
    for path in paths:
        print(f"{'stale' if check else 'wrote'}: {path}")
        if not check:
            (spec.ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (spec.ROOT / path).write_text(files[path], encoding="utf-8")
    if check and paths:
        print("run `python schema/generate.py` and commit what it writes")
    return 1 if check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
