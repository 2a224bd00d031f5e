"""The headers of nexus as text, for compilers that read no files."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping

from nexus._internal import paths
from nexus._internal.compilers.sources import line_of

_KERNEL = "nexus/kernel.h"
_INCLUDE = re.compile(r'[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]')


@functools.cache
def by_name() -> Mapping[str, str]:
    """Return name -> text of each header that a kernel may include, for every language but C++."""
    amalgamated = paths.include_dir() / "nexus" / "kernel" / "amalgamated.h"
    return {_KERNEL: amalgamated.read_text(encoding="utf-8")}


@functools.cache
def fingerprint() -> str:
    """Return what tells these headers from others."""
    return hashlib.sha256("".join(by_name().values()).encode()).hexdigest()


def inlined(source: str, name: str, given: Mapping[str, str] | None = None) -> str:
    """Return `source` with the text of <nexus/kernel.h>, and of headers given, where it has them.

    For compilers that take one text. Their messages speak of the lines of the source, under `name`.

    >>> inlined("int x;", "k.cl").splitlines()
    ['#line 1 "k.cl"', 'int x;']
    """
    texts = {**by_name(), **(given or {})}
    lines = [line_of(name).decode()]
    for number, line in enumerate(source.removesuffix("\n").split("\n"), 1):
        match = _INCLUDE.match(line)
        included = match[1] if match else ""
        if included not in texts:
            lines.append(line)
            continue
        rest = {other: text for other, text in texts.items() if other != included}
        lines.append(inlined(texts[included], included, rest).rstrip("\n"))
        lines.append(line_of(name, number + 1).decode())
    return "\n".join(lines) + "\n"
