"""The command line, `nexus` or `python -m nexus`.

The extra `cli` brings all commands and colours; without it `info` and `doctor` print plain text.
"""

from __future__ import annotations

import importlib.util
import io
import sys

EXTRA = "pip install 'nexus-accelerator[cli]'"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 something is wrong, 2 wrong use."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal cannot show ends no command
            stream.reconfigure(errors="backslashreplace")
    if importlib.util.find_spec("click") and importlib.util.find_spec("rich"):
        from nexus.cli import commands as full

        return full.run(arguments)
    from nexus.cli import plain

    return plain.run(arguments)
