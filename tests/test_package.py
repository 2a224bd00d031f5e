"""What a user installs: the wheel, built from the source distribution, and nothing but that."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import build_plugins as native
import test_conformance_kit as kit

pytestmark = pytest.mark.slow

MIB = 1024 * 1024
SOURCES = (".pyx", ".c", ".cpp", ".cc", ".mm", ".o")


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution, then the wheel from it; return the wheel."""
    place = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place)]
    done = subprocess.run([*command, str(repository)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return next(place.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Return the paths inside the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the wheel where no source tree is near."""
    place = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    return place


def python(site: Path, program: str) -> str:
    """Run a program that finds nexus in `site` alone; return what it prints."""
    clean = {key: text for key, text in os.environ.items() if not key.startswith("NEXUS_")}
    environment = clean | {"PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, cwd=site, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("folder", "glob", "inside"),
    [
        ("csrc/include", "**/*.*", "nexus/include"),
        ("nexus", "**/*.py", "nexus"),
        ("nexus", "**/*.pyi", "nexus"),
        ("nexus", "**/*.pxd", "nexus"),
        ("nexus", "py.typed", "nexus"),
    ],
)
def test_wheel_ships(
    folder: str, glob: str, inside: str, repository: Path, names: set[str]
) -> None:
    place = repository / folder
    wanted = {f"{inside}/{path.relative_to(place).as_posix()}" for path in place.glob(glob)}
    assert wanted, f"nothing in {folder} matches {glob}"
    assert wanted <= names


def test_wheel_ships_every_device_file(repository: Path, names: set[str]) -> None:
    files = (repository / "schema" / "device_lib").glob("*.json")
    assert {f"nexus/device_lib/{path.name}" for path in files} <= names


def test_wheel_ships_every_plugin_and_module(repository: Path, names: set[str]) -> None:
    plugins = native.read_plugins(repository / "csrc")
    files = {name for plugin in plugins for name in (plugin.library, plugin.facts)}
    assert {f"nexus/plugins/{name}" for name in files} <= names
    modules = {name.partition(".")[0] for name in names if name.endswith((".so", ".dylib"))}
    for source in (repository / "nexus").rglob("*.pyx"):
        assert source.relative_to(repository).with_suffix("").as_posix() in modules


def test_wheel_ships_the_licence(names: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_wheel_ships_nothing_else(names: set[str]) -> None:
    assert not [name for name in names if name.endswith(SOURCES)]
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nexus"}


def test_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size <= 6 * MIB


def test_installed_package_finds_its_plugins(site: Path) -> None:
    names = "*[runtime.get_property_str('Name') for runtime in nexus.get_runtimes()]"
    where, *runtimes = python(site, f"import nexus; print(nexus.__file__, {names})").split()
    assert Path(where).is_relative_to(site)
    assert "cpu" in runtimes


def test_installed_package_finds_its_headers(site: Path) -> None:
    include = Path(python(site, "import nexus; print(nexus.get_include())"))
    assert include.is_relative_to(site)
    assert (include / "nexus" / "nxs.h").is_file()


def test_the_conformance_kit_runs_on_the_installed_package(site: Path, tmp_path: Path) -> None:
    clean = {key: text for key, text in os.environ.items() if not key.startswith("NEXUS_")}
    options = ("--runtime", "cpu", "-k", "test_bad_values or test_properties")
    status, output = kit.run(
        kit.copied(tmp_path), *options, environment=clean | {"PYTHONPATH": str(site)}
    )
    assert status == 0, output
    assert kit.gaps_printed(output, "cpu")
