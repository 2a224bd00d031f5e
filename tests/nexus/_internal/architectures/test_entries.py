"""Architecture files that are no files, or hold what is no entry, are refused with a sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import nexus
from nexus import cli
from nexus._internal.architectures import entries, places

NAME = "acme-gpu-odd"


def link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, entries.MAX_NBYTES + 1)  # without a block on the disk


def written(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (link_to_nothing, "No such file or directory"),
        (link_to_itself, "Too many levels of symbolic links"),
        (Path.mkdir, "it is no regular file"),
        (os.mkfifo, "it is no regular file"),
        (endless, "it is no regular file"),
        (huge, "it has 16777217 bytes, and at most 16777216 are read"),
        (written(""), "is no JSON: Expecting value"),
        (written("[" * 100_000), "is no JSON: maximum recursion depth"),
        (written('{"A":' * 400 + "1" + "}" * 400), "breaks the schema"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "is no JSON: 'utf-8' codec"),
        (written('{"Size": NaN}'), "NaN is no figure"),
        (written('{"Size": 1e999}'), "1e999 is no figure"),
        (written('{"Name": "a", "Limits": {}, "Limits": {}}'), "'Limits' is there more than once"),
        (written("null"), "has no object at its top"),
    ],
)
def test_an_odd_file_is_told_and_the_others_load(
    make: Callable[[Path], object],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / f"{NAME}.json"
    make(path)
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path))
    with pytest.raises(nexus.DeviceInfoError) as caught:
        nexus.lookup_device_info(NAME)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    with pytest.raises(nexus.DeviceInfoError):
        nexus.add_device_info(tmp_path)
    assert nexus.lookup_device_info("MI300X").get_str("Architecture") == "gfx942"
    assert cli.main(["db", "validate", str(path)]) == 1
    assert words in capsys.readouterr().out or words == "breaks the schema"
    assert cli.main(["db", "list", "odd"]) == 0
    assert cli.main(["doctor"]) == 1


def test_a_file_that_went_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"{NAME}.json"
    path.write_text("{}")
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path))
    assert NAME in nexus.get_device_info()
    path.unlink()
    with pytest.raises(nexus.DeviceInfoError, match="No such file"):
        nexus.get_device_info()[NAME]


def test_own_files_hold_each_member_once() -> None:
    for file in places.near().values():
        assert entries.load(file.path)  # strictly, as `read` does not take the time to
