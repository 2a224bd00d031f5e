"""The world whose methods are called with bad values."""

from __future__ import annotations

from pathlib import Path

import pytest

import nexus
from nexus._internal import compilers

from .world import World

SOURCE = """
#include <nexus/kernel.h>
NXS_KERNEL(scale, val(float, factor), inout(float, x)) { x[nxs_global_id(0)] *= factor; }
"""


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inputs") / "scale.so"
    path.write_bytes(compilers.get("cc").compile(SOURCE).binary)
    return path


@pytest.fixture
def world(
    device: nexus.Device, null_device: nexus.Device, binary: Path, nothing_added: None
) -> World:
    return World(device, null_device, binary)
