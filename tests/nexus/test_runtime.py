"""Runtimes: there once each, with their devices."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import nexus


def test_a_runtime_and_a_device_are_there_once() -> None:
    runtime = nexus.get_runtime("cpu")
    assert runtime is nexus.get_runtimes().get("cpu")
    assert runtime.get_device(0) is runtime.get_devices()[0] is runtime.get_device(id=0)
    assert (runtime.name, repr(runtime)) == ("cpu", "<Runtime cpu>")
    assert runtime.get_property_int("Size") == len(runtime.get_devices())
    assert runtime.get_property_str("Name") == "cpu"


@pytest.mark.parametrize(
    ("id", "error"), [(1, IndexError), (-1, IndexError), (1 << 70, IndexError), ("0", TypeError),
                      (None, TypeError), (0.0, TypeError), ([], TypeError)]
)  # fmt: skip
def test_a_device_that_is_not_there_is_refused(id: Any, error: type[Exception]) -> None:
    runtime = nexus.get_runtime("null")
    with pytest.raises(error, match=r"has 1 device and no device|id is .*; it is an int"):
        runtime.get_device(id)


def test_runtimes_and_devices_are_pickled_by_name(device: nexus.Device) -> None:
    assert pickle.loads(pickle.dumps(device)) is device
    assert pickle.loads(pickle.dumps(device.runtime)) is device.runtime
