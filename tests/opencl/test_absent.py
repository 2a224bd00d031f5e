"""No loader, no platform, no device, too old: each has its sentence, in `nexus doctor` too."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from doubles import fresh, opencl_double

ASK = """
import nexus
from nexus.cli import doctor
why = nexus.unavailable_runtimes()["opencl"]
try:
    nexus.device("opencl")
except nexus.BackendUnavailableError as error:
    assert why in str(error), (why, str(error))
else:
    raise AssertionError("the device is there")
assert any(why in finding.text for finding in doctor.findings())
print(why)
"""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"platforms": 0}, "the OpenCL loader is here and knows no platform: install a driver"),
        ({"devices": 0}, "no OpenCL device: platform Double platform 0 has no device on this"),
        (
            {"version": "1.1"},
            "platform Double platform 0 is too old: it has OpenCL 1.1 double and nexus needs",
        ),
    ],
)
def test_a_driver_without_a_device_says_why(options: dict[str, object], sentence: str) -> None:
    assert sentence in fresh.run(ASK, **opencl_double.environment(**options))


def test_a_loader_that_does_not_open_is_absent(tmp_path: Path) -> None:
    for name in ("libOpenCL.so.1", "libOpenCL.so"):
        (tmp_path / name).write_bytes(b"no library")
    why = fresh.run(ASK, LD_LIBRARY_PATH=str(tmp_path))
    assert "the OpenCL loader is absent: " in why
    assert "install a driver and its loader" in why
    assert str(tmp_path) in why  # the words of the system's loader


def test_a_loader_that_lacks_functions_is_too_old(tmp_path: Path) -> None:
    command = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(tmp_path / "libOpenCL.so.1")]
    subprocess.run(command, input="int clGetPlatformIDs(void) { return 0; }", text=True, check=True)
    why = fresh.run(ASK, LD_LIBRARY_PATH=str(tmp_path))
    assert "the OpenCL loader is too old: it lacks clGetPlatformInfo, clGetDeviceIDs, " in why
    assert "nexus needs OpenCL 1.2 or newer" in why


# The calls that a start makes, in order: two for the platforms, four for the words of the first,
# two for its devices.
@pytest.mark.parametrize(
    ("n", "sentence"),
    [
        (1, "cannot list the OpenCL platforms: the driver answers CL_OUT_OF_HOST_MEMORY (-6)"),
        (2, "cannot list the OpenCL platforms: the driver answers CL_OUT_OF_HOST_MEMORY (-6)"),
        (7, "platform Double platform 0 does not list its devices: it answers CL_OUT_OF_HOST_"),
        (8, "platform Double platform 0 does not list its devices: it answers CL_OUT_OF_HOST_"),
    ],
)
def test_a_start_that_fails_tells_what_the_driver_answers(n: int, sentence: str) -> None:
    program = f"""
    with control.failing({n}, opencl_control.OUT_OF_HOST_MEMORY):
        print(nexus.unavailable_runtimes()["opencl"])
    """
    assert sentence in opencl_double.run(program)
