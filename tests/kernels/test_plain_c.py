"""Kernels in plain C: <nexus/cpu_kernel.h> compiles without a warning, and what it makes runs."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from kernels import harness
from kernels.harness import Kernel

STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow", "-Wconversion")
LANGUAGES = {"c11": ("cc", "-std=c11", "-x", "c"), "c++17": ("c++", "-std=c++17", "-x", "c++")}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """plain_c.c, compiled as the documentation says."""
    return harness.load(harness.compiled(harness.PLAIN_C), tmp_path_factory.mktemp("plain_c"))


@pytest.mark.parametrize("at_a_time", [None, 5])
def test_add_vectors(library: ctypes.CDLL, at_a_time: int | None) -> None:
    data = np.ones(1024, np.float32)
    Kernel(library, "add_vectors")(data, grid=[1024], group=[32], at_a_time=at_a_time)
    assert (data == 2).all()


@pytest.mark.parametrize("n", [1, 31, 32, 1000])
def test_vector_add_runs_up_to_n(library: ctypes.CDLL, n: int) -> None:
    a, b = np.random.default_rng(n).random((2, 1024), np.float32)
    c = np.zeros(1024, np.float32)
    kernel = Kernel(library, "vector_add")
    kernel(a, b, c, ctypes.c_int32(n), grid=[1024], group=[32], at_a_time=3)
    np.testing.assert_array_equal(c, np.where(np.arange(1024) < n, a + b, 0))


@pytest.mark.parametrize("at_a_time", [None, 1, 7])
@pytest.mark.parametrize("grid", [(1, 1, 1), (13, 7, 5), (64, 4, 1), (2, 1, 31)])
def test_rows_cover_every_item(
    library: ctypes.CDLL, grid: harness.Triple, at_a_time: int | None
) -> None:
    numbers = np.full(np.prod(grid), -1, np.int32)
    kernel = Kernel(library, "number_items")
    kernel(numbers, grid=grid, group=(4, 3, 2), at_a_time=at_a_time)
    np.testing.assert_array_equal(numbers, np.arange(len(numbers)))


def test_group_memory_is_the_launchers(library: ctypes.CDLL) -> None:
    x = np.arange(40, dtype=np.float32)
    kernel = Kernel(library, "reverse_groups")
    kernel(x, grid=[40], group=[16], at_a_time=1, group_memory_nbytes=64)
    expected = [*range(15, -1, -1), *range(31, 15, -1), *range(39, 31, -1)]
    assert x.tolist() == expected
    assert list(kernel.info.group) == [16, 1, 1]


def test_the_record_says_what_the_source_says(library: ctypes.CDLL) -> None:
    assert Kernel(library, "vector_add").args == [
        ("a", "float", 4, "i"),
        ("b", "float", 4, "i"),
        ("c", "float", 4, "o"),
        ("n", "int32_t", 4, "v"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("family", ["gcc", "clang"])
def test_the_header_compiles_without_a_warning(language: str, family: str, tmp_path: Path) -> None:
    driver, *flags = LANGUAGES[language]
    clang = harness.other_clang()
    compiler = clang if family == "clang" else shutil.which(driver)
    if compiler is None:
        pytest.skip(f"no {family} on this machine")
    command = [compiler, *flags, *STRICT, "-fsyntax-only", f"-I{harness.HEADERS}"]
    done = subprocess.run([*command, str(harness.PLAIN_C)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("family", ["gcc", "clang"])
def test_a_portable_kernel_compiles_without_a_warning(family: str, tmp_path: Path) -> None:
    compiler = harness.other_clang() if family == "clang" else shutil.which("c++")
    if compiler is None:
        pytest.skip(f"no {family} on this machine")
    warnings = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow")
    command = [compiler, "-std=c++17", *warnings, *harness.FLAGS, "-fPIC", "-shared"]
    files = [f"-I{harness.HEADERS}", "-x", "c++", str(harness.PORTABLE), "-o", str(tmp_path / "p")]
    done = subprocess.run([*command, *files], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
