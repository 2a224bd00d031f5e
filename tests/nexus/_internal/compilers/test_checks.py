"""A compiler reads what is asked of it, and what it says is taken with care."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nexus._internal import compilers
from nexus._internal.compilers import checks, toolchain
from nexus._internal.compilers.toolchain import Language, Toolchain

KERNEL = "nxs_kernel void k(nxs_global float *x) { nxs_each { x[0] = 1; } }\n"
GROUP = """#include <nexus/kernel.h>
NXS_GROUP_KERNEL(k, 16, 1, 1, out(float, y)) { NXS_EACH { y[nxs_global_id(0)] = 1.0f; } }
"""


def read_as(answers: dict[Language, str], asked: list[Language]) -> checks.Reader:
    """Return a compiler with such answers, which writes down what it is asked."""

    def read(text: str, language: Language) -> str:
        asked.append(language)
        assert ("nxs_phase" in text) == (language == "c++")
        return answers.get(language, "")

    return read


def test_phases_are_read_as_functions_after_all_was_read_as_c() -> None:
    asked: list[Language] = []
    assert checks.mistakes(KERNEL, "k.nxs", read_as({}, asked)) == ([], "")
    assert asked == ["c", "c++"]


def test_a_kernel_without_phases_is_read_once() -> None:
    asked: list[Language] = []
    checks.mistakes("nxs_kernel void k(int n) { }\n", "k.nxs", read_as({}, asked))
    assert asked == ["c"]


@pytest.mark.parametrize("text", ["int f(void);\n", f'# 1 "/usr/include/a.h" 1 3\n{KERNEL}'])
def test_what_is_no_portable_kernel_is_not_read(text: str) -> None:
    asked: list[Language] = []
    assert checks.mistakes(text, "k.nxs", read_as({}, asked)) == ([], "")
    assert not asked


def test_an_unknown_complaint_of_phases_is_none() -> None:
    log = "k.nxs:1:2: error: the model of phases does not have this"
    assert checks.mistakes(KERNEL, "k.nxs", read_as({"c++": log}, []))[0] == []


def test_a_library_depends_on_the_headers_of_the_checks() -> None:
    includes = compilers.get("cc").compile(GROUP).includes or ()
    names = {Path(file).name for file in includes}
    assert {"cpu.h", "check.h", "checked.h"} <= names
    assert all(Path(file).is_file() for file in includes)


def test_zig_reads_with_its_clang() -> None:
    pytest.importorskip("ziglang", reason="no zig on this machine: pip install ziglang")
    zig, subcommand = Toolchain((sys.executable, "-P", "-m", "ziglang", "cc"), "zig").reader
    assert (Path(zig).name, subcommand) == ("zig", "clang")
    assert Toolchain(("/opt/zig", "c++"), "zig").reader == ("/opt/zig", "clang")
    found = toolchain.find("c++")
    assert found.kind == "zig" or found.reader == found.command
