"""Runs a program in a fresh interpreter, which finds the same nexus and these tests."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import nexus

PACKAGE = Path(nexus.__file__).parents[1]
TESTS = Path(__file__).resolve().parents[1]
# A machine whose drivers are not found: what is listed then does not depend on the machine.
WITHOUT_DRIVERS = {"OCL_ICD_VENDORS": "/none", "OCL_ICD_FILENAMES": ""}
# The drivers that this machine has, for a program that is to use them.
DRIVERS = {
    name: os.environ.get(name, default)
    for name, default in (("OCL_ICD_VENDORS", "/etc/OpenCL/vendors"), ("OCL_ICD_FILENAMES", ""))
}


def start(program: str, **environment: str) -> subprocess.Popen[str]:
    """Start a program; variables NEXUS_... are those given, no driver and no disk cache is used."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXUS_")}
    paths = f"import sys; sys.path[:0] = [{str(PACKAGE)!r}, {str(TESTS)!r}]\n"
    return subprocess.Popen(
        [sys.executable, "-c", paths + textwrap.dedent(program)],
        env=kept | WITHOUT_DRIVERS | {"NEXUS_CACHE": "0"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def ended(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program; one that does not end in time fails the test."""
    with start(program, **environment) as child:
        try:
            output, errors = child.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
    return subprocess.CompletedProcess(child.args, child.returncode, output, errors)


def run(program: str, **environment: str) -> str:
    """Run a program that ends well and complains of nothing; return what it prints."""
    done = ended(program, **environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout
