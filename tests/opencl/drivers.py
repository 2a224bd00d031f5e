"""Runs the tests of the OpenCL runtime on each driver: python tests/opencl/drivers.py [NAME ...].

A process has the drivers that it started with, so each driver gets processes of its own. What
oclgrind reports of the kernels goes to a file, which must stay empty. A driver that is not here is
a failure, with the way to install it. `--full` adds what takes long on drivers that are slow.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TESTS = FOLDER.parent


@dataclass(frozen=True)
class Run:
    """What one process takes: words for pytest, run in tests/."""

    words: str
    only_full: bool = False
    watched: bool = False  # what oclgrind reports is a failure; one process alone may report
    finds_races: bool = False  # at the price of room and time for each byte of memory


@dataclass(frozen=True)
class Driver:
    """A driver, where it lies, how to install it, and what is run on it."""

    library: Path
    install: str
    runs: Sequence[Run]


CONFORMANCE = "conformance --runtime opencl"
RACED = "conformance/test_kernel.py conformance/test_grid.py --runtime opencl"
GAPS = " --gaps opencl/oclgrind.toml"
SUITES = "opencl/test_rodinia.py opencl/test_shoc.py opencl/test_parboil.py"
OWN = "opencl/test_opencl.py"
GUIDE = "docs/guide/test_portable_kernels.py::test_the_program_runs_on_every_runtime[opencl]"

DRIVERS = {
    "pocl": Driver(
        Path("/etc/OpenCL/vendors/pocl.icd"),
        "apt-get install pocl-opencl-icd ocl-icd-libopencl1",
        [Run(CONFORMANCE), Run(f"{SUITES} {OWN}"), Run(GUIDE)],
    ),
    "intel": Driver(
        Path(sys.prefix) / "lib" / "libintelocl.so",
        "pip install intel-opencl-rt intel-cmplr-lib-rt",
        [Run(CONFORMANCE), Run(f"{SUITES} {OWN}"), Run(GUIDE)],
    ),
    "oclgrind": Driver(
        Path("/usr/lib/oclgrind/liboclgrind-rt-icd.so"),
        "apt-get install oclgrind ocl-icd-libopencl1",
        [
            Run(CONFORMANCE + GAPS, watched=True),
            Run(RACED + GAPS, watched=True, finds_races=True),
            Run(SUITES, watched=True, finds_races=True),
            Run(OWN),
            Run(GUIDE, only_full=True, watched=True, finds_races=True),
        ],
    ),
}


def environment_of(library: Path) -> dict[str, str]:
    """Return the variables of a process that has this driver and no other."""
    inherited = {name: value for name, value in os.environ.items() if "OCL" not in name}
    return inherited | {"OCL_ICD_VENDORS": str(library)}


def take(driver: Driver, run: Run) -> str:
    """Run the tests; return what is wrong, or nothing."""
    environment = environment_of(driver.library)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "oclgrind.log"
        if run.watched:
            environment["OCLGRIND_LOG"] = str(log)
        if run.finds_races:
            environment["OCLGRIND_DATA_RACES"] = "1"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run([*command, *run.words.split()], env=environment, cwd=TESTS)
        reports = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if reports.strip():
        print(reports, flush=True)
        return "oclgrind reports what is above"
    return f"pytest ended with status {done.returncode}" if done.returncode else ""


def main() -> None:
    """Run what the command line names, or everything; exit with 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description="run the OpenCL tests on each OpenCL driver")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DRIVERS))
    parser.add_argument("--full", action="store_true", help="what takes long as well")
    chosen = parser.parse_args()
    problems = []
    for name in chosen.names or DRIVERS:
        driver = DRIVERS[name]
        if not driver.library.exists():
            problems.append(f"{name}: {driver.library} is not here; {driver.install}")
            continue
        for run in driver.runs:
            if run.only_full and not chosen.full:
                continue
            races = ", looking for data races" if run.finds_races else ""
            print(f"\n== {name}{races}: pytest {run.words}", flush=True)
            if problem := take(driver, run):
                problems.append(f"{name}: {run.words}: {problem}")
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
