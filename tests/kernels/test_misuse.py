"""What a portable kernel must not do fails to compile, with the line and a sentence."""

from __future__ import annotations

import platform
import re
from typing import NamedTuple

import pytest

from kernels import harness
from nexus._internal import compilers
from nexus._internal.compilers import toolchain
from nexus._internal.compilers.options import Compiler
from nexus.bindings.errors import CompileError

# A few hundred compiles that make nothing: in a sanitized run they would try the compilers alone.
pytestmark = pytest.mark.slow


class Mistake(NamedTuple):
    """One part of mistakes.nxs."""

    source: str
    line: int | None
    said: str


def read_mistakes(file: str) -> dict[str, Mistake]:
    """Return the parts of a file such as mistakes.nxs by name."""
    parts = {}
    for part in (harness.HERE / file).read_text().split("//// ")[1:]:
        title, source = part.split("\n", 1)
        name, said = title.split(": ", 1)
        lines = ["#include <nexus/kernel.h>", *source.splitlines()]
        marked = [number for number, line in enumerate(lines, 1) if line.endswith("// here")]
        parts[name] = Mistake("\n".join(lines) + "\n", marked[0] if marked else None, said)
    return parts


MISTAKES = read_mistakes("mistakes.nxs")
IN_ADDRESSES = read_mistakes("addresses.nxs")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line(compiler: Compiler, name: str) -> None:
    check(compiler, MISTAKES[name])


@pytest.mark.parametrize("name", IN_ADDRESSES)
def test_a_lost_address_space_is_named_with_its_line(compiler: Compiler, name: str) -> None:
    if toolchain.find("c++").kind == "gcc" and platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("gcc knows address spaces on x86-64 only")
    check(compiler, IN_ADDRESSES[name])


def check(compiler: Compiler, mistake: Mistake) -> None:
    """Compile it, which must fail as it says."""
    with pytest.raises(CompileError) as caught:
        compiler.compile(mistake.source, {"name": "k.nxs"})
    message = str(caught.value)
    assert re.search(mistake.said, message), message
    assert mistake.line is None or f"k.nxs:{mistake.line}:" in message, message
    assert "nexus-cc-" not in message + caught.value.log  # the temporary folder


@pytest.mark.parametrize(
    ("language", "flags", "said"),
    [
        ("c", [], r"compile with -x c\+\+"),
        ("c++", ["-std=gnu++14"], r"-std=c\+\+17 or newer"),
    ],
)
def test_another_language_is_told_what_to_do(language: str, flags: list[str], said: str) -> None:
    source = "#include <nexus/kernel.h>\nint x;\n"
    with pytest.raises(CompileError, match=said):
        compilers.get("cc").compile(source, {"language": language, "flags": flags})


def test_a_kernel_without_the_header_is_told_of_it(compiler: Compiler) -> None:
    with pytest.raises(CompileError, match="words of <nexus/kernel.h>, which has to be included"):
        compiler.compile("NXS_KERNEL(k, out(float, y)) { y[0] = 1; }\n")


def test_a_header_behind_ours_is_told_to_go_before_it(compiler: Compiler) -> None:
    source = "#include <nexus/kernel.h>\n#include <stdlib.h>\n"
    with pytest.raises(CompileError, match="hint: include other headers before <nexus/kernel.h>"):
        compiler.compile(source, {"name": "k.nxs"})
    half = "#include <nexus/kernel.h>\nint half;\n"
    with pytest.raises(CompileError, match="keeps this name for itself") as caught:
        compiler.compile(half, {"name": "/none/k.nxs"})
    assert "include other headers" not in str(caught.value)
