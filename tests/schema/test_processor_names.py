"""A CPU finds its entry: the cpu runtime answers with the names that the device library has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import nexus

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "csrc/plugins/_host/processor.cpp").read_text(encoding="utf-8")
ENTRIES: list[Any] = [
    json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "schema/device_lib").glob("*-cpu-*.json"))
]
# On macOS the number in the name counts: apple_architecture() of that file.
COUNTED = re.compile(r"apple-m\d+")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["Architecture"]))
def test_every_cpu_of_the_library_is_answered(entry: dict[str, str]) -> None:
    name = entry["Architecture"]
    assert f'"{name}"' in SOURCE or COUNTED.fullmatch(name)
    assert f'"{entry["Vendor"]}"' in SOURCE


def test_this_cpu_has_one_core_for_all_of_its_threads() -> None:
    folder = Path("/sys/devices/system/cpu")
    lists = [path.read_text() for path in folder.glob("cpu[0-9]*/topology/core_cpus_list")]
    if not lists:
        pytest.skip("this system does not tell which CPUs are threads of one core")
    device = nexus.device("cpu")
    assert device.get_property_int("CoreCount") == len(set(lists))
    assert device.get_property_int(["CoreSubsystem", "Count"]) == len(set(lists))


def test_this_cpu_tells_its_highest_clock_or_none() -> None:
    path = Path("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")  # kHz
    found = nexus.device("cpu").get_info().get("CoreClockRate")
    assert found == (int(path.read_text()) // 1000 if path.exists() else None)
