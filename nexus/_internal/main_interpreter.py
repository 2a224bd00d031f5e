"""Refuses to be imported in a subinterpreter, before anything else of nexus is.

NumPy and the native parts are there once in a process: the first interpreter that imports them
would keep them from all others, and threads and memory would outlive the one that made them.
"""

from __future__ import annotations

try:
    import _interpreters as interpreters  # type: ignore[import-not-found]  # Python 3.13 and later
except ImportError:
    try:
        import _xxsubinterpreters as interpreters  # type: ignore[import-not-found]
    except ImportError:  # a Python that has no subinterpreters
        interpreters = None


def _number(answer: object) -> object:
    """Return the number in what `_interpreters` answers: since Python 3.13 a tuple of two."""
    return answer[0] if isinstance(answer, tuple) else answer


if interpreters is not None and (
    _number(interpreters.get_current()) != _number(interpreters.get_main())
):
    raise ImportError(
        "nexus cannot be imported in a subinterpreter: its native parts and NumPy's belong to the "
        "main interpreter of the process; import it there, or use processes (multiprocessing)"
    )
