"""Which compiler is taken, and what is said when there is none."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from nexus._internal.compilers import process, toolchain
from nexus.bindings.errors import CompilerNotFoundError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment that names no compiler, and a PATH with none: the folder it consists of."""
    for variable in ("NEXUS_CC", "CC", "CXX"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return folder


def install(folder: Path, name: str, says: str, status: int = 0) -> str:
    """Put a command into `folder` that answers `--version` so."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


GCC = "g++ 12.2.0 Copyright (C) 2022 Free Software Foundation, Inc."
CLANG = "Debian clang version 14.0.6"


def test_the_names_on_path_are_tried_in_order(bare: Path) -> None:
    clang = install(bare, "clang++", CLANG)
    assert toolchain.find("c++") == toolchain.Toolchain((clang,), "clang")
    gcc = install(bare, "g++", GCC)
    assert toolchain.find("c++") == toolchain.Toolchain((gcc,), "gcc")
    first = install(bare, "c++", "a compiler that nobody knows")
    assert toolchain.find("c++") == toolchain.Toolchain((first,), "other")


def test_c_has_compilers_of_its_own(bare: Path) -> None:
    install(bare, "g++", GCC)
    gcc = install(bare, "gcc", GCC)
    assert toolchain.find("c").command == (gcc,)


def test_variables_come_before_path(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(bare, "c++", GCC)
    for variable in ("CC", "CXX", "NEXUS_CC"):  # each before the one set earlier
        path = install(bare, f"of-{variable}", CLANG)
        monkeypatch.setenv(variable, f"{path} --flag 'of two words'")
        assert toolchain.find("c++").command == (path, "--flag", "of two words")
    assert toolchain.find("c").command[0].endswith("of-NEXUS_CC")


def test_an_empty_variable_is_not_set(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gcc = install(bare, "g++", GCC)
    monkeypatch.setenv("NEXUS_CC", " ")
    assert toolchain.find("c++").command == (gcc,)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "no-such-compiler -x",
            "NEXUS_CC names the compiler 'no-such-compiler -x', which does not",
        ),
        ("broken", "NEXUS_CC names the compiler 'broken', which does not run"),
        ("'", 'NEXUS_CC is "\'", which is no command'),
    ],
)
def test_a_wrong_variable_is_named_and_nothing_else_taken(
    bare: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    install(bare, "g++", GCC)
    install(bare, "broken", "", status=1)
    monkeypatch.setenv("NEXUS_CC", value)
    with pytest.raises(CompilerNotFoundError, match=said):
        toolchain.find("c++")


def test_a_compiler_that_does_not_run_is_passed_over(bare: Path) -> None:
    install(bare, "c++", "", status=1)
    gcc = install(bare, "g++", GCC)
    assert toolchain.find("c++").command == (gcc,)


def test_zig_of_this_python_is_the_last_resort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "ziglang")
    command = (sys.executable, "-P", "-m", "ziglang", "cc")
    assert toolchain.find("c++") == toolchain.Toolchain(command, "zig")


def test_zig_is_not_taken_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "ziglang")
    monkeypatch.chdir(tmp_path)
    Path("ziglang.py").write_text("print('a stranger')")
    _, said = process.run([*toolchain.find("c++").command, "--version"], os.environ)
    assert "a stranger" not in said


def test_no_compiler_is_a_sentence_with_what_was_tried_and_what_to_do(bare: Path) -> None:
    install(bare, "clang++", "", status=1)
    with pytest.raises(CompilerNotFoundError) as caught:
        toolchain.find("c++")
    message = str(caught.value)
    tried = ("$NEXUS_CC", "$CXX", "$CC", "c++ (not on PATH)", "g++ (not on PATH)")
    for words in (*tried, "clang++ (does not run)", "python -m ziglang", "apt install g++"):
        assert words in message


def test_a_c_driver_is_told_to_link_the_cxx_library() -> None:
    assert toolchain.Toolchain(("/usr/bin/g++-12",), "gcc").links_cxx
    assert toolchain.Toolchain(("/usr/bin/ccache", "clang++"), "clang").links_cxx
    assert not toolchain.Toolchain(("/usr/bin/gcc",), "gcc").links_cxx


def test_the_compiler_of_this_machine_is_known() -> None:
    if not (path := shutil.which("g++", path="/usr/bin:/usr/local/bin")):
        pytest.skip("no g++ on this machine")
    assert toolchain._kind_of((path,)) in ("gcc", "clang")  # macOS calls its clang g++
