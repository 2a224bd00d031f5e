"""Reads the environment variables of the loader, and names those that nexus does not know."""

from __future__ import annotations

import math
import os

from nexus.bindings._internal.environment import VARIABLES
from nexus.bindings.errors import InvalidArgumentError

PREFIX = "NEXUS_"
RUNTIMES = "NEXUS_RUNTIMES"
LOAD_TIMEOUT = "NEXUS_LOAD_TIMEOUT"

_LOAD_SECONDS = 60.0  # the slowest driver that starts well takes some seconds

_told: set[str] = set()


def wanted_runtimes() -> list[str]:
    """The names in NEXUS_RUNTIMES, each once, in its order; empty when it names none."""
    entries = (name.strip() for name in os.environ.get(RUNTIMES, "").split(","))
    return [*dict.fromkeys(filter(None, entries))]


def load_seconds() -> float:
    """How long a plugin may take to start.

    Raises:
        InvalidArgumentError: NEXUS_LOAD_TIMEOUT is no number of seconds.
    """
    value = os.environ.get(LOAD_TIMEOUT, "")
    try:
        seconds = float(value) if value.strip() else _LOAD_SECONDS
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise InvalidArgumentError(
            f"{LOAD_TIMEOUT}={value!r}: it is a number of seconds above 0, or inf; mend or unset it"
        )
    return seconds


def unknown_environment() -> dict[str, str]:
    """The variables NEXUS_... that are set and that nexus does not know: name -> one sentence."""
    names = sorted(name for name in os.environ.keys() - VARIABLES if name.startswith(PREFIX))
    return {name: _sentence(name) for name in names}


def tell_unknown() -> None:
    """Log each unknown variable once: a warning where it looks like a slip of the pen."""
    for name, sentence in unknown_environment().items():
        if name in _told:
            continue
        import logging  # few processes have one

        _told.add(name)
        level = logging.WARNING if _close(name) else logging.DEBUG
        logging.getLogger("nexus").log(level, sentence)


def _sentence(name: str) -> str:
    close = _close(name)
    hint = f"; did you mean {close}?" if close else ""
    return f"the variable {name} is set and nexus has none of this name{hint}"


def _close(name: str) -> str:
    import difflib

    known = [variable.removeprefix(PREFIX) for variable in VARIABLES]
    close = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1, cutoff=0.75)
    return PREFIX + close[0] if close else ""
