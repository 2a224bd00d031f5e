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
        ValueError: it is empty, or has what no source can have; a name is not one line.
    """
    parts = parts_of(source, name)
    return b"\n".join(line_of(part) + b"\n" + text for part, text in parts.items())


def parts_of(source: object, name: str) -> dict[str, bytes]:
    """Return the texts of a source by their names; a single one has `name`.

    Raises:
        TypeError: it is no text.
        ValueError: it is empty, or has what no source can have; a name is not one line.
    """
    parts = source if isinstance(source, Mapping) else {name: source}
    texts = {part: bytes_of(text, part) for part, text in parts.items()}
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
    if not name.isprintable():
        raise ValueError(f"a source is named {name!r}; it is one line of printable characters")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'#line {number} "{quoted}"'.encode()


def bytes_of(source: object, name: object) -> bytes:
    """Return one text as bytes, without a mark of the byte order.

    Raises:
        TypeError: it is no text.
        ValueError: it has a NUL or half of a surrogate pair, which compilers take each in its way.
    """
    if isinstance(source, str):
        text = encoded(source, f"cannot compile {name!r}: the source")
    elif isinstance(source, bytes | bytearray | memoryview):
        text = bytes(source)
    else:
        advice = ", such as path.read_text()" if isinstance(source, os.PathLike) else ""
        raise TypeError(
            f"the source is {kind(source)}; it is text, as str or bytes{advice}, or several in a "
            "mapping of names to texts"
        )
    if (place := text.find(b"\0")) >= 0:
        line = text.count(b"\n", 0, place) + 1
        raise ValueError(f"cannot compile {name!r}: the source has a NUL character in line {line}")
    return text.removeprefix(codecs.BOM_UTF8)


def encoded(text: str, what: str) -> bytes:
    """Return a text in UTF-8.

    Raises:
        ValueError: it has half of a surrogate pair; `what` begins the sentence.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise ValueError(
            f"{what} has {text[error.start]!r} in line {line}, half of a surrogate pair, which is "
            "no character; decode what it came from in its own encoding"
        ) from None
