"""Runs the tests of this folder on every runtime that is found here and has a device.

    pytest conformance                          all of them
    pytest conformance --runtime mine           this one, by name
    pytest conformance --runtime build/libnexus_mine.so

The folder needs nothing but an installed nexus, NumPy and pytest: copied anywhere, under any name,
it runs as it does here.

What a runtime does not do yet stands in its plugin.toml under [known_gaps]: a name of
`harness.FEATURES`, and the reason, with which the tests that rest on it are skipped. The file lies
beside the plugin, as plugin.toml or named as the library is. What is not the plugin's but that of
one driver under it stands in another such file, which is given with --gaps. The gaps are printed at
the end of the run.
"""

from __future__ import annotations

import functools
import sys
import tomllib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from nexus._internal import compilers
from nexus.bindings import nxs
from nexus.bindings.enums import Property
from nexus.bindings.errors import BackendUnavailableError

HERE = Path(__file__).resolve().parent
if "conformance" not in sys.modules:  # the name of this folder and its place may be any
    package = types.ModuleType("conformance")
    package.__path__ = [str(HERE)]
    sys.modules["conformance"] = package

pytest.register_assert_rewrite("conformance.harness", "conformance.c_api", "conformance.walk")

from conformance.harness import Lab  # noqa: E402

GAPS = pytest.StashKey[dict[str, Mapping[str, str]]]()
SOURCES = {"kernels": "kernels.nxs", "native": "native.{compiler}.*"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --runtime, --device and --gaps."""
    group = parser.getgroup("conformance")
    group.addoption("--runtime", action="append", default=[], help="runtime to test, or its path")
    group.addoption("--device", type=int, default=0, help="ordinal of the device to test")
    group.addoption("--gaps", type=Path, help="a file like plugin.toml that names more gaps")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse, once, what cannot be tested."""
    for name in config.getoption("--runtime", default=[]):
        check_named(name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses a runtime once for each of them."""
    if "api" in metafunc.fixturenames:
        named = metafunc.config.getoption("--runtime", default=[])
        names = named or found_runtimes()
        ids = [Path(name).stem.removeprefix("libnexus_") for name in names]
        metafunc.parametrize("api", names, ids=ids, scope="session", indirect=True)


def check_named(name: str) -> None:
    """End the run, with one sentence, when a runtime that was asked for cannot be tested."""
    try:
        runtime = nxs.load_runtime(name)
    except BackendUnavailableError as error:
        raise pytest.UsageError(f"--runtime {name}: {error}") from None
    if nxs.get_runtime_property(runtime, Property.Size) < 1:
        raise pytest.UsageError(f"--runtime {name}: it has no device on this machine")


@functools.cache
def found_runtimes() -> list[str]:
    """Return the names of the runtimes that are found, load and have a device."""
    candidates = [c.name for c in nxs.find_runtimes() if not c.problem and not c.shadowed]
    return [name for name in candidates if has_device(name)]


def has_device(name: str) -> bool:
    """Tell whether the runtime can be used on this machine."""
    try:
        runtime = nxs.load_runtime(name)
    except BackendUnavailableError:
        return False
    return bool(nxs.get_runtime_property(runtime, Property.Size) > 0)


@pytest.fixture(scope="session")
def api(request: pytest.FixtureRequest) -> nxs.Backend:
    """Return the functions of the runtime."""
    backend = nxs.Backend(request.param)
    assert backend.runtime >= 0
    return backend


@pytest.fixture(scope="session")
def runtime(api: nxs.Backend) -> int:
    """Return the number of the runtime."""
    return api.runtime


@pytest.fixture(scope="session")
def other_runtime(runtime: int) -> int:
    """Return the number of another runtime that is loaded."""
    for name in found_runtimes():
        if (number := nxs.load_runtime(name)) != runtime:
            return number
    pytest.skip("no other runtime is here")


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> int:
    """Return the ordinal of the device."""
    return int(request.config.getoption("--device", default=0))


def known_gaps(runtime: int, named: Path | None = None) -> Mapping[str, str]:
    """Return what the plugin does not do yet, with the reasons."""
    library = Path(nxs.runtime_path(runtime))
    gaps: dict[str, str] = {}
    for path in [library.with_suffix(".toml"), library.with_name("plugin.toml"), named]:
        if path and (path == named or path.exists()):
            facts = tomllib.loads(path.read_text(encoding="utf-8"))
            if facts.get("name") == nxs.runtime_name(runtime):
                gaps |= facts.get("known_gaps", {})
    return gaps


@pytest.fixture(scope="session")
def gaps(request: pytest.FixtureRequest, runtime: int) -> Mapping[str, str]:
    """Return what the plugin does not do yet, with the reasons; the end of the run tells them."""
    found = known_gaps(runtime, request.config.getoption("--gaps", default=None))
    request.config.stash.setdefault(GAPS, {})[nxs.runtime_name(runtime)] = found
    return found


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the known gaps of every runtime that was tested."""
    terminalreporter.ensure_newline()
    for name, found in config.stash.get(GAPS, {}).items():
        terminalreporter.section(f"known gaps of runtime {name}")
        for feature, reason in found.items():
            terminalreporter.line(f"{feature}: {reason}")
        if not found:
            terminalreporter.line("none")


class Binaries:
    """Libraries for one runtime, made from the sources of this folder when they are asked for."""

    def __init__(self, compiler: str) -> None:
        self._compiler = compiler
        self._made: dict[str, bytes] = {}

    def __call__(self, name: str) -> bytes:
        """Return the library; a runtime without a compiler takes any bytes."""
        if not self._compiler:
            return b"any bytes"
        if name not in self._made:
            pattern = SOURCES[name].format(compiler=self._compiler)
            path = next(HERE.glob(pattern), None)
            if not path:
                pytest.skip(f"there is no {pattern} beside the tests")
            made = compilers.get(self._compiler).compile(path.read_text(), {"name": path.name})
            self._made[name] = made.binary
        return self._made[name]


@pytest.fixture(scope="session")
def binaries(api: nxs.Backend) -> Binaries:
    """Return the libraries that the tests load."""
    return Binaries(str(api.get_runtime_property(Property.Compiler)))


@pytest.fixture(scope="session")
def libraries(api: nxs.Backend) -> Iterator[dict[str, int]]:
    """Return the libraries that the tests share; the first to need one loads it."""
    loaded: dict[str, int] = {}
    yield loaded
    for handle in loaded.values():
        api.release_library(handle)


@pytest.fixture
def lab(
    api: nxs.Backend,
    device: int,
    gaps: Mapping[str, str],
    binaries: Binaries,
    libraries: dict[str, int],
) -> Iterator[Lab]:
    """Return the device, and what is needed to make things on it."""
    lab = Lab(api, device, gaps, binaries, libraries)
    yield lab
    lab.close()
