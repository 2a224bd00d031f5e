"""Programs in a process of their own, and the kernels that they run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from nexus._internal import compilers

SOURCE = """
#include <nexus/cpu_kernel.h>
NXS_CPU_KERNEL(forever, inout(int, x)) { volatile int *p = x; while (*p == 0) {} }
NXS_CPU_KERNEL(add_one, inout(int, x)) { x[0] += 1; }
"""
HEAD = """
import os, signal, sys, threading, time
import numpy as np
import nexus
device = nexus.get_runtime("cpu").get_device(0)
library = device.load_library(sys.argv[1])
def recorded(name, memory):
    schedule = device.create_schedule()
    command = schedule.create_command(library.get_kernel(name))
    command.set_buffer(0, memory)
    command.finalize(1, 1)
    return schedule
def waiting():
    event, schedule = device.create_event(), device.create_schedule()
    schedule.create_wait_command(event)
    return event, schedule
"""


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a library with the kernels `forever` and `add_one`."""
    path = tmp_path_factory.mktemp("processes") / "kernels.so"
    path.write_bytes(compilers.get("cc").compile(SOURCE).binary)
    return path


@pytest.fixture
def output(kernels: Path, tmp_path: Path) -> Callable[[str], str]:
    """Return a function that runs a program and returns what it prints.

    It fails on anything in stderr but what newer Pythons say of a fork beside threads.
    """

    def run(program: str) -> str:
        path = tmp_path / "program.py"
        path.write_text(HEAD + textwrap.dedent(program))
        done = subprocess.run(
            [sys.executable, "-W", "ignore:.*use of fork:DeprecationWarning", path, kernels],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONFAULTHANDLER": "1"},
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (0, ""), f"{done.returncode}\n{done.stderr}"
        return done.stdout

    return run
