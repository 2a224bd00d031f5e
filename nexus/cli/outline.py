"""Text in the shape of a tree: one structure for plain text and for rich."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Node:
    """A line and what hangs under it.

    Attributes:
        text: the line.
        style: how rich prints it; plain text ignores it.
    """

    text: str
    style: str = ""
    children: list[Node] = field(default_factory=list)

    def add(self, text: str, style: str = "") -> Node:
        """Hang a line under this one and return it."""
        self.children.append(Node(text, style))
        return self.children[-1]


def plain(node: Node) -> str:
    """Return a tree as text."""
    return "\n".join((node.text, *_lines(node.children)))


def _lines(children: list[Node], indent: str = "") -> Iterator[str]:
    for number, child in enumerate(children, 1):
        is_last = number == len(children)
        yield f"{indent}{'└── ' if is_last else '├── '}{child.text}"
        yield from _lines(child.children, indent + ("    " if is_last else "│   "))


def rich(node: Node) -> Any:
    """Return a tree as rich prints it."""
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(node.text, node.style), guide_style="dim")
    pending = [(tree, child) for child in reversed(node.children)]
    while pending:
        parent, child = pending.pop()
        branch = parent.add(Text(child.text, child.style))
        pending += [(branch, each) for each in reversed(child.children)]
    return tree
