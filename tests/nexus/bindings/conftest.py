"""A stub plugin for the tests of the bindings, loaded once and clean for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from doubles.stub_plugin import Stub, build
from nexus.bindings import nxs


@pytest.fixture(scope="session")
def stub_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the stub plugin."""
    return build(tmp_path_factory.mktemp("stub"))


@pytest.fixture(scope="session")
def runtime(stub_library: Path) -> int:
    """Return the number of the stub runtime."""
    return nxs.load_runtime(stub_library)


@pytest.fixture
def stub(runtime: int, stub_library: Path) -> Iterator[Stub]:
    """Return the other side of the stub runtime."""
    stub = Stub(stub_library)
    stub.reset()
    yield stub
    stub.reset()
