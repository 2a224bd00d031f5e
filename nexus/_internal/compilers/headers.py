"""The headers of nexus as text, and sources with their headers put into them."""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nexus._internal import paths
from nexus._internal.compilers import directives
from nexus._internal.compilers.sources import line_of
from nexus.bindings.errors import CompileError

_KERNEL = "nexus/kernel.h"
_DEEPEST = 64  # headers that are open at once
_MOST = 10_000  # headers put into one program: those without a guard may come many times
_NAME = re.compile(r'"([^"\n]+)"|<([^>\n]+)>')
_NUMBER = re.compile(r'(\d+)(?:[ \t]+"([ !#-\[\]-~]+)")?')


@functools.cache
def by_name() -> Mapping[str, str]:
    """Return name -> text of each header that a kernel may include, for every language but C++."""
    amalgamated = paths.include_dir() / "nexus" / "kernel" / "amalgamated.h"
    return {_KERNEL: amalgamated.read_text(encoding="utf-8")}


@functools.cache
def fingerprint() -> str:
    """Return what tells these headers from others."""
    return hashlib.sha256("".join(by_name().values()).encode()).hexdigest()


def inlined(source: str, name: str) -> str:
    """Return `source` with the text of <nexus/kernel.h> where it includes it.

    >>> inlined("int x;", "k.cl").splitlines()
    ['#line 1 "k.cl"', 'int x;']
    """
    return Inliner().text(source, name)


class _File(NamedTuple):
    """A source, or a header that was found.

    Attributes:
        name: what messages call it.
        identity: of a file its real path, of a text its name; "" of a source that is no file.
        lines: its text.
        guard: as in `directives.Text`.
    """

    name: str
    identity: str
    lines: tuple[directives.Line, ...]
    guard: str


class Inliner:
    """Puts headers into the texts of one program, for compilers that take one text.

    Conditions are the compiler's: a header is also put where a false one hides it, and one that is
    not found stays an #include. Messages speak of the lines of each file, under its name.

    Args:
        given: headers by name, beside nexus's own.
        folders: where else headers are, in the order of the search.
        macros: what may stand for a name in an #include.

    Attributes:
        files: what was read, by path.
        leaves_any: whether an #include stayed, so that what it brings in is not known here.
    """

    def __init__(
        self,
        given: Mapping[str, str] | None = None,
        folders: Sequence[str] = (),
        macros: Mapping[str, str] | None = None,
    ) -> None:
        self._given = dict(given or {})
        self._folders = folders
        self._macros = {name: {value} for name, value in (macros or {}).items()}
        self._open: list[_File] = []
        self._once: dict[str, int] = {}  # identity -> number of the guard for its #pragma once
        self._done: set[str] = set()  # headers with a guard that no condition hides
        self._n_put = 0
        self.files: set[str] = set()
        self.leaves_any = False

    def text(self, source: str, name: str) -> str:
        """Return a source with its headers.

        Raises:
            CompileError: there are more headers than can be meant.
            ValueError: a header has a NUL character.
        """
        path = os.path.realpath(name) if os.path.isfile(name) else ""
        return self._text_of(_file(name, path, source)._replace(guard=""), is_sure=True)

    def _text_of(self, file: _File, is_sure: bool) -> str:
        """Return a file with its headers; `is_sure` when no condition hides it."""
        self._open.append(file)
        made, name, number = [_line_of(file.name, 1)], file.name, 1
        conditions, put_hidden = -int(file.guard == "ifndef"), False
        for line in file.lines:
            text, height = line.text, line.text.count("\n")
            number += height
            conditions += line.step()
            if line.word == "include":
                text = self._put(line, _line_of(name, number), is_sure and conditions == 0)
                put_hidden |= conditions > 0 and text != line.text
            elif line.word in directives.FOR_DRIVERS:
                self.leaves_any = True
            elif line.is_once():
                text = "\n" * height
            elif line.word == "define":
                self._learn(*directives.split(line.rest))
            elif line.word == "line" and (told := _NUMBER.match(line.rest)):
                number, name = int(told[1]), told[2] or name
            elif put_hidden and line.word.startswith(("el", "end")):
                text += _line_of(name, number)  # where a condition was false, no #line counted
            made.append(text)
        self._open.pop()
        return "".join(made)

    def _put(self, include: directives.Line, after: str, is_sure: bool) -> str:
        """Return what stands for an #include; `after` says where the next line is from."""
        meant = self._meant(include.rest)
        if not meant:
            self.leaves_any |= self._open[-1].identity != _KERNEL  # it asks for what is Metal's
            return include.text
        header = meant[0]
        if len(meant) > 1:
            names = " or ".join(file.name for file in meant)
            return f"#error it may be {names}: name the header in the #include itself\n{after}"
        if header.guard and (self._is_open(header) or header.identity in self._done):
            return "\n" * include.text.count("\n")
        if self._closes_circle(header) or len(self._open) > _DEEPEST:
            way = ", ".join(file.name for file in (*self._open[-4:], header))
            return f"#error includes without end: {way}; begin each with #pragma once\n{after}"
        self._n_put += 1
        if os.path.isabs(header.identity):
            self.files.add(header.identity)
        if self._n_put > _MOST:
            raise CompileError(
                f"cannot compile {self._open[0].name!r}: it has more than {_MOST} includes; begin "
                "each header with #pragma once"
            )
        if header.guard and is_sure:
            self._done.add(header.identity)
        text = self._text_of(header, is_sure)
        if header.guard == "once":
            guard = f"NEXUS_ONCE_{self._once.setdefault(header.identity, len(self._once))}"
            text = f"#ifndef {guard}\n#define {guard}\n{text}#endif\n"
        return text + after

    def _is_open(self, header: _File) -> bool:
        return any(header.identity == file.identity for file in self._open)

    def _closes_circle(self, header: _File) -> bool:
        """Whether a header includes itself with no guard on the way, which would end it."""
        ways = itertools.takewhile(lambda file: not file.guard, reversed(self._open))
        return any(header.identity == file.identity for file in ways)

    def _meant(self, written: str) -> list[_File]:
        """Return the headers that may be meant: several where a macro had several values."""
        names = [written]
        if not _NAME.match(written):
            names = sorted(self._macros.get(directives.split(written)[0], ()))
        return [file for name in names if (file := self._found(name))]

    def _found(self, written: str) -> _File | None:
        """Return the header of `"a.h"` or `<a.h>`; None when it is not found."""
        match, includer = _NAME.match(written), self._open[-1]
        if not match:
            return None
        name = match[1] or match[2]
        is_file = os.path.isabs(includer.identity)
        near = os.path.join(os.path.dirname(includer.name if is_file else includer.identity), name)
        if match[1] and is_file and (file := _read(near)):
            return file
        for given in (os.path.normpath(near), name) if match[1] and not is_file else (name,):
            if given in self._given:
                return _file(given, given, self._given[given])
        for folder in self._folders:
            if file := _read(os.path.join(folder, name)):
                return file
        return _file(name, name, by_name()[name]) if name in by_name() else None

    def _learn(self, macro: str, value: str) -> None:
        """Remember a macro that names a header."""
        if _NAME.match(value):
            self._macros.setdefault(macro, set()).add(value.strip())


def _line_of(name: str, number: int) -> str:
    return f"{line_of(name, number).decode()}\n"


def _read(path: str) -> _File | None:
    """Return the header in a file; None when there is none that can be read."""
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            text = file.read()
    except OSError:
        return None
    if "\0" in text:
        raise ValueError(f"cannot compile: the header {path!r} has a NUL character")
    return _file(path, os.path.realpath(path), text)


def _file(name: str, identity: str, text: str) -> _File:
    return _File(name, identity, *directives.read(text))
