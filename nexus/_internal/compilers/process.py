"""Runs a compiler as a child process that does not outlive an interrupt, whatever it prints.

Modules for child processes are imported when one starts: what comes from the cache needs none.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

_MAX_OUTPUT = 16 << 20  # bytes; the longest logs of templates have a few megabytes
_SLICE_MS = 50
_GRACE_MS = 1000  # for what a process that was left behind still has to say


class EndlessOutputError(Exception):
    """The command printed more than anybody reads, and was ended.

    Attributes:
        output: the beginning of it.
    """

    def __init__(self, output: str) -> None:
        super().__init__(f"it printed more than {_MAX_OUTPUT >> 20} MiB and was ended")
        self.output = output


class GivenUpError(Exception):
    """Nobody wants to know any more what the command says; it was ended."""


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    given_up: threading.Event | None = None,
) -> tuple[int, str]:
    """Run `command` to its end; return its exit status and all that it wrote.

    The status is -N if signal N ended it. Blocks; an exception that is raised meanwhile (Ctrl-C)
    ends the child and whatever it started, and so does `given_up`. What it leaves running is not
    waited for.

    Raises:
        OSError: the command cannot be started.
        EndlessOutputError: it printed without an end.
        GivenUpError: the event was set.
    """
    import signal
    import subprocess

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
            output = _heard(child, given_up or threading.Event())
            child.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            raise
    return child.returncode, output.decode(errors="replace")


def _heard(child: subprocess.Popen[bytes], given_up: threading.Event) -> bytes:
    import select

    assert child.stdout is not None
    pipe = child.stdout.fileno()
    readable = select.poll()
    readable.register(pipe, select.POLLIN | select.POLLHUP)
    output = bytearray()
    while True:
        if given_up.is_set():
            raise GivenUpError
        ended = child.poll() is not None
        if not readable.poll(_GRACE_MS if ended else _SLICE_MS):
            if ended:  # and something that it started has the pipe
                return bytes(output)
            continue
        piece = os.read(pipe, 1 << 16)
        if not piece:
            return bytes(output)
        output += piece
        if len(output) > _MAX_OUTPUT:
            raise EndlessOutputError(output.decode(errors="replace"))


def signal_name(number: int) -> str:
    """Return how a signal is called, as "signal 9 (SIGKILL)"."""
    import signal

    known = number in {known.value for known in signal.Signals}
    return f"signal {number}" + (f" ({signal.Signals(number).name})" if known else "")
