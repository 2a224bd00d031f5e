"""Arguments that are whole numbers or yes-or-no, checked as every call checks them.

Of numbers whatever has `__index__` is taken, but no bool: `True` where a size belongs is a mistake.
"""

from __future__ import annotations

from operator import index

import numpy as np

from nexus.bindings._internal.words import kind, shown


def whole(value: object, name: str, remedy: str) -> int:
    """Return a whole number as an int.

    Raises:
        TypeError: it is none; the message ends with `remedy`.
    """
    if type(value) is int:
        return value
    if not isinstance(value, bool):
        try:
            return index(value)  # type: ignore[arg-type]  # asks whether it is one
        except TypeError:
            pass
    raise TypeError(f"{name} is {kind(value)}; {remedy}")


def flag(value: object, name: str) -> bool:
    """Return a yes-or-no argument: a bool of Python or NumPy, or the int 0 or 1.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, bool | np.bool_) or (type(value) is int and value in (0, 1)):
        return bool(value)
    raise TypeError(f"{name} is {shown(value)}; it is True or False")


def nbytes(value: object, name: str) -> int:
    """Return a byte count or offset as an int from 0.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is negative or not below 2**63.
    """
    number = whole(value, name, "it is an int, in bytes")
    if not 0 <= number < 1 << 63:
        raise ValueError(f"{name} is {shown(number)} bytes; it is from 0 to 2**63-1")
    return number
