"""An editable install: the package lies in the tree, and finds there what a wheel would carry."""

from __future__ import annotations

import importlib.util
import sys
import tarfile
from pathlib import Path

import pytest

from packages.environment import Environment
from packages.test_install import USE


@pytest.fixture(scope="module", params=["this tree", "a fresh tree"])
def tree(request: pytest.FixtureRequest, repository: Path) -> Path:
    """Return the tree that is installed: this one, or the unpacked source distribution."""
    if request.param == "this tree":
        origin = importlib.util.find_spec("nexus")
        if not origin or not origin.origin or not Path(origin.origin).is_relative_to(repository):
            pytest.skip("these tests run with an installed nexus, not with the one of the tree")
        return repository
    if not request.config.getoption("--every-python", default=False):
        pytest.skip("builds for minutes; with --every-python only")
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    place = factory.mktemp("tree") / "un café"
    with tarfile.open(request.getfixturevalue("sdist")) as archive:
        archive.extractall(place, filter="data")
    (root,) = place.iterdir()
    return root


@pytest.fixture(scope="module")
def editable(tree: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return the environment of these tests, or a fresh one into which the tree is installed."""
    if tree == repository:
        return Environment(Path(sys.prefix))
    environment = Environment.make(Path(sys.executable), tmp_path_factory.mktemp("editable") / "e")
    return environment.install("--editable", str(tree))


def test_package_is_the_one_of_the_tree_and_runs_a_kernel(
    editable: Environment, tree: Path
) -> None:
    assert Path(editable.run_python(USE)) == tree / "nexus" / "__init__.py"


def test_headers_are_those_of_the_tree(editable: Environment, tree: Path) -> None:
    flag = editable.run([editable.python, "-P", "-m", "nexus", "--includes"])
    assert flag == f"-I{tree / 'csrc' / 'include'}"


def test_device_files_are_those_of_the_tree(editable: Environment, tree: Path) -> None:
    there = {path.stem for path in (tree / "schema" / "device_lib").glob("*.json")}
    program = "import nexus; print(*nexus.get_device_info())"
    assert set(editable.run_python(program).split()) == there


def test_source_of_a_module_is_the_file_of_the_tree(editable: Environment, tree: Path) -> None:
    program = "import inspect, nexus; print(inspect.getsourcefile(nexus.Device))"
    assert Path(editable.run_python(program)) == tree / "nexus" / "device.py"


def test_install_puts_no_copy_into_the_tree(editable: Environment, tree: Path) -> None:
    assert editable.run_python("import nexus") == ""
    assert not (tree / "nexus" / "include").exists()
    assert not (tree / "nexus" / "device_lib").exists()
