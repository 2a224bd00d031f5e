"""Turns the log of a C or C++ compiler into the few lines that say what is wrong, and where."""

from __future__ import annotations

import re

_ERROR = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?:\d+:)? (?:fatal )?error: (?P<what>.*)")
_OTHER_ERROR = re.compile(r"error: |undefined reference|undefined symbol")
# A sentence of our own headers: `static assertion failed: X` (gcc), `... "X"` (clang).
_ASSERTION = re.compile(r"static[_ ]assert(?:ion)? failed(?: due to requirement '.*?')?:? ?(.*)")
_SHOWN = 5
_WIDEST = 500  # characters of a line; the rest is in the log

# What the compilers cannot know of <nexus/kernel.h>: a word of their complaint, and what is meant.
_READ_ONLY = "in and val are only read: what is written is out(T, p) or inout(T, p)"
_HINTS = {
    "NXS_PARAMETER_": "an argument is val(T, n), in(T, p), out(T, p) or inout(T, p)",
    "NXS_LIST_is_too_long": "a kernel has 1 to 16 arguments",
    "poisoned": "another kernel language keeps this name for itself: choose another",
    "OpenMP": "in a phase there is no return and no break; continue ends the item",
    "read-only": _READ_ONLY,
    "const-qualified": _READ_ONLY,
    "ambiguous": "functions of maths take float or double: convert the integer first",
    "frame size": "the shared and private arrays of a kernel have at most 256 KiB together",
}


def summary(log: str, name: str) -> list[str]:
    """Return at most five errors, `name:line: what`, in the order of the log, and a hint.

    An error that shows in a header is given with the line of the source that led there.
    """
    lines = [line[:_WIDEST] for line in log.splitlines()]
    at = [number for number, line in enumerate(lines) if _ERROR.match(line)]
    found: dict[str, None] = {}  # as an ordered set: a template is complained of once a copy
    for previous, number, following in zip([-1, *at], at, [*at[1:], len(lines)], strict=False):
        error = _ERROR.match(lines[number])
        if error:
            around = lines[previous + 1 : number] + lines[number + 1 : following]
            found[f"{_place(error, around, name)}: {_sentence(error['what'])}"] = None
    shown = list(found) or [line for line in lines if _OTHER_ERROR.search(line)] or lines
    more = [f"... {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    hints = [f"hint: {hint}" for word, hint in _HINTS.items() if any(word in one for one in shown)]
    return shown[:_SHOWN] + more + hints[:1]


def _place(error: re.Match[str], around: list[str], name: str) -> str:
    """Return where the error is, in the source rather than in a header.

    gcc tells the way to a header before the error, clang after it: both begin with the line of the
    source that is nearest to the header.
    """
    here = f"{error['file']}:{error['line']}"
    if error["file"] == name:
        return here
    ours = re.compile(re.escape(name) + r":\d+(?=:)")
    return next((match[0] for line in around if (match := ours.match(line))), here)


def _sentence(what: str) -> str:
    assertion = _ASSERTION.fullmatch(what)
    return assertion[1].strip('"') if assertion else what
