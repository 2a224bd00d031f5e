"""The text of <nexus/kernel.h> goes where a source includes it, and lines keep their numbers."""

from __future__ import annotations

import pytest

from nexus._internal.compilers import headers

HEADER = headers.by_name()["nexus/kernel.h"]


@pytest.mark.parametrize(
    "line", ["#include <nexus/kernel.h>", '  #  include "nexus/kernel.h" // kernels']
)
def test_the_include_becomes_the_text(line: str) -> None:
    text = headers.inlined(f"int a;\n{line}\nint b;\n", "k.cl")
    before, after = text.split(HEADER)
    assert before == '#line 1 "k.cl"\nint a;\n#line 1 "nexus/kernel.h"\n'
    assert after == '#line 3 "k.cl"\nint b;\n'


@pytest.mark.parametrize("line", ["#include <nexus/cpu_kernel.h>", "// #include <nexus/kernel.h>"])
def test_other_lines_stay(line: str) -> None:
    assert headers.inlined(line, "k.cl") == f'#line 1 "k.cl"\n{line}\n'


def test_a_name_is_quoted() -> None:
    assert headers.inlined("", 'a"\\b').startswith('#line 1 "a\\"\\\\b"\n')


def test_the_text_is_whole_and_without_comments() -> None:
    assert "#include <nexus/" not in HEADER.replace("#include <nexus/kernel/cpu.h>", "")
    assert "/*" not in HEADER.split("*/", 1)[1]
