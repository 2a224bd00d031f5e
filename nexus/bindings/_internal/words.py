"""Words for messages: what kind of thing a value is, and what it looks like, however large."""

from __future__ import annotations

_MOST_LETTERS = 80  # of a value, so that a sentence stays one
_MOST_BITS = 256  # of an int that is printed; Python refuses to print those of thousands of digits


def kind(value: object) -> str:
    """Return what a value is, with its article.

    >>> kind(3), kind([]), kind(None)
    ('an int', 'a list', 'None')
    """
    return "None" if value is None else with_article(type(value).__name__)


def with_article(noun: str) -> str:
    """Return `an Event`, `a Buffer`."""
    return f"{'an' if noun[0] in 'aeiouAEIO' else 'a'} {noun}"


def shown(value: object) -> str:
    """Return a value as it is written, in one line and cut where it gets long.

    >>> shown("x"), shown(1 << 9999), shown(b"-" * 99)[:10], shown(object()), shown(int)
    ("'x'", 'an int of 10000 bits', "b'--------", 'an object', 'the class int')
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"an int of {value.bit_length()} bits"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # what is wrong with the value is no matter of who tells of it
        return kind(value)
    if text.startswith("<") and " at 0x" in text:  # an address tells nobody anything
        return kind(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 3]}..."


def counted(n: int, noun: str) -> str:
    """Return `1 device`, `2 devices`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
