"""The headers of nexus as text, for compilers that read no files."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from nexus._internal import paths

_KERNEL = "nexus/kernel.h"
_INCLUDE = re.compile(rf'[ \t]*#[ \t]*include[ \t]*[<"]{re.escape(_KERNEL)}[>"]')


@functools.cache
def by_name() -> Mapping[str, str]:
    """Return name -> text of each header that a kernel may include, for every language but C++."""
    amalgamated = paths.include_dir() / "nexus" / "kernel" / "amalgamated.h"
    return {_KERNEL: amalgamated.read_text(encoding="utf-8")}


def inlined(source: str, name: str) -> str:
    """Return `source` with the text of <nexus/kernel.h> where it is included.

    For compilers that take one text. Their messages speak of the lines of the source, under `name`.

    >>> inlined("int x;", "k.cl").splitlines()
    ['#line 1 "k.cl"', 'int x;']
    """
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    lines = [f'#line 1 "{quoted}"']
    for number, line in enumerate(source.splitlines(), 1):
        if _INCLUDE.match(line):
            lines += [f'#line 1 "{_KERNEL}"', by_name()[_KERNEL].rstrip("\n")]
            lines.append(f'#line {number + 1} "{quoted}"')
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
