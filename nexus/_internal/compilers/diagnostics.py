"""Turns the log of a C or C++ compiler into the few lines that say what is wrong, and where."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nexus._internal.compilers.hints import Complaint, hint_for
from nexus.bindings.errors import CompileError

# Begins the last line of a message, which is for programs: the command line leaves it out.
WHOLE_LOG = "the whole log is in the attribute `log` of this exception"

_ERROR = re.compile(
    r"(?P<file>.+?):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<what>.*)"
)
# PoCL begins with the word, and names the header of a macro behind the place where it stands.
_ERROR_OF_POCL = re.compile(
    r"error: (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)(?: <Spelling=.*>)?: (?P<what>.*)"
)
_OTHER_ERROR = re.compile(r"error: |undefined reference|undefined symbol")
# A sentence of our own headers: `static assertion failed: X` (gcc), `... "X"` (clang).
_ASSERTION = re.compile(r"static[_ ]assert(?:ion)? failed(?: due to requirement '.*?')?:? ?(.*)")
# clang does not say which one; gcc does.
_POISONED = "attempt to use a poisoned identifier"
_MARGIN = re.compile(r"^ *\d+ \| ")  # of a line of the source, in clang from version 16 on
_OF_PORTABLE = (b"NXS_", b"nexus/kernel.h", b'#include "')
_SHOWN = 5
_NOTES = 50  # lines below an error in which a hint is looked for
_WIDEST = 500  # characters of a line; the rest is in the log


def summary(log: str, name: str, source: bytes = b"NXS_") -> list[str]:
    """Return at most five errors, `name:line: what`, in the order of the log, and a hint.

    An error that shows in a header is given with the line of the source that led there. Hints are
    for sources that have words of <nexus/kernel.h>, or that include files which may have them.
    """
    found = complaints(log, name)
    lines = [line[:_WIDEST] for line in log.splitlines()]
    shown = list(found) or [line for line in lines if _OTHER_ERROR.search(line)] or lines
    hint = hint_for(found.values() or map(Complaint, shown)) if is_portable(source) else None
    return shortened(shown, hint)


def is_portable(source: bytes) -> bool:
    """Whether a source may have words of <nexus/kernel.h>."""
    return any(word in source for word in _OF_PORTABLE)


def shortened(shown: list[str], hint: str | None) -> list[str]:
    """Return the first lines, how many more there are, and the hint."""
    more = [f"... {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    return shown[:_SHOWN] + more + ([f"hint: {hint}"] if hint else [])


def complaints(log: str, name: str) -> dict[str, Complaint]:
    """Return the errors of a log by how they are told, each once."""
    lines = [line[:_WIDEST] for line in log.splitlines()]
    at = [number for number, line in enumerate(lines) if _error_of(line)]
    found: dict[str, Complaint] = {}  # a template is complained of once a copy
    for previous, number, following in zip([-1, *at], at, [*at[1:], len(lines)], strict=False):
        error = _error_of(lines[number])
        if error:
            before, after = lines[previous + 1 : number], lines[number + 1 : following]
            sentence = _sentence(error["what"], error["column"], after[:1])
            place = _place(error, [*before, *after], name)
            header = "" if error["file"] == name else error["file"]
            complaint = Complaint(sentence, "\n".join(after[:_NOTES]), header)
            found.setdefault(f"{place}: {sentence}", complaint)
    return found


def of_driver(
    error: CompileError, names: Sequence[str], source: bytes, command: Sequence[str] = ()
) -> CompileError:
    """Return the exception for a source that a driver refused when it was loaded.

    Args:
        error: of the load; the driver's log is below the first line of its message.
        names: what the caller calls the source, or each of several.
        source: what the driver was given.
        command: what it was asked for.
    """
    head, _, log = error.message.partition("\n")
    titles = " and ".join(map(repr, names))
    _, refused, why = head.partition(" does not compile")
    said = f"cannot compile {titles}: " + (f"it{refused}{why}" if refused else head)
    if log:
        lines = [f"  {line}" for line in summary(log, names[0], source)]
        said = "\n".join([f"{said}:", *lines, WHOLE_LOG])
    place = (error.status, error.function, error.runtime, error.device)
    return CompileError(said, *place, log=log, command=" ".join(command))


def _error_of(line: str) -> re.Match[str] | None:
    return _ERROR_OF_POCL.match(line) or _ERROR.match(line)


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


def _sentence(what: str, column: str | None, shown: list[str]) -> str:
    """Return what is wrong; `shown` is the line of the source, where the compiler repeats it."""
    assertion = _ASSERTION.fullmatch(what)
    if what == _POISONED and column and shown:
        text = _MARGIN.sub("", shown[0]).encode()[int(column) - 1 :].decode(errors="replace")
        word = re.match(r"\w+", text)
        return f'attempt to use poisoned "{word[0]}"' if word else what
    return assertion[1].strip('"') if assertion else what
