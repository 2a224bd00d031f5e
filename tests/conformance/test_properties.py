"""Properties: the keys are what answers, each with its declared type, and reading is exact."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import pytest

from conformance.c_api import CApi, PropertyInfo
from conformance.harness import FEATURES, LONG_NS, Lab, refused
from nexus.bindings import nxs
from nexus.bindings.enums import VENDOR_FIRST, Property, PropertyType, RunFlags, Status

OBJECTS = ("runtime", "device", "buffer", "library", "kernel", "stream", "event", "schedule")
COMMANDS = ("dispatch", "signal", "wait", "copy", "fill")
EVERY = (*OBJECTS, *COMMANDS, "run")
every_object = pytest.mark.parametrize("kind", EVERY)
PYTHON_TYPES = {
    PropertyType.Int: int,
    PropertyType.Float: float,
    PropertyType.String: str,
    PropertyType.IntVector: list,
    PropertyType.FloatVector: list,
    PropertyType.StringVector: list,
}
ELEMENTS = {
    PropertyType.IntVector: int,
    PropertyType.FloatVector: float,
    PropertyType.StringVector: str,
}
Place = tuple[str, tuple[int, ...]]  # what comes before the property: nxsGet<...>Property, handles


def place(lab: Lab, kind: str) -> Place:
    """Make an object of this kind, timed where that is possible."""
    if kind == "runtime":
        return "Runtime", ()
    if kind == "device":
        return "Device", (lab.device,)
    if kind == "buffer":
        return "Buffer", (lab.buffer(100),)
    if kind == "library":
        return "Library", (lab.library(),)
    if kind == "kernel":
        return "Kernel", (lab.kernel("scale"),)
    if kind == "event":
        return "Event", (lab.event(),)
    stream = lab.stream()
    if kind == "stream":
        return "Stream", (stream,)
    schedule, commands = every_command(lab)
    ticket = lab.api.run_schedule(schedule, stream, RunFlags.Timing)
    lab.api.wait_run(stream, ticket, LONG_NS)
    if kind == "run":
        return "Run", (stream, ticket)
    if kind == "schedule":
        return "Schedule", (schedule,)
    return "Command", (commands[kind],)


def every_command(lab: Lab) -> tuple[int, dict[str, int]]:
    """Return a schedule with a command of each type."""
    schedule, buffer, other, event = lab.schedule(), lab.buffer(8), lab.buffer(8), lab.event()
    return schedule, {
        "dispatch": lab.dispatch(schedule, "count", [buffer]),
        "signal": lab.signal(schedule, event),
        "wait": lab.wait(schedule, event),
        "fill": lab.fill(schedule, buffer, 1),
        "copy": lab.own("command", lab.api.create_copy_command(schedule, buffer, 0, other, 0, 8)),
    }


def get(lab: Lab, where: Place, property: int) -> Any:
    """Read a property through the binding."""
    getter = getattr(lab.api, f"get_{where[0].lower()}_property")
    return getter(*where[1], property)


@every_object
def test_every_key_is_answered_and_nothing_else(lab: Lab, kind: str) -> None:
    where = place(lab, kind)
    keys = get(lab, where, Property.Keys)
    assert Property.Keys in keys
    assert len(keys) == len(set(keys))
    for property in Property:
        if property in keys:
            get(lab, where, property)
        else:
            with refused(Status.InvalidProperty, Status.ProfilingInfoNotAvailable):
                get(lab, where, property)


@every_object
def test_values_have_the_declared_type(lab: Lab, kind: str) -> None:
    where = place(lab, kind)
    for key in get(lab, where, Property.Keys):
        type, name = lab.api.get_property_info(key)
        value = get(lab, where, key)
        if type != PropertyType.Object:
            assert isinstance(value, PYTHON_TYPES[PropertyType(type)]), f"{name}: {value!r}"
        if type in ELEMENTS:
            elements = ELEMENTS[PropertyType(type)]
            assert all(isinstance(v, elements) for v in value), f"{name}: {value!r}"


@every_object
def test_a_value_is_read_with_the_size_that_was_asked_for(
    lab: Lab, runtime: int, kind: str
) -> None:
    c_api, where = CApi(runtime), place(lab, kind)
    name = f"nxsGet{where[0]}Property"
    for key in get(lab, where, Property.Keys):
        size = ctypes.c_size_t(0)
        assert c_api.call(name, *where[1], key, None, ctypes.byref(size)) == Status.Success
        needed, room = size.value, ctypes.create_string_buffer(b"\xee" * (size.value + 8))
        type, _ = lab.api.get_property_info(key)
        if type in (PropertyType.String, PropertyType.Object):
            assert needed > 0
        if needed == 0:
            continue

        size.value = needed - 1
        status = c_api.call(name, *where[1], key, room, ctypes.byref(size))
        assert status == Status.InvalidArgSize
        assert room.raw[: needed + 8] == b"\xee" * (needed + 8)

        size.value = needed
        assert c_api.call(name, *where[1], key, room, ctypes.byref(size)) == Status.Success
        assert size.value == needed
        assert room.raw[needed : needed + 8] == b"\xee" * 8
        if type in (PropertyType.String, PropertyType.StringVector, PropertyType.Object):
            assert room.raw[needed - 1] == 0


@every_object
@pytest.mark.parametrize("property", [len(Property), VENDOR_FIRST - 1, 2**31, 2**32 - 1])
def test_a_property_that_does_not_exist_is_refused(lab: Lab, kind: str, property: int) -> None:
    with refused(Status.InvalidProperty):
        get(lab, place(lab, kind), property)


@every_object
def test_the_refusal_names_the_properties_that_are_there(lab: Lab, kind: str) -> None:
    where = place(lab, kind)
    keys = [Property(key).name for key in get(lab, where, Property.Keys) if key < VENDOR_FIRST]
    with refused(Status.InvalidProperty) as error:
        get(lab, where, VENDOR_FIRST - 1)
    words = re.findall(r"\w+", error.value.message)
    assert set(keys) <= set(words), error.value.message


def test_every_property_tells_its_name_and_type(lab: Lab) -> None:
    for property in Property:
        type, name = lab.api.get_property_info(property)
        assert name == property.name
        assert type in set(PropertyType)


@pytest.mark.parametrize("property", [len(Property), VENDOR_FIRST - 1, 2**32 - 1])
def test_what_is_no_property_has_no_name(lab: Lab, property: int) -> None:
    with refused(Status.InvalidProperty):
        lab.api.get_property_info(property)


@pytest.mark.parametrize("struct_size", [0, 4, ctypes.sizeof(PropertyInfo) - 1])
def test_a_struct_that_is_too_small_is_refused(runtime: int, struct_size: int) -> None:
    info = PropertyInfo(struct_size, -7, b"untouched")
    status = CApi(runtime).call("nxsGetPropertyInfo", Property.Name, ctypes.byref(info))
    assert status == Status.InvalidValue
    assert (info.type, info.name) == (-7, b"untouched")


# ---- what every runtime and device tells -------------------------------------------------------


def test_known_gaps_are_features_with_reasons(lab: Lab) -> None:
    assert set(lab.gaps) <= set(FEATURES)
    assert all(" " in reason for reason in lab.gaps.values())


def test_a_runtime_tells_what_a_program_needs_to_choose_it(lab: Lab, runtime: int) -> None:
    def get_runtime(property: Property) -> Any:
        return lab.api.get_runtime_property(property)

    assert get_runtime(Property.Name) == nxs.runtime_name(runtime)
    assert get_runtime(Property.Size) == get_runtime(Property.Count) > lab.device
    assert get_runtime(Property.MajorVersion) == lab.api.get_api_version() >> 16
    assert get_runtime(Property.DLPackDevice) > 0
    assert get_runtime(Property.BinaryKinds)
    for property in (Property.Priority, Property.Compiler, Property.Description):
        get_runtime(property)


def test_a_device_tells_what_it_is(lab: Lab) -> None:
    def get_device(property: Property) -> Any:
        return lab.api.get_device_property(lab.device, property)

    assert get_device(Property.ID) == lab.device
    for property in (Property.Name, Property.Vendor, Property.Architecture):
        assert get_device(property).strip()
    assert get_device(Property.Type) in "cpu gpu accelerator".split()
    assert get_device(Property.MaxBufferSize) > 0
    assert get_device(Property.MaxThreadgroupMemorySize) > 0
    assert get_device(Property.DefaultStream) == lab.api.get_default_stream(lab.device)


def test_the_memories_of_a_device_are_ordered_from_the_core_outwards(lab: Lab) -> None:
    lab.needs("memory_hierarchy")
    memory = lab.api.get_device_property(lab.device, Property.MemorySubsystem)
    types = lab.api.get_device_property(lab.device, Property.MemoryTypes)
    assert memory["MemoryTypes"] == types
    sizes = [level["Size"] for level in types]
    assert len(sizes) >= 2  # the seeds read ["MemorySubsystem", "MemoryTypes", 1, "Size"]
    assert sizes == sorted(sizes)
    names = lab.api.get_device_property(lab.device, Property.SupportedMemoryTypes)
    assert names == memory["SupportedMemoryTypes"] == [level["Type"] for level in types]


@pytest.mark.parametrize("ordinal", [-1, 1 << 20, 2**31 - 1, -(2**31)])
def test_a_device_that_does_not_exist_is_refused(lab: Lab, ordinal: int) -> None:
    with refused(Status.InvalidDevice):
        lab.api.get_device_property(ordinal, Property.Name)
