"""Kernels that fail: by an exception, which nobody is asked to throw, or by saying so in C."""

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
    with pytest.raises(nexus.ExecutionError, match="the kernel gave up: no luck with 700"):
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


@pytest.fixture(scope="module")
def plain_c() -> nexus.Library:
    """Return the kernels in plain C."""
    return nexus.device("cpu").compile(harness.PLAIN_C.read_text(), {"language": "c"})


@pytest.mark.parametrize("group", [1, 16, 1000])
def test_a_kernel_in_c_fails_with_a_sentence(plain_c: nexus.Library, group: int) -> None:
    numbers = np.ones(1000, np.int32)
    check = plain_c.get_kernel("check_positive")
    check(numbers, grid=1000, group=group)
    numbers[700] = -7
    with pytest.raises(nexus.ExecutionError, match="^the kernel gave up: number 700 is -7 "):
        check(numbers, grid=1000, group=group)


@pytest.mark.parametrize(("n_chars", "n_shown"), [(0, 0), (1, 1), (1023, 1023), (4000, 1023)])
def test_a_sentence_may_have_any_length(plain_c: nexus.Library, n_chars: int, n_shown: int) -> None:
    with pytest.raises(nexus.ExecutionError) as caught:
        plain_c.get_kernel("fail_with")(n_chars, grid=1)
    assert f"gave up: {'x' * n_shown or '?'} [" in str(caught.value)


@pytest.mark.parametrize("n_bytes_less", [1, 8, 16])
def test_a_caller_that_cannot_hear_is_not_told(plain_c: nexus.Library, n_bytes_less: int) -> None:
    heard = np.ones(1, np.int32)
    plain_c.get_kernel("fail_unheard")(n_bytes_less, heard, grid=1)
    assert heard.tolist() == [0]


@pytest.mark.parametrize("failing", [0, 3, 99])
def test_a_kernel_may_fail_by_a_copy_of_its_launch(plain_c: nexus.Library, failing: int) -> None:
    by_copy = plain_c.get_kernel("fail_by_copy")
    with pytest.raises(nexus.ExecutionError, match="^the kernel gave up: said by a copy "):
        by_copy(failing, grid=100, group=1)
    by_copy(100, grid=100, group=1)


def test_an_exception_that_no_macro_catches_is_caught_at_last() -> None:
    source = """#include <nexus/cpu_kernel.h>
    #include <stdexcept>
    NXS_CPU_KERNEL_INFO(raw, in(int, x));
    NXS_CPU_EXPORT void raw(void *const *, const nxs_cpu_launch *) {
      throw std::runtime_error("no luck");
    }"""
    raw = nexus.device("cpu").compile(source).get_kernel("raw")
    with pytest.raises(nexus.ExecutionError, match="the kernel threw: no luck|no std::exception"):
        raw(np.ones(1, np.int32), grid=1)
