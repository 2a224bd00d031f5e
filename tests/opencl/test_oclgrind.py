"""oclgrind sees what a kernel does beyond its memory, and `make opencl` fails by what it sees."""

from __future__ import annotations

from pathlib import Path

import pytest

import nexus
from doubles import fresh
from opencl import drivers

OCLGRIND = drivers.DRIVERS["oclgrind"]
PROGRAM = """
import numpy as np
import nexus
SOURCE = '''
kernel void inside(global int *x, local int *t) {
  size_t i = get_local_id(0);
  t[i] = x[get_global_id(0)];
  barrier(CLK_LOCAL_MEM_FENCE);
  x[get_global_id(0)] = t[(i + 1) % get_local_size(0)];
}
kernel void beyond(global int *x, local int *t) { x[get_global_id(0) + 1] = 1; }
kernel void before(global int *x, local int *t) { x[0] = x[(int)get_global_id(0) - 1]; }
kernel void beyond_group(global int *x, local int *t) { t[get_local_id(0) + 1] = x[0]; }
kernel void race(global int *x, local int *t) {
  size_t i = get_local_id(0);
  t[i] = x[get_global_id(0)];
  x[get_global_id(0)] = t[(i + 1) % get_local_size(0)];
}
'''
def test_planted():
    device = nexus.device("opencl")
    x = device.create_buffer(np.zeros(64, np.int32))
    device.compile(SOURCE).get_kernel("NAME")(x, grid=64, group=16, group_memory=64)
"""


@pytest.fixture(autouse=True)
def is_here(device: nexus.Device) -> None:
    """Skip where oclgrind is not, and where the sanitizers leave every driver out."""
    if not OCLGRIND.library.exists():
        pytest.skip(f"{OCLGRIND.library} is not here; {OCLGRIND.install}")


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("inside", ""),
        ("beyond", "Invalid write of size 4 at global memory"),
        ("before", "Invalid read of size 4 at global memory"),
        ("beyond_group", "Invalid write of size 4 at local memory"),
        ("race", "Read-write data race at local memory"),
    ],
)
def test_a_mistake_of_a_kernel_is_reported(name: str, reported: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    variables = drivers.environment_of(OCLGRIND.library)
    variables |= {"OCLGRIND_LOG": str(log), "OCLGRIND_DATA_RACES": "1"}
    fresh.run(PROGRAM.replace("NAME", name) + "test_planted()\n", **variables)
    reports = log.read_text(encoding="utf-8")
    assert reported in reports
    assert f"Kernel: {name}\n" in reports if reported else not reports


@pytest.mark.parametrize(("name", "problem"), [("inside", ""), ("beyond", "oclgrind reports")])
def test_a_report_fails_the_run_of_the_tests(name: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PROGRAM.replace("NAME", name))
    run = drivers.Run(str(tmp_path / "test_planted.py"), watched=True, finds_races=True)
    found = drivers.take(OCLGRIND, run)
    assert found.startswith(problem)
    assert bool(found) == bool(problem)


def test_a_driver_that_is_not_here_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = drivers.Driver(Path("/none.so"), "apt-get install none", OCLGRIND.runs)
    monkeypatch.setattr(drivers, "DRIVERS", {"none": absent})
    monkeypatch.setattr("sys.argv", ["drivers.py"])
    with pytest.raises(SystemExit) as ended:
        drivers.main()
    assert ended.value.code == 1
    assert "FAILED: none: /none.so is not here; apt-get install none" in capsys.readouterr().out
