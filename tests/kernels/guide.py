"""The kernels of the page "Write one kernel for every device", taken from the page itself."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "portable_kernels.md"


def blocks(language: str) -> list[str]:
    """Return the code blocks of one language."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def kernels() -> dict[str, str]:
    """Return name -> source of the kernels: each block begins with its name."""
    return {block.split()[1]: block for block in blocks("c")}


def examples() -> list[str]:
    """Return the last column of the table of words."""
    table = PAGE.read_text(encoding="utf-8").partition("## Every word")[2]
    rows = re.findall(r"^\| .* \| `([^|]*)` \|$", table, flags=re.MULTILINE)
    return rows
