"""One text of what a caller may give as source: a text, or several by name."""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from typing import TypeAlias

from nexus.bindings._internal.words import kind

Source: TypeAlias = "str | bytes | Mapping[str, str | bytes]"


def text_of(source: object, name: str) -> bytes:
    r"""Return the source as one text, whose messages speak of the lines that were given.

    Several sources are compiled as one, one after the other.

    >>> text_of("int x;", "k.cu")
    b'#line 1 "k.cu"\nint x;'
    >>> text_of({"a.cu": "int a;", "b.cu": b"int b;"}, "both")
    b'#line 1 "a.cu"\nint a;\n#line 1 "b.cu"\nint b;'

    Raises:
        TypeError: it is no text.
        ValueError: it is empty.
    """
    parts = parts_of(source, name)
    return b"\n".join(line_of(part) + b"\n" + text for part, text in parts.items())


def parts_of(source: object, name: str) -> dict[str, bytes]:
    """Return the texts of a source by their names; a single one has `name`.

    Raises:
        TypeError: it is no text.
        ValueError: it is empty.
    """
    parts = source if isinstance(source, Mapping) else {name: source}
    texts = {part: _bytes_of(text) for part, text in parts.items()}
    if not any(text.strip() for text in texts.values()):
        raise ValueError(f"cannot compile {name!r}: the source is empty")
    return texts


def names_of(source: object, name: str) -> list[str]:
    """Return what the caller calls a source, or each of several."""
    return list(source) if isinstance(source, Mapping) else [name]


def line_of(name: object, number: int = 1) -> bytes:
    """Return the directive that says where the next line is from."""
    if not isinstance(name, str):
        raise TypeError(f"a source is named {kind(name)}; its name is a str")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'#line {number} "{quoted}"'.encode()


def _bytes_of(source: object) -> bytes:
    if isinstance(source, str):
        return source.removeprefix("\ufeff").encode()
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source).removeprefix(codecs.BOM_UTF8)
    advice = ", such as path.read_text()" if isinstance(source, os.PathLike) else ""
    raise TypeError(
        f"the source is {kind(source)}; it is text, as str or bytes{advice}, or several in a "
        "mapping of names to texts"
    )
