"""The search for plugins: which one is taken, which are shadowed, what is refused."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from nexus.bindings._internal import loader, search
from nexus.bindings._internal.search import Candidate, find_runtime, find_runtimes


def touch(path: Path) -> str:
    """Make an empty file, which is never opened here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return str(path)


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(search, "PACKAGE", str(tmp_path / "package"))
    monkeypatch.delenv("NEXUS_RUNTIME_PATH", raising=False)


class Point:
    """An entry point, as importlib.metadata has it."""

    def __init__(self, name: str, what: object) -> None:
        self.name = name
        self.value = f"module:{name}"
        self.what = what

    def load(self) -> object:
        if isinstance(self.what, Exception):
            raise self.what
        return self.what


def register(monkeypatch: pytest.MonkeyPatch, *points: Point) -> None:
    """Make these the entry points of nexus.runtimes."""

    def entry_points(group: str) -> tuple[Point, ...]:
        assert group == "nexus.runtimes"
        return points

    monkeypatch.setattr(metadata, "entry_points", entry_points)


def test_the_path_comes_before_the_package_and_entry_points(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    suffix = Path(loader.plugin_file("x")).suffix
    file = touch(tmp_path / "elsewhere" / f"libnexus_own{suffix}")
    in_folder = touch(tmp_path / "folder" / f"libnexus_cpu{suffix}")
    touch(tmp_path / "folder" / "README")
    packaged = touch(tmp_path / "package" / f"libnexus_cpu{suffix}")
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", f"{file}:{tmp_path / 'folder'}")
    register(monkeypatch, Point("own", "/x/own.so"), Point("wheel", lambda: Path("/x/wheel.so")))
    path, package = "NEXUS_RUNTIME_PATH", "the package"
    assert find_runtimes() == [
        Candidate("own", file, path),
        Candidate("cpu", in_folder, path),
        Candidate("cpu", packaged, package, shadowed=True),
        Candidate("own", "/x/own.so", "entry point 'module:own'", shadowed=True),
        Candidate("wheel", "/x/wheel.so", "entry point 'module:wheel'"),
    ]
    assert find_runtime("cpu") == Candidate("cpu", in_folder, path)
    assert find_runtime("nobody") is None


def test_a_file_may_have_any_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = touch(tmp_path / "mine.v2.so")
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", file)
    assert find_runtimes() == [Candidate("mine", file, "NEXUS_RUNTIME_PATH")]


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("", "empty entries of NEXUS_RUNTIME_PATH are refused.*give absolute paths"),
        ("plugins", "relative entries of NEXUS_RUNTIME_PATH are refused"),
        ("./x.so", "relative entries of NEXUS_RUNTIME_PATH are refused"),
        ("/nowhere/at/all", "/nowhere/at/all is not there; mend NEXUS_RUNTIME_PATH"),
    ],
)
def test_a_bad_entry_is_refused_with_a_sentence(
    entry: str, sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    touch(tmp_path / "plugins" / loader.plugin_file("evil"))
    monkeypatch.chdir(tmp_path)
    file = touch(tmp_path / loader.plugin_file("good"))
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", f"{entry}:{file}")
    refused, good = find_runtimes()
    assert re.match(sentence, refused.problem)
    assert refused.name == f"NEXUS_RUNTIME_PATH {entry!r}"
    assert not refused.path
    assert good.name == "good"


def test_an_unset_or_empty_variable_is_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_runtimes() == []
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", "")
    assert find_runtimes() == []


def test_an_entry_point_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    register(
        monkeypatch,
        Point("gone", ImportError("no module named gone")),
        Point("odd", 5),
        Point("thrower", lambda: dict[str, str]()["path"]),
    )
    problems = {candidate.name: candidate.problem for candidate in find_runtimes()}
    assert "fails: ImportError: no module named gone" in problems["gone"]
    assert "fails: TypeError" in problems["odd"]
    assert "fails: KeyError: 'path'" in problems["thrower"]


def test_a_real_entry_point_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    info = tmp_path / "wheel" / "vendor-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vendor\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nexus.runtimes]\nvendor = vendor_nexus:PLUGIN\n")
    (tmp_path / "wheel" / "vendor_nexus.py").write_text("PLUGIN = '/opt/vendor/nexus.so'\n")
    monkeypatch.syspath_prepend(str(tmp_path / "wheel"))
    found = Candidate("vendor", "/opt/vendor/nexus.so", "entry point 'vendor_nexus:PLUGIN'")
    assert find_runtime("vendor") == found
    sys.modules.pop("vendor_nexus")
