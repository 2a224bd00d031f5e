"""Environment variables: each is described, nonsense in one is told with its name and value."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nexus
from doubles import fresh
from doubles.stub_plugin import build
from nexus.bindings import nxs
from nexus.bindings._internal import variables
from nexus.bindings._internal.environment import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"\bNEXUS_[A-Z][A-Z_]*[A-Z]\b(?<!_H)")  # not the guard of a header
BUILD_TIME = ("NEXUS_WERROR", "NEXUS_SANITIZE")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NEXUS_")]:
        monkeypatch.delenv(name)


def files(*patterns: str) -> list[Path]:
    """Return the files of the tree that match; generated pages of the documents are not theirs."""
    found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.is_file()]
    return [path for path in found if "_build" not in path.parts]


def names_in(paths: list[Path]) -> dict[str, Path]:
    return {
        name: path
        for path in paths
        for name in NAME.findall(path.read_text(encoding="utf-8", errors="replace"))
    }


def test_no_file_names_a_variable_that_is_not_described() -> None:
    code = files("nexus/**/*.py", "nexus/**/*.py[xi]", "csrc/**/*.[ch]pp", "csrc/**/*.[hc]")
    build = files("csrc/*.py", "schema/**/*.py", "setup.py", "Makefile", ".ci/*", "pyproject.toml")
    texts = files("docs/**/*.md", "*.md", "csrc/**/*.toml")
    assert len(code) > 50 and len(build) > 5 and len(texts) > 20
    found = names_in(code + build + texts)
    misspelt = {"NEXUS_RUNTIME"}  # which the page shows what is said of
    assert found.keys() - VARIABLES == misspelt, "give it an entry in schema/api.toml"


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_that_is_described_is_read(name: str) -> None:
    readers = files("nexus/**/*.py", "csrc/**/*.[ch]pp", "csrc/*.py", "setup.py")
    readers = [path for path in readers if path.name != "environment.py"]
    literal = f'"{name}"'
    assert any(literal in path.read_text(encoding="utf-8") for path in readers), (
        f"who reads {name}?"
    )


def test_unknown_variables_are_named_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEXUS_RUNTIMES", "cpu")
    monkeypatch.setenv("NEXUS_RUNTIME", "cpu")
    monkeypatch.setenv("NEXUS_CPU_THREAD", "2")
    monkeypatch.setenv("NEXUS_REPOSITORY_URL", "of another product")
    unknown = "the variable NEXUS_{} is set and nexus has none of this name{}"
    assert nxs.unknown_environment() == {
        "NEXUS_CPU_THREAD": unknown.format("CPU_THREAD", "; did you mean NEXUS_CPU_THREADS?"),
        "NEXUS_REPOSITORY_URL": unknown.format("REPOSITORY_URL", ""),
        "NEXUS_RUNTIME": unknown.format("RUNTIME", "; did you mean NEXUS_RUNTIMES?"),
    }


def test_a_slip_of_the_pen_is_logged_once_and_another_products_variable_is_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(variables, "_told", set())
    monkeypatch.setenv("NEXUS_DEVICES", "cpu")
    monkeypatch.setenv("NEXUS_REPOSITORY_URL", "of another product")
    caplog.set_level(logging.INFO, logger="nexus")
    for name in ("slip_one", "slip_two"):
        nxs.load_runtime(build(tmp_path, name))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith("did you mean NEXUS_DEVICE?")


@pytest.mark.parametrize(
    ("variable", "value", "call", "kind"),
    [
        ("NEXUS_DEVICE", "cpu:", nexus.device, ValueError),
        ("NEXUS_DEVICE", "colour=red", nexus.device, ValueError),
        ("NEXUS_DEVICE", "warp-drive", nexus.device, nexus.BackendUnavailableError),
        ("NEXUS_DEVICE", "cpu:99", nexus.device, nexus.BackendUnavailableError),
        ("NEXUS_DEVICE_PATH", "/nowhere", lambda: [*nexus.get_device_info()], ValueError),
        ("NEXUS_DEVICE_PATH", "folder", lambda: [*nexus.get_device_info()], ValueError),
        (
            "NEXUS_CC",
            "/nowhere/cc",
            lambda: nexus.device("cpu").compile("int x;"),
            nexus.CompilerNotFoundError,
        ),
        (
            "NEXUS_CC",
            "'",
            lambda: nexus.device("cpu").compile("int x;"),
            nexus.CompilerNotFoundError,
        ),
    ],
)
def test_nonsense_is_told_where_it_is_read(
    variable: str,
    value: str,
    call: Callable[[], object],
    kind: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(kind) as caught:
        call()
    assert variable in str(caught.value)
    assert repr(value) in str(caught.value)
    monkeypatch.delenv(variable)
    assert nexus.device() is nexus.get_runtimes()[0].get_device(0)


@pytest.mark.parametrize("value", ["none", "0", "-1", "1.5", "4097", "99999999999999999999", "2 3"])
def test_a_number_of_threads_that_cannot_be_meant_is_told(value: str) -> None:
    printed = fresh.run(
        """
        import os, nexus
        print(nexus.get_runtimes().names(), nexus.unavailable_runtimes()["cpu"])
        del os.environ["NEXUS_CPU_THREADS"]  # too late: read when the runtime started
        print(nexus.get_runtimes().names())
        """,
        NEXUS_CPU_THREADS=value,
    )
    told, again = printed.splitlines()
    assert told.startswith("[] ")
    assert f"NEXUS_CPU_THREADS={value}: it is a number from 1 to 4096, or unset" in told
    assert again == "[]"


def test_names_of_runtimes_that_are_none_are_told_with_the_variable() -> None:
    printed = fresh.run(
        """
        import nexus
        print(nexus.get_runtimes().names())
        why = nexus.unavailable_runtimes()
        for name in ("cpus", "/tmp/libnexus_x.so"):
            print(why[name])
        try:
            nexus.device("cuda")
        except nexus.BackendUnavailableError as error:
            print(error)
        """,
        NEXUS_RUNTIMES="cpus, null,/tmp/libnexus_x.so",
    )
    names, cpus, path, device = printed.splitlines()
    assert names == "['null']"
    value = "NEXUS_RUNTIMES='cpus, null,/tmp/libnexus_x.so' names it: "
    assert cpus.startswith(f"{value}there is no plugin for runtime 'cpus'; did you mean 'cpu'?: ")
    assert path.startswith(f"{value}there is no plugin for runtime '/tmp/libnexus_x.so'")
    assert "cpus: NEXUS_RUNTIMES=" in device


@pytest.mark.parametrize(
    ("variable", "value"), [("NEXUS_WERROR", "yes"), ("NEXUS_SANITIZE", "addresses")]
)
def test_nonsense_for_the_build_ends_it_with_a_sentence(variable: str, value: str) -> None:
    program = "import sys; sys.path.insert(0, 'csrc'); import build_plugins as b; b.compile_flags()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {variable: value},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode != 0
    assert f"{variable}={value!r}: it is " in done.stderr.splitlines()[-1]


def test_a_change_counts_at_the_next_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_DEVICE", "null")
    assert nexus.device().spec == "null:0"
    monkeypatch.setenv("NEXUS_DEVICE", "cpu")
    assert nexus.device().spec == "cpu:0"
    monkeypatch.setenv("NEXUS_RUNTIMES", "null")
    assert nexus.get_runtimes().names() == ["null"]
    monkeypatch.setenv("NEXUS_RUNTIMES", "cpu,null")
    assert nexus.get_runtimes().names() == ["cpu", "null"]
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", str(tmp_path))
    build(tmp_path, "late")
    assert nxs.runtime_path(nxs.load_runtime("late")) == str(tmp_path / "libnexus_late.so")
    monkeypatch.setenv("NEXUS_CC", "/nowhere/cc")
    with pytest.raises(nexus.CompilerNotFoundError):
        nexus.device("cpu").compile("int x;")
    monkeypatch.setenv("NEXUS_CC", "cc")
    assert nexus.device("cpu").compile("int x;").kernels == []


def test_the_number_of_threads_is_read_once() -> None:
    printed = fresh.run(
        """
        import os, nexus
        n = [nexus.device("cpu").get_property_int("ThreadCount")]
        os.environ["NEXUS_CPU_THREADS"] = "1"
        n.append(nexus.device("cpu").get_property_int("ThreadCount"))
        print(n)
        """,
        NEXUS_CPU_THREADS="3",
    )
    assert printed == "[3, 3]\n"


def test_a_variable_that_is_set_to_nothing_is_not_set() -> None:
    names = [name for name in VARIABLES if name not in BUILD_TIME]
    program = "import nexus; print(nexus.device(), nexus.device('cpu').compile('int x;').kernels)"
    assert fresh.run(program, **dict.fromkeys(names, "")) == "<Device cpu:0> []\n"
