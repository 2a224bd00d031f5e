"""The device that the tests of this folder run on: the first one of the first driver."""

from __future__ import annotations

from pathlib import Path

import pytest

import nexus
from opencl.suites import Suite


@pytest.fixture(scope="session")
def device() -> nexus.Device:
    """Return the device; name a driver with OCL_ICD_VENDORS."""
    if "opencl" not in nexus.get_runtimes().names():
        pytest.skip(f"no OpenCL: {nexus.unavailable_runtimes().get('opencl')}")
    return nexus.device("opencl")


@pytest.fixture(scope="session")
def suite(device: nexus.Device) -> Suite:
    """Return the kernels of benchmark suites, compiled when they are asked for."""
    return Suite(device, Path(__file__).parent / "kernels")
