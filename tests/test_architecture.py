"""The rules of the house: who may know whom, how large things may be, what an import may do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from architecture import knowledge, sizes, tree

# Files outside a backend's home that may name it, each with the reason.
NAMED_ON_PURPOSE = {
    "nexus/_internal/figures.py": "it reads the Type of an entry, not the name of a runtime",
    "nexus/system.py": "nexus.create_buffer is memory of the embedded cpu runtime",
    "csrc/include/nexus/kernel": "one source for every compiler: it asks which one reads it",
}

# Written in parts, so that this file does not find itself.
LEFT_FOR_LATER = re.compile("|".join(["TO" + "DO", "FIX" + "ME", r"\bXX" + r"X\b"]))
EMPTY_CODE = re.compile("NotImplemented" + r"Error|assert " + r"True\b")
LENIENT_TEST = re.compile(
    r"pytest\.skip\(" + r"\)|except\s*(?:Exception|BaseException|AttributeError)?" + r"\s*:"
)
# Streams bring locales, and globals with destructors; <filesystem> brings much code for little.
IOSTREAMS = re.compile(r"#include <(?:\w*stream|iomanip|locale|filesystem)>")
SHEBANG = re.compile(r"^#!.*\n")


def found(pattern: re.Pattern[str], paths: tuple[Path, ...]) -> list[str]:
    """Return file and line of each match."""
    return [
        f"{tree.relative(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(tree.read(path).splitlines(), 1)
        if pattern.search(line)
    ]


def report(sentences: list[str]) -> str:
    """Return the sentences as lines, for a failing assertion."""
    return "\n" + "\n".join(sentences)


def test_a_tree_was_found() -> None:
    assert len(tree.written(*tree.PYTHON, *tree.CYTHON, *tree.C)) > 10


def test_imports_go_one_way() -> None:
    files = tree.written(*tree.PYTHON, *tree.CYTHON)
    inside = [path for path in files if tree.relative(path).startswith("nexus/")]
    wrong = [line for path in inside for line in knowledge.wrong_imports(path)]
    assert not wrong, report(wrong)


def test_includes_go_one_way() -> None:
    files = [path for path in tree.written(*tree.C) if tree.relative(path).startswith("csrc/")]
    wrong = [line for path in files for line in knowledge.wrong_includes(path)]
    assert not wrong, report(wrong)


def test_a_backend_is_named_at_home_only() -> None:
    rooms = ("nexus/", "csrc/", "tests/conformance/")
    wrong = [
        line
        for path in tree.written(*tree.PYTHON, *tree.CYTHON, *tree.C)
        if tree.relative(path).startswith(rooms)
        and not tree.relative(path).startswith(tuple(NAMED_ON_PURPOSE))
        and not knowledge.is_home_of_backends(path)
        for line in knowledge.named_backends(path)
    ]
    assert not wrong, report(wrong)


@pytest.mark.parametrize("place", NAMED_ON_PURPOSE)
def test_a_waiver_is_still_needed(place: str) -> None:
    files = [path for path in tree.written(".py", ".h") if tree.relative(path).startswith(place)]
    assert any(knowledge.named_backends(path) for path in files), f"{place} names no backend"


def test_the_sdk_and_the_plugins_use_no_iostreams() -> None:
    rooms = ("csrc/sdk/", "csrc/plugins/")
    files = tuple(path for path in tree.written(*tree.C) if tree.relative(path).startswith(rooms))
    wrong = found(IOSTREAMS, files)
    assert not wrong, report(wrong)


def test_files_stay_under_the_cap() -> None:
    files = tree.written(*tree.PYTHON, *tree.CYTHON, *tree.C)
    wrong = [line for path in files if not sizes.is_waived(path) for line in sizes.too_long(path)]
    assert not wrong, report(wrong)


def test_functions_stay_under_the_caps() -> None:
    files = [path for path in tree.written(*tree.PYTHON, *tree.C) if not sizes.is_waived(path)]
    wrong = [line for path in files for line in sizes.oversized_functions(path)]
    assert not wrong, report(wrong)


def test_every_file_says_first_what_it_is_for() -> None:
    starts: dict[str, tuple[str, ...]] = {".py": ('"""',), ".toml": ("#",)}
    starts |= dict.fromkeys(tree.CYTHON, ('"""', "#"))
    starts |= dict.fromkeys(tree.C, ("//", "/*"))
    wrong = [
        f"{tree.relative(path)}: begins with {text[:40]!r}"
        for path in tree.written(*starts)
        if not (text := SHEBANG.sub("", tree.read(path))).startswith(starts[path.suffix])
    ]
    assert not wrong, report(wrong)


def test_nothing_is_left_for_later() -> None:
    files = tree.written(*tree.PYTHON, *tree.CYTHON, *tree.C, ".md", ".toml")
    wrong = found(LEFT_FOR_LATER, files)
    wrong += found(EMPTY_CODE, tree.written(*tree.PYTHON, *tree.CYTHON))
    wrong += found(
        LENIENT_TEST,
        tuple(path for path in tree.written(".py") if tree.relative(path).startswith("tests/")),
    )
    assert not wrong, report(wrong)


def after_import(code: str) -> str:
    """Return what `code` prints in a fresh interpreter that defines `before` and imports nexus."""
    lines = ["import os, subprocess", "before = subprocess.check_output(['env'])", "import nexus"]
    program = "\n".join([*lines, code])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/maps of Linux")
def test_import_opens_no_plugin_and_no_driver() -> None:
    opened = after_import("print(open('/proc/self/maps').read())")
    libraries = r"\S*(?:libnexus_|libcuda|libnvrtc|libamdhip|libhiprtc|libOpenCL|libMetal)\S*"
    assert not re.findall(libraries, opened)


def test_import_changes_no_environment() -> None:
    # `env` sees what C code changed too; os.environ would not.
    assert after_import("print(subprocess.check_output(['env']) == before)") == "True\n"
