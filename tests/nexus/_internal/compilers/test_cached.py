"""Compiling once: what is found again, and everything after which it must not be."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nexus
from nexus._internal import compilers
from nexus._internal.compilers import cached, cc, folder
from nexus._internal.compilers.container import Container
from nexus._internal.compilers.options import CompileResult, Options
from nexus._internal.compilers.sources import Source

SOURCE = 'extern "C" int answer() { return 42; }\n'


class Counting(cc.HostCompiler):
    """The host's compiler, and how often it was asked."""

    def __init__(self) -> None:
        self.n = 0

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        self.n += 1
        return super().compile(source, options, arch=arch)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Switch the cache on, with an empty folder; return it."""
    path = tmp_path / "cache"
    monkeypatch.setenv("NEXUS_CACHE", "1")
    monkeypatch.setenv("NEXUS_CACHE_DIR", str(path))
    cached.forget()
    return path


@pytest.fixture
def compiler() -> Counting:
    """Return a compiler that counts."""
    return Counting()


@pytest.fixture
def header(tmp_path: Path) -> Path:
    """Return a header that was written a while ago."""
    path = tmp_path / "include" / "value.h"
    path.parent.mkdir()
    written(path, "#define VALUE 1\n", 100)
    return path


def written(path: Path, text: str, age_s: float) -> None:
    path.write_text(text)
    os.utime(path, (time.time() - age_s,) * 2)


def again(compiler: Counting, source: str = SOURCE, options: Options = None) -> bool:
    """Compile as another process would; tell whether the compiler was asked."""
    cached.forget()
    before = compiler.n
    cached.compile(compiler, source, options, arch="a")
    return compiler.n > before


def test_the_second_time_nothing_is_compiled(compiler: Counting) -> None:
    first = cached.compile(compiler, SOURCE, arch="a")
    assert cached.compile(compiler, SOURCE, arch="a") is first, "taken from the process"
    cached.forget()
    second = cached.compile(compiler, SOURCE, arch="a")
    assert second == first, "taken from disk"
    assert second is not first
    assert compiler.n == 1
    assert re.search(r"\d+\.\d+", first.version)


def test_another_process_finds_it(place: Path) -> None:
    program = f"""
import nexus
from nexus._internal import compilers
library = nexus.device("cpu").compile({SOURCE!r} + '#include <nexus/kernel.h>')
"""
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
        entries = [*place.glob("*.nxsb")]
        assert len(entries) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"defines": {"X": 1}},
        {"defines": {"X": 2}},
        {"fast_math": True},
        {"debug": True},
        {"name": "other.cpp"},
        {"language": "c++"},
        ["-DX"],
    ],
    ids=str,
)
def test_other_options_are_another_library(compiler: Counting, options: Options) -> None:
    cached.compile(compiler, SOURCE, arch="a")
    assert again(compiler, options=options)
    assert not again(compiler, options=options)


def test_values_that_are_equal_and_spelled_otherwise_are_other_options(compiler: Counting) -> None:
    for value in (1, 1.0, 0.0, -0.0):
        cached.compile(compiler, SOURCE, {"defines": {"X": value}}, arch="a")
    assert compiler.n == 4


def test_another_source_or_architecture_is_another_library(compiler: Counting) -> None:
    cached.compile(compiler, SOURCE, arch="a")
    assert again(compiler, SOURCE + " ")
    cached.compile(compiler, SOURCE, arch="b")
    assert compiler.n == 3


def test_a_changed_header_is_seen(compiler: Counting, header: Path) -> None:
    source = '#include "value.h"\nextern "C" int answer() { return VALUE; }\n'
    options = {"include_dirs": [header.parent]}
    first = cached.compile(compiler, source, options, arch="a")
    assert str(header) in (first.includes or ())
    assert not again(compiler, source, options)
    written(header, "#define VALUE 2\n", 50)  # of the same size
    assert cached.compile(compiler, source, options, arch="a").binary != first.binary
    assert not again(compiler, source, options)
    os.utime(header)  # only touched
    assert not again(compiler, source, options)
    header.unlink()
    with pytest.raises(nexus.CompileError, match=r"value\.h"):
        cached.compile(compiler, source, options, arch="a")


def test_a_header_written_beside_the_compile_is_not_trusted(
    compiler: Counting, header: Path
) -> None:
    written(header, "#define VALUE 1\n", -100)  # by a clock that is ahead
    source, options = '#include "value.h"\n' + SOURCE, {"include_dirs": [header.parent]}
    assert again(compiler, source, options)
    assert again(compiler, source, options)


def test_another_compiler_is_seen(
    compiler: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = compiler.compile(SOURCE).command[0]
    script = tmp_path / "mine"
    script.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("NEXUS_CC", str(script))
    assert again(compiler)
    assert not again(compiler)
    script.write_text(f'#!/bin/sh\nexec {real}  "$@"\n')
    assert again(compiler), "the file of the compiler is another one"


@pytest.mark.parametrize("variable", ["CPATH", "CXX", "PATH", "LIBRARY_PATH"])
def test_variables_that_compilers_read_count(
    compiler: Counting, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached.compile(compiler, SOURCE, arch="a")
    value = os.environ["PATH"] + ":/nowhere" if variable == "PATH" else ""
    monkeypatch.setenv(variable, value or "/usr/bin/c++")
    assert again(compiler)


@pytest.mark.parametrize("flags", [["-lm"], ["-L."], ["-Wl,-O1"], ["-x", "c++"]], ids=str)
def test_flags_whose_effect_is_unknown_are_compiled_each_time(
    compiler: Counting, flags: list[str], place: Path
) -> None:
    assert again(compiler, options=flags)
    assert again(compiler, options=flags)
    assert not place.exists()


def test_a_source_with_the_time_in_it_is_compiled_each_time(compiler: Counting) -> None:
    source = SOURCE + 'const char *when = __TIME__ " " __DATE__;\n'
    assert again(compiler, source)
    assert again(compiler, source)


@pytest.mark.parametrize("where", ["headers", "defines", "flags", "file"])
def test_the_time_is_looked_for_in_all_that_is_compiled(
    compiler: Counting, header: Path, where: str
) -> None:
    written(header, "#define NOW __TIME__\n", 100)
    source = '#include "value.h"\nextern "C" const char *when() { return NOW; }\n'
    options: dict[str, dict[str, object]] = {
        "headers": {"headers": {"value.h": header.read_text()}},
        "defines": {"defines": {"NOW": "__TIMESTAMP__"}, "headers": {"value.h": ""}},
        "flags": {"flags": ["-DNOW=__DATE__"], "headers": {"value.h": ""}},
        "file": {"include_dirs": [header.parent]},
    }
    assert again(compiler, source, options[where])
    assert again(compiler, source, options[where])


@pytest.mark.parametrize(
    ("path", "is_own"),
    [
        ("/usr/include/stdio.h", False),
        ("/usr/lib/gcc/x86_64-linux-gnu/12/include/stddef.h", False),
        ("/opt/mine/lib/gcc/x86_64-linux-gnu/13/include/stddef.h", False),
        ("/opt/mine/include/c++/13/vector", False),
        ("/usr/local/src/me/a.h", True),
        ("/usr/local/include/a.h", True),
        ("/usr/includes/a.h", True),
        ("/usr/home/me/a.h", True),
        ("/opt/mine/include/a.h", True),
        ("/home/me/a.h", True),
    ],
)
def test_only_headers_of_the_system_are_not_looked_at_again(path: str, is_own: bool) -> None:
    result = CompileResult(b"", "", ("/opt/mine/bin/g++",), (path,))
    include = cached.Include(path, 1, 1, "")
    cached._remember("key", cached._Found(result, [include]))
    assert cached._known["key"].includes == [include] * is_own


def test_a_source_that_does_not_compile_is_not_kept(compiler: Counting, place: Path) -> None:
    for _ in range(2):
        with pytest.raises(nexus.CompileError):
            cached.compile(compiler, "this is no C", arch="a")
    assert compiler.n == 2
    assert not place.exists()


def test_a_damaged_entry_is_compiled_again(compiler: Counting, place: Path) -> None:
    cached.compile(compiler, SOURCE, arch="a")
    (entry,) = place.glob("*.nxsb")
    entry.write_bytes(entry.read_bytes()[:-5])
    assert again(compiler)
    assert not again(compiler)


@pytest.mark.parametrize("fact", ["Includes", "Log", "Command", "Version"])
@pytest.mark.parametrize("value", ["absent", 1])
def test_an_entry_with_other_facts_is_compiled_again(
    compiler: Counting, fact: str, value: str | int
) -> None:
    cached.compile(compiler, SOURCE, arch="a")
    (path,) = Path(folder.place()).glob("*.nxsb")
    entry = folder.read(path.stem)
    assert entry is not None
    facts = {name: known for name, known in entry.facts.items() if name != fact}
    folder.write(path.stem, Container(entry.binary, facts | ({fact: value} if value == 1 else {})))
    assert again(compiler)
    assert not again(compiler)


def test_a_header_that_cannot_be_read_any_more_is_a_changed_one(
    compiler: Counting, header: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, options = '#include "value.h"\n' + SOURCE, {"include_dirs": [header.parent]}
    cached.compile(compiler, source, options, arch="a")
    os.utime(header)
    with monkeypatch.context() as patch:
        patch.setattr(cached, "_sha256_of", lambda path: open(path + "/no", "rb"))
        known = cached._known.popitem()[1].includes
        assert not all(include.is_as_it_was() for include in known)
    assert not again(compiler, source, options)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_memory_that_may_change_is_copied_first(compiler: Counting, kind: type) -> None:
    memory = bytearray(SOURCE.encode())
    first = cached.compile(compiler, kind(memory), arch="a")
    memory[memory.index(b"42") : memory.index(b"42") + 2] = b"43"
    assert cached.compile(compiler, kind(memory), arch="a").binary != first.binary
    assert compiler.n == 2


def test_the_cache_can_be_switched_off(
    compiler: Counting, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_CACHE", "0")
    for _ in range(2):
        cached.compile(compiler, SOURCE, arch="a")
    assert compiler.n == 2
    assert not place.exists()


@pytest.mark.parametrize(
    ("variable", "value"), [("NEXUS_CACHE_SIZE", "foo"), ("NEXUS_CACHE_DIR", "here")]
)
def test_a_wrong_variable_is_told_before_any_work_and_each_time(
    compiler: Counting, variable: str, value: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached.compile(compiler, SOURCE, arch="a")
    monkeypatch.setenv(variable, value)
    for source in (SOURCE + " ", SOURCE + " ", SOURCE):  # unknown, again, in the process
        with pytest.raises(nexus.InvalidArgumentError, match=f"{variable} is '{value}'"):
            cached.compile(compiler, source, arch="a")
    assert (compiler.n, len([*place.glob("*.nxsb")])) == (1, 1)
    monkeypatch.setenv("NEXUS_CACHE", "0")
    cached.compile(compiler, SOURCE, arch="a")


def test_without_a_folder_the_process_still_remembers(compiler: Counting, place: Path) -> None:
    place.write_text("a file")
    cached.compile(compiler, SOURCE, arch="a")
    cached.compile(compiler, SOURCE, arch="a")
    assert compiler.n == 1


def test_the_process_forgets_what_it_used_first(
    compiler: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached, "_MAX_IN_PROCESS", 2)
    for value in range(4):
        cached.compile(compiler, SOURCE, {"defines": {"X": value}}, arch="a")
    assert len(cached._known) == 2


def test_an_entry_tells_how_it_was_made(compiler: Counting) -> None:
    cached.compile(compiler, SOURCE, {"name": "mine.cpp"}, arch="znver9")
    (path,) = Path(folder.place()).glob("*.nxsb")
    found = folder.read(path.stem)
    assert found is not None
    assert found.facts["Name"] == "mine.cpp"
    assert found.facts["Compiler"] == "cc"
    assert found.facts["Architecture"] == "znver9"
    assert found.facts["Command"][0] == compilers.get("cc").compile(SOURCE).command[0]
