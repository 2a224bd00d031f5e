"""The source distribution: all that a clone has, and nothing that was built."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

# Of those who publish, not of those who build.
OF_GIT = {".gitignore", ".gitattributes"}
OF_SETUPTOOLS = {"PKG-INFO", "setup.cfg"}


@pytest.fixture(scope="module")
def names(sdist: Path) -> set[str]:
    """Return the files inside, without the top folder."""
    with tarfile.open(sdist) as archive:
        return {one.name.partition("/")[2] for one in archive.getmembers() if one.isfile()}


def test_source_distribution_holds_every_tracked_file(names: set[str], repository: Path) -> None:
    if not (repository / ".git").exists() or not shutil.which("git"):
        pytest.skip("asks git which files belong to the project, and this is no clone")
    command = ["git", "ls-files", "-z"]
    listed = subprocess.check_output(command, cwd=repository, text=True).split("\0")
    tracked = {name for name in listed if name and (repository / name).is_file()}
    assert tracked - names - OF_GIT == set()


def test_source_distribution_holds_nothing_that_was_built(names: set[str]) -> None:
    built = (".so", ".dylib", ".o", ".pyc", ".whl")
    assert not {name for name in names if name.endswith(built)}
    tops = {name.partition("/")[0] for name in names}
    assert not tops & {"build", "dist", ".venv", ".git"}
    assert not {name for name in names if name.startswith(("docs/_build/", "nexus/include/"))}
    assert names >= OF_SETUPTOOLS
