"""The lines of a C text, of which the directives of the preprocessor are told apart."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_SPLICE = r"\\[ \t]*\n"  # the line goes on
_COMMENT = r"/\*.*?(?:\*/|\Z)"
_BLANK = rf"(?:[ \t\f\v]|{_SPLICE}|{_COMMENT})*+"
_REST_OF_LINE = rf"//(?:{_SPLICE}|[^\n])*+"
_LITERAL = r""""(?:\\.|[^"\\\n])*+"?|'(?:\\.|[^'\\\n])*+'?"""
_TOKEN = rf"""[^\n\\/"']++|{_SPLICE}|{_COMMENT}|{_REST_OF_LINE}|{_LITERAL}|[^\n]"""
_LINE = re.compile(rf"{_BLANK}(#|%:)?((?:{_TOKEN})*+)(?:\n|\Z)", re.DOTALL)
_WORD = re.compile(rf"{_BLANK}(\w+){_BLANK}(.*)", re.DOTALL)
_GUARD = re.compile(r"(?:ifndef|if\s*!\s*defined)[\s(]*(\w+)[\s)]*(?:/[/*].*)?", re.DOTALL)

# Directives beside #include that bring in files, which some compilers know.
FOR_DRIVERS = ("import", "include_next", "embed")


class Line(NamedTuple):
    """A line with those that continue it.

    Attributes:
        text: all of it, with its end.
        word: of a directive, such as "include"; else "".
        rest: what stands behind the word; of another line what is there beside comments before it.
    """

    text: str
    word: str
    rest: str

    def step(self) -> int:
        """Return how it changes the number of open conditions."""
        return (self.word in ("if", "ifdef", "ifndef")) - (self.word == "endif")

    def is_once(self) -> bool:
        """Whether it is `#pragma once`."""
        return self.word == "pragma" and self.rest.startswith("once")


class Text(NamedTuple):
    """Lines, and how they see to it that they are taken but once: "once", "ifndef" or ""."""

    lines: tuple[Line, ...]
    guard: str


@functools.lru_cache(maxsize=64)
def read(text: str) -> Text:
    r"""Return the lines of a text, all of which end with a newline.

    Lines that say nothing of headers and conditions are one, because there are many of them.

    >>> read("/* a */ # include \\\n <a.h>\r\nint x;").lines[0][1:]
    ('include', '<a.h>')
    """
    text = re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))
    text += "\n" * (not text.endswith("\n"))
    text += "\n" * bool(re.search(rf"{_SPLICE}\Z", text))
    lines = tuple(_line(match) for match in _LINE.finditer(text) if match[0])
    return Text(tuple(_joined(lines)), _guard_of(lines))


def split(rest: str) -> tuple[str, str]:
    """Return the first word of what stands behind a directive, and what follows it."""
    match = _WORD.match(rest)
    return (match[1], match[2]) if match else ("", rest)


def _line(match: re.Match[str]) -> Line:
    if match[1]:
        return Line(match[0], *split(re.sub(_SPLICE, "", match[2])))
    return Line(match[0], "", "" if match[2].startswith("//") else match[2])


def _joined(lines: Iterable[Line]) -> Iterator[Line]:
    for is_plain, some in itertools.groupby(lines, _is_plain):
        if is_plain:
            yield Line("".join(line.text for line in some), "", "")
        else:
            yield from some


def _is_plain(line: Line) -> bool:
    if line.word == "define":
        return not split(line.rest)[1].startswith(('"', "<"))
    if line.word in ("include", "line", *FOR_DRIVERS) or line.word.startswith("el"):
        return False
    return not (line.step() or line.is_once())


def _guard_of(lines: tuple[Line, ...]) -> str:
    """Return "once", "ifndef" when one condition on a macro spans all, or ""."""
    if any(line.is_once() for line in lines):
        return "once"
    directives = [line for line in lines if line.word]
    outer, depth = [], 0
    for line in lines:
        depth += min(0, line.step())
        if (line.word or line.rest) and depth <= line.word.startswith("el"):
            outer.append(line.word)
        depth += max(0, line.step())
    if outer not in (["ifndef", "endif"], ["if", "endif"]) or directives[1].word != "define":
        return ""
    macro = _GUARD.fullmatch(f"{directives[0].word} {directives[0].rest.strip()}")
    return "ifndef" if macro and macro[1] == split(directives[1].rest)[0] else ""
