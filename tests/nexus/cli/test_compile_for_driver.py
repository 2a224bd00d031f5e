"""`nexus compile` for a driver that compiles what it loads: checked where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

import nexus
from doubles import fresh
from nexus import cli

SOURCE = """#include <nexus/kernel.h>
NXS_KERNEL(twice, inout(float, x)) { x[nxs_global_id(0)] *= 2; }
"""
COMPILE = """
import sys
from nexus import cli
sys.exit(cli.main(["compile", "k.nxs", "--runtime", "opencl"]))
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder with a source that is right and one that is wrong."""
    monkeypatch.chdir(tmp_path)
    Path("k.nxs").write_text(SOURCE)
    Path("wrong.nxs").write_text(SOURCE.replace("*= 2", "*= nobody"))


@pytest.fixture
def driver() -> nexus.Device:
    """The first device of a driver."""
    if "opencl" not in nexus.get_runtimes().names():
        pytest.skip(f"no OpenCL: {nexus.unavailable_runtimes().get('opencl')}")
    return nexus.device("opencl")


def test_what_the_driver_compiles_is_told_as_source(
    driver: nexus.Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compile", "k.nxs", "--runtime", "opencl"]) == 0
    told = capsys.readouterr().out
    assert " of source, which the driver compiles when it is loaded; it compiles on " in told
    assert driver.name in told
    assert driver.load_library("k.nxsb").kernels == ["twice"]
    assert "it is source, which the driver" in nexus.inspect("k.nxsb").parts[0].problem


def test_a_mistake_is_told_at_once_and_nothing_is_written(
    driver: nexus.Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compile", "wrong.nxs", "--runtime", "opencl"]) == 1
    told = capsys.readouterr()
    assert "cannot compile 'wrong.nxs': it does not compile on" in told.err
    assert told.out == ""
    assert not Path("wrong.nxsb").exists()


def test_without_a_driver_it_is_said_that_nothing_was_compiled(device: nexus.Device) -> None:
    done = fresh.ended(COMPILE)  # no driver is found there
    assert done.returncode == 0, done.stderr
    assert "not compiled here, so mistakes were not looked for: runtime 'opencl' did" in done.stdout
    whose = "it was compiled for the runtime opencl and this device is of the runtime cpu"
    with pytest.raises(nexus.InvalidArgumentError, match=whose):
        device.load_library("k.nxsb")


def test_a_mistake_that_nobody_looked_for_is_told_on_loading(driver: nexus.Device) -> None:
    done = fresh.ended(COMPILE.replace("k.nxs", "wrong.nxs"))
    assert done.returncode == 0, done.stderr
    with pytest.raises(nexus.CompileError, match=r"cannot compile 'wrong\.nxsb': it does not"):
        driver.load_library("wrong.nxsb")
