"""What a user installs, made once a run: source distribution, wheels, environments that hold one.

`pytest tests/packages --every-python` takes every Python that nexus is for, else the one that runs
the tests; `--wheels FOLDER` takes the wheels and the source distribution that are there. `--cross`
looks into what was built for other systems.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import build_wheels
from packages.environment import Environment, Native, Wheel

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
# Everything must work at such a place too: with a space, and letters outside ASCII.
AWKWARD = "un café"

# Built before the first test that needs it: a minute of a busy machine, or two.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; they are known when this folder or a file in it is named."""
    parser.addoption("--every-python", action="store_true", help="test a wheel for each Python")
    parser.addoption("--wheels", type=Path, help="folder of wheels and source distribution to test")
    parser.addoption("--cross", action="store_true", help="test what `make cross` made")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test of a wheel the versions of Python, with a reason for each that is not here."""
    if "version" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-python", default=False)
        versions = [version_or_reason(v) for v in (build_wheels.VERSIONS if every else [RUNNING])]
        metafunc.parametrize("version", versions, scope="session")


def version_or_reason(version: str) -> object:
    """Return the version as a parameter, one that skips when there is no such Python."""
    reason = f"no Python {version} with headers and venv on PATH or in pyenv"
    absent = build_wheels.find_python(version) is None
    return pytest.param(version, marks=pytest.mark.skipif(absent, reason=reason))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder: the marks of a conftest are not those of its tests."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            for mark in pytestmark:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def given(request: pytest.FixtureRequest) -> Path | None:
    """Return the folder of --wheels; None: everything is built here."""
    folder: Path | None = request.config.getoption("--wheels", default=None)
    return folder.resolve() if folder else None


@pytest.fixture(scope="session")
def sdist(given: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution from the tree."""
    if given:
        (archive,) = given.glob("*.tar.gz")
        return archive
    return build_wheels.build_sdist(tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what makes an interpreter with the build tools, once a version."""
    places = tmp_path_factory.mktemp("tools")

    def make(version: str) -> Path:
        if version == RUNNING:
            return Path(sys.executable)  # setuptools and Cython are in the extra `test`
        python = build_wheels.find_python(version)
        assert python, "such tests are skipped"
        return build_wheels.tools_of(python, places / version)

    return make


@pytest.fixture(scope="session")
def wheel(
    version: str,
    given: Path | None,
    request: pytest.FixtureRequest,
    tools: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Wheel:
    """Build the wheel for one Python, from the source distribution."""
    if given:
        (path,) = given.glob(f"*-cp{version.replace('.', '')}-*.whl")
        return Wheel(path, version)
    sdist: Path = request.getfixturevalue("sdist")
    out = tmp_path_factory.mktemp("wheel")
    return Wheel(build_wheels.build_wheel(tools(version), sdist, out, {}), version)


@pytest.fixture(scope="session")
def installed(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Install the wheel, and what it asks for, into an empty environment at an awkward place."""
    python = build_wheels.find_python(wheel.version)
    assert python, "such tests are skipped"
    place = tmp_path_factory.mktemp("installed") / AWKWARD / wheel.version
    return Environment.make(python, place).install(str(wheel.path))


@pytest.fixture(scope="session")
def natives(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> list[Native]:
    """Return the extension modules and plugins of the wheel."""
    if not sys.platform.startswith("linux"):
        pytest.skip("reads ELF files with readelf, of binutils")
    place = tmp_path_factory.mktemp("natives")
    return [Native(path, path.relative_to(place)) for path in wheel.extract_natives(place)]


@pytest.fixture(scope="session")
def suffix(version: str) -> str:
    """Return how the Python of the wheel ends the names of extension modules."""
    python = build_wheels.find_python(version)
    program = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))"
    return subprocess.check_output([str(python), "-c", program], text=True).strip()
