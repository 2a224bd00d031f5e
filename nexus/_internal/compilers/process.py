"""Runs a compiler as a child process that does not outlive an interrupt."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence


def run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run `command` to its end; return its exit status and all that it wrote.

    The status is -N if signal N ended it. Blocks; an exception that is raised meanwhile (Ctrl-C)
    ends the child and whatever it started.

    Raises:
        OSError: the command cannot be started.
    """
    # A process group of its own: compilers start others, which must end with them.
    child = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    with child:
        try:
            output, _ = child.communicate()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            raise
    return child.returncode, output.decode(errors="replace")


def signal_name(number: int) -> str:
    """Return how a signal is called, as "signal 9 (SIGKILL)"."""
    known = number in {known.value for known in signal.Signals}
    return f"signal {number}" + (f" ({signal.Signals(number).name})" if known else "")
