"""The folder of compiled libraries: who may use it, what goes first, and what happens beside it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import stat
import time
from pathlib import Path

import pytest

from nexus._internal.compilers import folder
from nexus._internal.compilers.container import Container
from nexus.bindings.errors import InvalidArgumentError

SOME = Container(b"x" * 1000, {"Log": ""})


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the folder will be."""
    path = tmp_path / "cache"
    monkeypatch.setenv("NEXUS_CACHE_DIR", str(path))
    folder._complain.cache_clear()
    return path


def names(place: Path) -> set[str]:
    return {path.stem for path in place.iterdir()}


def test_what_was_written_is_read(place: Path) -> None:
    assert folder.read("one") is None
    folder.write("one", SOME)
    assert folder.read("one") == SOME
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert folder.usage() == (str(place), 1, len(SOME.pack()), 1 << 30)


def test_a_damaged_entry_is_none_and_goes(place: Path) -> None:
    folder.write("one", SOME)
    file = place / "one.nxsb"
    file.write_bytes(file.read_bytes()[:-1])
    assert folder.read("one") is None
    assert not file.exists()


def test_what_was_not_used_for_longest_goes_first(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbytes = len(SOME.pack())
    for age, name in enumerate(["new", "used", "old", "oldest"]):
        folder.write(name, SOME)
        os.utime(place / f"{name}.nxsb", (time.time() - 1000 * (age + 1),) * 2)
    assert folder.read("oldest")  # and now it is the newest
    monkeypatch.setenv("NEXUS_CACHE_SIZE", str(4 * nbytes))
    folder.write("last", SOME)
    assert names(place) == {"last", "oldest", "new"}


def test_what_a_killed_process_left_goes_in_time(place: Path) -> None:
    folder.write("one", SOME)
    left, fresh = place / ".unfinished-left", place / ".unfinished-fresh"
    for path in (left, fresh):
        path.write_bytes(b"half")
    os.utime(left, (time.time() - 7200,) * 2)
    folder.write("two", SOME)
    assert names(place) == {"one", "two", ".unfinished-fresh"}


def test_clearing_tells_what_there_was(place: Path) -> None:
    assert folder.clear().n_entries == 0
    folder.write("one", SOME)
    assert folder.clear().n_entries == 1
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_to_is_not_used(
    place: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    place.mkdir()
    place.chmod(mode)
    for _ in range(3):
        folder.write("one", SOME)
    assert list(place.iterdir()) == []
    assert len(caplog.records) == 1, "it is said once"
    assert f"others can write to it (mode {mode:o})" in caplog.text


@pytest.mark.parametrize("which", ["cache", "cache/one.nxsb"])
def test_what_others_can_write_to_is_not_read(place: Path, which: str) -> None:
    folder.write("one", SOME)
    path = place.parent / which
    mode = path.stat().st_mode
    path.chmod(mode | 0o022)
    assert folder.read("one") is None
    path.chmod(mode)
    assert folder.read("one") == SOME, "it was not thrown away"


def test_a_folder_of_somebody_else_is_not_used(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder.write("one", SOME)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    folder.write("two", SOME)
    assert names(place) == {"one"}
    assert "it belongs to user" in caplog.text
    assert folder.read("one") is None, "nor is what lies there run"


def test_a_file_in_the_place_of_the_folder_is_told(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place.write_text("")
    folder.write("one", SOME)
    assert folder.read("one") is None
    assert "File exists" in caplog.text
    assert "NEXUS_CACHE_DIR" in caplog.text


def test_a_full_disk_is_told_and_left_clean(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place.mkdir(mode=0o700)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
    folder.write("one", SOME)
    assert list(place.iterdir()) == []
    assert "No space" in caplog.text


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("NEXUS_CACHE", "yes", "NEXUS_CACHE is 'yes'; 0 switches the cache off"),
        ("NEXUS_CACHE_DIR", "here", "NEXUS_CACHE_DIR is 'here', a relative path"),
        ("NEXUS_CACHE_SIZE", "-1", "NEXUS_CACHE_SIZE is '-1'; it is a number of bytes"),
        ("NEXUS_CACHE_SIZE", "1T", "as 500M or 2G"),
    ],
)
def test_nonsense_is_told(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidArgumentError, match=sentence):
        folder.is_on(), folder.place(), folder.max_nbytes()


@pytest.mark.parametrize(("text", "nbytes"), [("0", 0), ("7", 7), ("2K", 2048), ("3G", 3 << 30)])
def test_sizes_have_units(text: str, nbytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_CACHE_SIZE", text)
    assert folder.max_nbytes() == nbytes


def work(n: int) -> int:
    """Write and read beside others; return how many entries were not whole."""
    logging.disable(logging.CRITICAL)
    wrong = 0
    for i in range(100):
        entry = Container(bytes([n]) * 20_000, {"Writer": n})
        folder.write(f"key{i % 7}", entry)
        found = folder.read(f"key{i % 7}")
        wrong += found is not None and found.binary != bytes([found.facts["Writer"]]) * 20_000
    return wrong


def test_many_processes_write_and_throw_away_at_once(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_CACHE_SIZE", "100K")  # five entries
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert pool.map(work, range(4)) == [0] * 4
    assert folder.usage().nbytes <= 100 * 1024
    assert not [path for path in place.iterdir() if path.suffix != ".nxsb"]
