"""What a preprocessed portable source is made of: variables, functions and phases.

The text was made with `NXS_CHECK` (see <nexus/kernel/check.h>) and is known to compile, so it has
no comments, no macros, and brackets that match.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

_MARKER = re.compile(
    r'^# (?P<line>\d+) "(?P<file>(?:[^"\\\n]|\\.)*)"(?P<flags>[ \d]*)', re.MULTILINE
)
_TOKEN = re.compile(r"""\w+|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[^\s\w]""")
_SYSTEM = "3"  # among the flags of a marker: what follows is of a header of the system
_NO_HEADER = re.compile(r"^<|/stdc-predef\.h$")  # what compilers include unasked
_NATIVE = "nexus/cpu_kernel.h"
_TYPE = re.compile(r"(struct|union|enum)( \w+)?( \{)?")
_FLOAT = re.compile(r"(float|double) \w+")
_OPEN, _CLOSE = "([{", ")]}"
_DIGRAPHS = {"<%": "{", "%>": "}", "<:": "[", ":>": "]"}


class Token(NamedTuple):
    """A word, a number, a string or a sign.

    Attributes:
        text: itself.
        at: where it is in the whole text.
        place: "file:line", for messages.
        depth: how many brackets are open around it.
    """

    text: str
    at: int
    place: str
    depth: int


class Declaration(NamedTuple):
    """What stands outside of functions, up to a semicolon or the end of a body.

    Attributes:
        head: without what is in brackets, but for the brackets that open.
        body: of a function; empty for others.
        parameters: what is in the brackets before the body.
    """

    head: tuple[Token, ...]
    body: tuple[Token, ...] = ()
    parameters: tuple[Token, ...] = ()

    def is_variable(self) -> bool:
        """Whether it is surely one: not a type, and no function."""
        texts = [token.text for token in self.head]
        if not texts or self.body or {"typedef", "nxs_table", "_Pragma"} & set(texts):
            return False
        first = texts[: texts.index("=")] if "=" in texts else texts
        return "(" not in first and not _TYPE.fullmatch(" ".join(texts))

    def name(self) -> str:
        """Return what it declares: the word before its first bracket, value or end."""
        texts = [token.text for token in self.head]
        ends = (number for number, text in enumerate(texts) if text in ("[", "=", ",", "("))
        end = next(ends, len(texts))
        return texts[end - 1] if end else ""

    def n_numbers(self) -> int:
        """Return how many parameters there are; 0 when one is something else than a float."""
        words = " ".join(one.text for one in self.parameters if one.text != "const")
        each = words.split(" , ")
        return len(each) if all(_FLOAT.fullmatch(one) for one in each) else 0


def includes_others(text: str) -> bool:
    """Whether it has headers of the system, or the one of kernels that only the CPU runs."""
    for marker in _MARKER.finditer(text):
        is_system = _SYSTEM in marker["flags"].split() and not _NO_HEADER.search(marker["file"])
        if is_system or marker["file"].endswith(_NATIVE):
            return True
    return False


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a text."""
    at, depth, file, line = 0, 0, "", 1
    for row in text.splitlines(keepends=True):
        marker = _MARKER.match(row)
        if marker:
            file, line = marker["file"], int(marker["line"]) - 1
        elif not row.startswith("#"):
            for match in _TOKEN.finditer(row):
                depth -= match[0] in _CLOSE
                yield Token(match[0], at + match.start(), f"{file}:{line}", depth)
                depth += match[0] in _OPEN
        at += len(row)
        line += 1


def declarations(found: list[Token]) -> Iterator[Declaration]:
    """Yield what stands outside of functions."""
    head: list[Token] = []
    inside: list[Token] = []
    is_body, parameters = False, tuple[Token, ...]()
    for token in found:
        if token.depth:
            inside.append(token)
        elif is_body:  # the bracket that closes it
            yield Declaration(tuple(head), tuple(inside), parameters)
            head, is_body = [], False
        elif token.text == ";":
            yield Declaration(tuple(head))
            head = []
        elif token.text == "{" and head and head[-1].text == ")":
            is_body, parameters = True, tuple(inside)
        elif token.text not in ("]", "}"):
            head.append(token)
        if not token.depth and token.text in ("(", "[", "{"):
            inside = []


def recursive(functions: list[Declaration]) -> Declaration | None:
    """Return a function that calls itself, also by way of others."""
    calls = {function.name(): _called(function.body) for function in functions}
    for function in functions:
        reached: set[str] = set()
        ahead = set(calls[function.name()])
        while ahead:
            reached |= ahead
            ahead = {name for one in ahead for name in calls.get(one, ())} - reached
        if function.name() in reached:
            return function
    return None


def _called(body: tuple[Token, ...]) -> set[str]:
    return {one.text for one, after in itertools.pairwise(body) if after.text == "("}


def without_digraphs(text: str) -> str:
    """Return the text with brackets as most write them."""
    for digraph, bracket in _DIGRAPHS.items():
        text = text.replace(digraph, bracket)
    return text


def with_phases_apart(text: str, found: list[Token]) -> str:
    """Return the text with each phase a function of its own, as <nexus/kernel/checked.h> has it."""
    edits: list[tuple[int, int, str]] = []
    for number, token in enumerate(found[:-1]):
        if token.text == "nxs_each":
            end = found[_end_of_statement(found, number + 1)]
            edits.append((token.at, token.at + len(token.text), "nxs_phase"))
            edits.append((end.at + len(end.text), end.at + len(end.text), "};"))
    pieces, done = list[str](), 0
    for begin, end_of_old, new in sorted(edits):
        pieces += text[done:begin], new
        done = end_of_old
    return "".join([*pieces, text[done:]])


def _end_of_statement(found: list[Token], at: int) -> int:
    """Return the number of the last token of the statement that begins with token `at`."""
    match found[at].text:
        case "{":
            return _next(found, at, "}")
        case "if" | "for" | "while" | "switch" as word:
            end = _end_of_statement(found, _next(found, at, ")") + 1)
            if word == "if" and found[end + 1].text == "else":
                return _end_of_statement(found, end + 2)
            return end
        case "do":
            return _next(found, _end_of_statement(found, at + 1), ";")
        case _:
            return _next(found, at - 1, ";")


def _next(found: list[Token], at: int, text: str) -> int:
    """Return where the next token is that reads so, with as many brackets around as token `at`."""
    depth = found[at].depth
    numbers = range(at + 1, len(found))
    return next(one for one in numbers if found[one].text == text and found[one].depth == depth)
