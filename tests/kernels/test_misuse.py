"""What a portable kernel must not do fails to compile, with the line and a sentence."""

from __future__ import annotations

import importlib.util
import re
import sys
from typing import NamedTuple

import pytest

from kernels import harness
from nexus._internal import compilers
from nexus._internal.compilers.options import Compiler
from nexus.bindings.errors import CompileError


class Mistake(NamedTuple):
    """One part of mistakes.nxs."""

    source: str
    line: int | None
    said: str


def read_mistakes() -> dict[str, Mistake]:
    """Return the parts of mistakes.nxs by name."""
    parts = {}
    for part in (harness.HERE / "mistakes.nxs").read_text().split("//// ")[1:]:
        title, source = part.split("\n", 1)
        name, said = title.split(": ", 1)
        lines = ["#include <nexus/kernel.h>", *source.splitlines()]
        marked = [number for number, line in enumerate(lines, 1) if line.endswith("// here")]
        parts[name] = Mistake("\n".join(lines) + "\n", marked[0] if marked else None, said)
    return parts


MISTAKES = read_mistakes()


@pytest.fixture(params=["host", "clang", "zig"])
def compiler(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    """The compiler that device.compile takes, a clang, and the clang of zig."""
    if request.param == "clang":
        clang = harness.other_clang()
        if clang is None:
            pytest.skip("no clang++ on this machine")
        monkeypatch.setenv("NEXUS_CC", clang)
    if request.param == "zig":
        if importlib.util.find_spec("ziglang") is None:
            pytest.skip("no zig on this machine: pip install ziglang")
        monkeypatch.setenv("NEXUS_CC", f"{sys.executable} -P -m ziglang cc")
    return compilers.get("cc")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line(compiler: Compiler, name: str) -> None:
    mistake = MISTAKES[name]
    with pytest.raises(CompileError) as caught:
        compiler.compile(mistake.source, {"name": "k.nxs"})
    message = str(caught.value)
    assert re.search(mistake.said, message), message
    assert mistake.line is None or f"k.nxs:{mistake.line}:" in message, message
    assert "nexus-cc-" not in caught.value.log  # the temporary folder


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
