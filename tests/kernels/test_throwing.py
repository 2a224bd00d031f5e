"""What an exception does that leaves an item of a portable kernel: nobody is asked to throw one."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest

import nexus
from kernels import harness

# As a function of another library may: the compiler does not see that it throws.
THROWS = """
#include <stdexcept>
__attribute__((noinline)) static void look(int i) {
  if (i == 700) throw std::runtime_error("no luck with 700");
  if (i == -1) throw i;
  asm volatile("");
}
#include <nexus/kernel.h>
"""
SIMPLE = f"""{THROWS}
NXS_KERNEL(k, val(int, first), inout(int, x)) {{
  int i = nxs_global_id(0);
  look(i + first);
  x[i] += 1;
}}"""
PHASE = f"""{THROWS}
NXS_GROUP_KERNEL(k, 100, 1, 1, val(int, first), inout(int, x)) {{
  NXS_EACH {{ look(nxs_global_id(0) + first); }}
}}"""


@pytest.fixture(params=["host", "clang"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> nexus.Library:
    """Return the simple kernel, from the compiler that device.compile takes and from a clang."""
    if request.param == "clang":
        clang = harness.other_clang()
        if clang is None:
            pytest.skip("no clang++ on this machine")
        monkeypatch.setenv("NEXUS_CC", clang)
    return nexus.device("cpu").compile(SIMPLE)


def run(library: nexus.Library, first: int, group: int, counts: nexus.Buffer | None = None) -> None:
    """Run the kernel over 1000 items, the numbers from `first` on."""
    device = nexus.device("cpu")
    schedule = device.create_schedule()
    command = schedule.create_command(library.get_kernel("k"))
    command.set_scalar(0, first, "i32")
    command.set_buffer(1, counts or device.create_buffer(np.zeros(1000, np.int32)))
    command.finalize(group, 1000)
    schedule.run()


@pytest.mark.parametrize("group", [1, 7, 1000])
def test_a_simple_kernel_that_throws_fails_its_run(library: nexus.Library, group: int) -> None:
    with pytest.raises(nexus.ExecutionError, match="the kernel threw: no luck with 700"):
        run(library, 0, group)
    with pytest.raises(nexus.ExecutionError, match="no std::exception"):
        run(library, -1, group)
    counts = nexus.device("cpu").create_buffer(np.zeros(1000, np.int32))
    run(library, 1000, group, counts)
    assert counts.numpy().tolist() == [1] * 1000


def test_nothing_of_a_row_runs_after_the_item_that_threw(library: nexus.Library) -> None:
    counts = nexus.device("cpu").create_buffer(np.zeros(1000, np.int32))
    with pytest.raises(nexus.ExecutionError):
        run(library, 0, 1000, counts)
    assert counts.numpy().tolist() == [1] * 700 + [0] * 300


def test_kernels_compile_without_exceptions() -> None:
    quiet = SIMPLE.replace("throw std::runtime_error", "static_cast<void>").replace("throw", "")
    made = nexus.device("cpu").compile(quiet, ["-fno-exceptions"])
    run(made, 0, 10)


def test_a_phase_that_throws_ends_the_process() -> None:
    script = f"""
import nexus
from kernels.test_throwing import run
run(nexus.device("cpu").compile({PHASE!r}), 0, 100)
"""
    command = [sys.executable, "-c", script]
    tests = harness.HERE.parent
    done = subprocess.run(command, cwd=tests, capture_output=True, text=True)
    assert done.returncode == -signal.SIGABRT, done.stderr
    assert "no luck with 700" in done.stderr
