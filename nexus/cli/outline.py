"""Text in the shape of a tree: one structure for plain text and for rich."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


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


class Guides(NamedTuple):
    """What is drawn before a line: for one of several, for the last one, and under either."""

    middle: str
    last: str
    under_middle: str
    under_last: str


DRAWN = Guides("├── ", "└── ", "│   ", "    ")
ASCII = Guides("+-- ", "`-- ", "|   ", "    ")


def plain(node: Node, encoding: str = "utf-8") -> str:
    """Return a tree as text that can be printed in an encoding."""
    try:
        "".join(DRAWN).encode(encoding)
    except UnicodeEncodeError:
        return "\n".join((node.text, *_lines(node.children, ASCII)))
    return "\n".join((node.text, *_lines(node.children, DRAWN)))


def _lines(children: list[Node], guides: Guides, indent: str = "") -> Iterator[str]:
    for number, child in enumerate(children, 1):
        is_last = number == len(children)
        yield f"{indent}{guides.last if is_last else guides.middle}{child.text}"
        under = guides.under_last if is_last else guides.under_middle
        yield from _lines(child.children, guides, indent + under)


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
