"""The object layer has the names, arguments and defaults of the first documents."""

from __future__ import annotations

import inspect
from importlib import metadata
from typing import Any

import numpy as np
import pytest

import nexus

REQUIRED = inspect.Parameter.empty
GETTERS = [f"get_property_{kind}{vec}" for kind in ("str", "int", "flt") for vec in ("", "_vec")]

# Class -> method -> its first arguments with their defaults.
OVERVIEW: dict[type, dict[str, dict[str, Any]]] = {
    nexus.Runtime: {"get_devices": {}, "get_device": {"id": 0}},
    nexus.Device: {
        "get_info": {},
        "create_buffer": {"data": REQUIRED, "dtype": None},
        "copy_buffer": {"buffer": REQUIRED},
        "create_event": {"event_type": nexus.event_type.Shared},
        "load_library": {"filepath": REQUIRED},
        "create_schedule": {},
        "create_stream": {},
    },
    nexus.Buffer: {"copy": {"host_array": REQUIRED}},
    nexus.Library: {"get_kernel": {"name": REQUIRED}},
    nexus.Event: {"signal": {"value": 1}, "wait": {"value": 1}},
    nexus.Schedule: {
        "create_command": {"kernel": REQUIRED},
        "create_signal_command": {"event": REQUIRED, "value": 1},
        "create_wait_command": {"event": REQUIRED, "value": 1},
        "run": {"stream": None, "blocking": True},
    },
    nexus.Command: {
        "set_buffer": {"index": REQUIRED, "buffer": REQUIRED},
        "finalize": {"group_size": REQUIRED, "grid_size": REQUIRED},
    },
    nexus.Properties: {f"get_{kind}": {"key": REQUIRED} for kind in ("str", "int", "str_vec")},
}


@pytest.mark.parametrize("owner", OVERVIEW, ids=lambda owner: owner.__name__)
def test_every_method_of_the_overview_has_its_arguments(owner: type) -> None:
    for name, expected in OVERVIEW[owner].items():
        parameters = list(inspect.signature(getattr(owner, name)).parameters.values())[1:]
        given = {p.name: p.default for p in parameters[: len(expected)]}
        assert given == expected, name
        further = parameters[len(expected) :]
        assert all(p.default is not REQUIRED for p in further), f"{name} needs more than promised"


@pytest.fixture
def objects(device: nexus.Device, add: nexus.Kernel) -> list[Any]:
    """Return one object of each class that has properties."""
    schedule = device.create_schedule()
    made = [device.create_buffer(4), device.create_stream(), device.create_event(), schedule]
    return [device.runtime, device, add.parent, add, schedule.create_command(add), *made]


def test_every_object_has_the_six_getters(objects: list[Any]) -> None:
    for owner in objects:
        assert all(callable(getattr(owner, getter)) for getter in GETTERS), owner
        assert owner.get_property_str("Type") == owner.get_property_str(nexus.property.Type)
        assert owner.get_property_str(["Type"]) == owner.get_property_str([nexus.property.Type])
        assert nexus.property.Keys in owner.get_property_int_vec("Keys")
        with pytest.raises(RuntimeError, match="has no property 'Nothing'"):
            owner.get_property_flt_vec("Nothing")


def test_a_path_may_be_written_in_enum_members_and_numbers(device: nexus.Device) -> None:
    names = nexus.property
    path = [names.MemorySubsystem, names.MemoryTypes, 1, names.Size]
    l2 = device.get_property_int(["MemorySubsystem", "MemoryTypes", 1, "Size"])
    assert device.get_property_int(path) == device.get_info().get_int(path) == l2
    assert device.get_property_int([18, 48, 1, 6]) == l2


def test_floats_are_answered_as_floats(device: nexus.Device, add: nexus.Kernel) -> None:
    schedule = device.create_schedule()
    command = schedule.create_command(add)
    command.set_arguments(*(device.create_buffer(np.zeros(4, np.float32)) for _ in range(3)))
    command.finalize(4, 4)
    schedule.run(timing=True)
    assert schedule.get_property_flt("ElapsedTime") == schedule.elapsed_ms > 0
    assert isinstance(command.get_property_flt("ElapsedTime"), float)


def test_all_runtimes_and_devices_can_be_iterated() -> None:
    devices = [device for runtime in nexus.get_runtimes() for device in runtime.get_devices()]
    assert devices
    for device in devices:
        assert device is device.runtime.get_device(device.id)
        assert device.create_buffer(np.arange(3)).numpy().tolist() == [0, 1, 2]


def test_a_buffer_is_copied_to_another_device(null_device: nexus.Device) -> None:
    source = nexus.create_buffer(np.arange(4, dtype=np.int16))
    copied = null_device.copy_buffer(source)
    assert copied.device is null_device
    assert (copied.dtype, copied.shape, copied.nbytes) == (np.dtype(np.int16), (4,), 8)
    assert copied.numpy().tolist() == [0, 1, 2, 3]


def test_numpy_comes_with_nexus() -> None:
    required = metadata.requires("nexus-accelerator") or []
    assert any(entry.startswith("numpy") and "extra" not in entry for entry in required)


def test_an_editable_install_finds_its_plugins() -> None:
    distribution = metadata.distribution("nexus-accelerator")
    origin = distribution.read_text("direct_url.json") or ""
    if '"editable": true' not in origin:
        pytest.skip("nexus was not installed with pip install -e here")
    assert inspect.getsourcefile(nexus) is not None
    assert "cpu" in nexus.get_runtimes().names()
