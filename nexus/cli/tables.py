"""Prints trees and tables, as wide as the terminal; outside of one lines are not broken."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nexus._internal.property_path import Step, path_text
from nexus.cli import library

UNLIMITED = 10_000  # columns, where no terminal breaks lines
TITLES = ("Architecture", "Name", "Year")
LEAST_PRODUCTS = 12  # columns
GAP = 2  # columns between two of a table


def console() -> Console:
    """Return where to print: a terminal, or what takes lines of any length, such as grep."""
    is_open_ended = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, width=UNLIMITED if is_open_ended else None)


def put(printed: Any) -> None:
    """Print a tree or a table; outside of a terminal without the blanks that fill lines."""
    out = console()
    if out.is_terminal:
        out.print(printed)
        return
    with out.capture() as captured:
        out.print(printed)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def of_rows(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of architectures, with as many products as there is room for."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(TITLES[0], no_wrap=True, style="green")
    for title in (*TITLES[1:], "Products"):
        table.add_column(title, no_wrap=True, overflow="ellipsis")
    cells = [library.summary(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(TITLES, *cells, strict=True)]
    room = max(LEAST_PRODUCTS, console().width - sum(widths) - GAP * len(widths))
    for row, about in zip(rows, cells, strict=True):
        problem = row.get("Problem", "").partition("\n")[0]
        last = problem or library.as_many(row["Products"], room)
        table.add_row(*map(Text, (*about, last)))
    return table


def of_differences(
    one: str, other: str, found: Sequence[tuple[tuple[Step, ...], str, str]]
) -> Table:
    """Return the table of facts that differ, under the parts of the entry that they belong to."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("", no_wrap=True)
    for title in (one, other):
        table.add_column(title, overflow="fold")
    part: Step = ""
    for steps, left, right in found:
        if len(steps) > 1 and steps[0] != part:
            table.add_row(str(steps[0]), style="cyan")
        part = steps[0]
        name = f"  {path_text(steps[1:])}" if len(steps) > 1 else str(part)
        table.add_row(*map(Text, (name, left, right)))
    return table
