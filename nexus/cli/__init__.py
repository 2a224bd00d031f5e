"""The command line, `nexus` or `python -m nexus`.

The extra `cli` brings all commands and colours; without it `info`, `doctor` and `inspect` print
plain text.
"""

from __future__ import annotations

import importlib.util
import io
import os
import sys

from nexus._internal.compilers.diagnostics import WHOLE_LOG
from nexus.bindings.errors import NexusError

EXTRA = "pip install 'nexus-accelerator[cli]'"
EXTRA_OF_PICTURES = "pip install 'nexus-accelerator[cli,plot]'"
INTERRUPTED = 130  # what a shell returns after Ctrl-C


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 something is wrong, 2 wrong use."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal cannot show ends no command
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # who reads, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (NexusError, KeyError, TypeError, ValueError, OSError) as error:
        text = str(error.args[0] if type(error) is KeyError else error)
        lines = [line for line in text.splitlines() if not line.startswith(WHOLE_LOG)]
        print("nexus:", "\n".join(lines), file=sys.stderr)
        return 1
    return code


def _run(arguments: list[str]) -> int:
    if importlib.util.find_spec("click") and importlib.util.find_spec("rich"):
        from nexus.cli import commands as full

        return full.run(arguments)
    from nexus.cli import plain

    return plain.run(arguments)
