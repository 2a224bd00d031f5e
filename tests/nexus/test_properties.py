"""Properties: by name, enum member, number and path; with the right type."""

from __future__ import annotations

from typing import Any

import pytest

import nexus
from nexus.properties import Properties

ENTRY: dict[str, Any] = {
    "Name": "Example One",
    "Limits": {"MaxPower": 700, "Ratio": 0.5, "Shared": True, "Sizes": [1, 2], "Rates": [1, 2.5]},
    "MemorySubsystem": {"MemoryTypes": [{"Type": "L1", "Size": 1024}], "Kinds": ["L1", "HBM"]},
}


@pytest.fixture
def entry() -> Properties:
    return Properties(entry=ENTRY)


def test_a_key_is_a_name_an_enum_a_number_or_a_path(device: nexus.Device) -> None:
    name = device.get_property_str("Name")
    keys: list[Any] = ["Name", nexus.property.Name, 0, ["Name"], (nexus.property.Name,), [0]]
    for key in keys:
        assert device.get_property_str(key) == name
        assert device.get_info().get_str(key) == name
    path: list[str | int] = ["MemorySubsystem", "MemoryTypes", 0, "Type"]
    assert device.get_property_str(path) == "L1"
    assert device.get_property_str([nexus.property.MemorySubsystem, *path[1:]]) == "L1"


def test_nested_values_have_types(entry: Properties) -> None:
    assert entry.get_str("Name") == "Example One"
    assert entry.get_int(["Limits", "MaxPower"]) == 700
    assert entry.get_flt(["Limits", "MaxPower"]) == 700.0
    assert entry.get_flt(["Limits", "Ratio"]) == 0.5
    assert entry.get_int(["Limits", "Shared"]) == 1
    assert entry.get_int_vec(["Limits", "Sizes"]) == [1, 2]
    assert entry.get_flt_vec(["Limits", "Rates"]) == [1.0, 2.5]
    assert entry.get_str_vec(["MemorySubsystem", "Kinds"]) == ["L1", "HBM"]
    assert entry.get_str(["MemorySubsystem", "Kinds", 1]) == "HBM"
    assert entry.get_int(["MemorySubsystem", "MemoryTypes", 0, "Size"]) == 1024


@pytest.mark.parametrize(
    ("getter", "key", "words"),
    [
        ("get_int", "Name", "the str 'Example One'; use the getter of str"),
        ("get_str", ["Limits", "MaxPower"], "the int 700; use the getter of int"),
        ("get_int", ["Limits", "Ratio"], "the float 0.5"),
        ("get_int_vec", ["Limits", "Rates"], "use the getter"),
        ("get_str_vec", "Name", "as a list"),
        ("get_str", ["Limits"], "an object with the members"),
        ("get_int", ["MemorySubsystem", "MemoryTypes"], "a list of 1 item,"),
    ],
)
def test_a_getter_of_another_type_is_refused(
    entry: Properties, getter: str, key: Any, words: str
) -> None:
    with pytest.raises(nexus.PropertyTypeError, match=words) as caught:
        getattr(entry, getter)(key)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, RuntimeError)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("Names", "did you mean 'Name'.*Limits"),
        (["Limits", "maxpower"], r"Limits has no 'maxpower'; did you mean 'MaxPower'"),
        (["MemorySubsystem", "MemoryTypes", 1], r"MemoryTypes has 1 item$"),
        (["MemorySubsystem", "MemoryTypes", -1], r"item -1"),
        (["MemorySubsystem", "MemoryTypes", "0"], r"cannot read '0'"),
        (["Name", 0], r"no members"),
        (["Limits", 0], r"Limits has no 'Name'"),
        (["Limits", 12345], r"Limits has no 12345"),
        (nexus.property.Architecture, r"'Architecture'"),
    ],
)
def test_what_is_not_there_is_told_beside_what_is(entry: Properties, key: Any, words: str) -> None:
    with pytest.raises(nexus.PropertyNotFoundError, match=words) as caught:
        entry.get_str(key)
    assert isinstance(caught.value, KeyError)
    assert key not in entry


@pytest.mark.parametrize("key", [None, 1.5, True, {}, ["Name", None], [["Name"]], b"Name"])
def test_a_key_of_another_kind_is_refused(
    entry: Properties, device: nexus.Device, key: Any
) -> None:
    for call in (entry.get_str, device.get_property_str, device.get_property_int):
        with pytest.raises(TypeError, match="a property key is"):
            call(key)
        with pytest.raises(ValueError, match="empty"):
            call([])


@pytest.mark.parametrize("key", [-1, 9999, 1 << 40, 1 << 80, 0x10000])
def test_a_number_of_no_property_is_refused(device: nexus.Device, key: int) -> None:
    for getter in (device.get_property_int, device.get_property_str_vec, device.get_property):
        with pytest.raises(nexus.PropertyNotFoundError, match="has no property"):
            getter(key)


def test_every_getter_refuses_a_property_of_another_type(device: nexus.Device) -> None:
    for getter in (
        device.get_property_int,
        device.get_property_flt,
        device.get_property_int_vec,
        device.get_property_flt_vec,
        device.get_property_str_vec,
    ):
        with pytest.raises(nexus.PropertyTypeError, match="the str"):
            getter("Name")
    with pytest.raises(nexus.PropertyTypeError):
        device.get_property_str("CoreCount")
    with pytest.raises(nexus.PropertyTypeError):
        device.get_property_flt("CoreCount")  # a property itself has one type


def test_every_key_that_an_object_lists_answers(
    device: nexus.Device, add: nexus.Kernel, null_device: nexus.Device
) -> None:
    schedule = device.create_schedule()
    objects = [
        device.runtime,
        device,
        null_device,
        device.create_buffer(4),
        add.parent,
        add,
        device.create_stream(),
        device.create_event(),
        schedule,
        schedule.create_command(add),
    ]
    for object_ in objects:
        names = object_.property_names()
        assert names["Keys"] == nexus.property.Keys
        for name, number in names.items():
            assert object_.get_property(name) is not None
            assert type(object_.get_property(number)) is type(object_.get_property(name))


def test_live_properties_come_before_the_entry(device: nexus.Device) -> None:
    info = Properties(device, {**ENTRY, "Only": {"Here": [7]}})
    assert info.get_str("Name") == device.name
    assert info.get_int(["Only", "Here", 0]) == 7
    assert info.get_int(["Limits", "MaxPower"]) == 700  # the device has Limits, without it
    assert info["Type"] == device.get_property_str("Type")
    assert {"Only", "Type"} <= {*info}
    assert len(info) == len([*info]) == len({*info})
    assert info.get("Nothing") is None and info.get("Nothing", 3) == 3
    with pytest.raises(nexus.PropertyNotFoundError, match="has no property 'Nothing'"):
        info.get_str("Nothing")
    assert repr(info) == "<Properties of <Device cpu:0>>"


def test_a_closed_object_has_no_properties(device: nexus.Device) -> None:
    event = device.create_event()
    event.close()
    for call in (event.get_property_int, event.get_property_str, event.get_property):
        with pytest.raises(nexus.ClosedError):
            call("Value")
    with pytest.raises(nexus.ClosedError):
        event.property_names()


def test_what_is_returned_is_a_copy(device: nexus.Device) -> None:
    for info in (nexus.lookup_device_info("amd-gpu-gfx942"), device.get_info()):
        before = info.to_dict()
        for mine in (info.to_dict()["MemorySubsystem"], info["MemorySubsystem"]):
            mine["MemoryTypes"][0].clear()
            mine["MemoryTypes"].clear()
        assert info["MemorySubsystem"] == before["MemorySubsystem"]
    again = nexus.lookup_device_info("amd-gpu-gfx942")
    assert again["MemorySubsystem"]["MemoryTypes"][0]["Type"] == "L1"
