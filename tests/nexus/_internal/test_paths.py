"""Where the headers are, in each way of using the package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nexus._internal import paths


def test_the_folder_holds_the_headers() -> None:
    folder = paths.include_dir() / "nexus"
    for header in ("nxs.h", "kernel.h", "cpu_kernel.h", "kernel/cpu.h"):
        assert (folder / header).is_file()


@pytest.mark.parametrize("place", ["package/include", "csrc/include"])
def test_installed_headers_and_those_of_the_tree_are_found(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(paths.include_dir(), tmp_path / place)
    monkeypatch.setattr(paths, "PACKAGE", str(tmp_path / "package"))
    assert paths.include_dir() == tmp_path / place


def test_missing_headers_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "PACKAGE", str(tmp_path / "package"))
    with pytest.raises(FileNotFoundError, match=r"looked for nexus/kernel\.h in .*install nexus"):
        paths.include_dir()
