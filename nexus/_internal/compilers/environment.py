"""The values of variables, to be compared with those of before: read at each compile."""

from __future__ import annotations

import os
from collections.abc import Sequence


def names(*variables: str) -> tuple[bytes, ...]:
    """Return names of variables as `values` takes them."""
    return tuple(map(os.fsencode, variables))


def values(names: Sequence[bytes]) -> tuple[str | bytes | None, ...]:
    """Return what variables are, in some form; None: not set.

    `os.environ.get` raises and catches two exceptions for each that is not set.
    """
    data = getattr(os.environ, "_data", None)
    if isinstance(data, dict):
        return tuple(map(data.get, names))
    return tuple(os.environ.get(os.fsdecode(name)) for name in names)
