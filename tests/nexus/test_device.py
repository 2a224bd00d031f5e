"""Devices: what they list, and what is not theirs."""

from __future__ import annotations

import numpy as np
import pytest

import nexus


def test_living_objects_are_listed_in_the_order_they_were_made(null_device: nexus.Device) -> None:
    device = null_device
    buffers = [device.create_buffer(n + 1) for n in range(5)]
    events = [device.create_event() for _ in range(3)]
    streams = [device.create_stream() for _ in range(2)]
    libraries = [device.create_library(b"a"), device.load_library(__file__)]
    schedules = [device.create_schedule()]
    assert device.get_buffers() == buffers
    assert device.get_events() == events
    assert device.get_streams() == streams
    assert device.get_libraries() == libraries
    assert device.get_schedules() == schedules
    buffers[1].close()
    del buffers[3], buffers[1]
    events.clear()
    assert device.get_buffers() == buffers
    assert device.get_events() == []
    late = device.create_buffer(9)
    assert device.get_buffers() == [*buffers, late]


def test_a_device_tells_what_it_is(device: nexus.Device, null_device: nexus.Device) -> None:
    assert (device.id, device.spec, repr(device)) == (0, "cpu:0", "<Device cpu:0>")
    assert device.name == device.get_property_str("Name")
    assert device.runtime is nexus.get_runtime("cpu")
    assert device.host_memory and null_device.host_memory
    assert null_device.get_info().get_str("Vendor") == "nexus"


def test_objects_are_not_made_by_their_classes(device: nexus.Device) -> None:
    for cls in (
        nexus.Buffer,
        nexus.Library,
        nexus.Kernel,
        nexus.Stream,
        nexus.Event,
        nexus.Schedule,
        nexus.Command,
    ):
        with pytest.raises(TypeError, match="is not made by its class; use "):
            cls(device)
        empty = cls.__new__(cls)
        assert repr(empty).endswith("closed>")
        with pytest.raises(nexus.ClosedError):
            empty.get_property_int("ID")
        empty.close()
    with pytest.raises(TypeError):
        nexus.Run.__new__(nexus.Run)


def test_an_empty_object_crashes_nothing(device: nexus.Device) -> None:
    buffer = nexus.Buffer.__new__(nexus.Buffer)
    schedule = nexus.Schedule.__new__(nexus.Schedule)
    command = nexus.Command.__new__(nexus.Command)
    stream = nexus.Stream.__new__(nexus.Stream)
    for call in (
        lambda: buffer.copy(np.zeros(1)),
        lambda: buffer.copy(np.zeros(1), stream=stream),
        lambda: memoryview(buffer),
        lambda: schedule.run(),
        lambda: schedule.run(stream),
        lambda: command.finalize(1, 1),
        lambda: command.set_buffer(0, np.zeros(1)),
        lambda: command.set_buffer(0, buffer),
        lambda: stream.synchronize(),
        lambda: nexus.Event.__new__(nexus.Event).wait(1),
        lambda: nexus.Library.__new__(nexus.Library).kernels,
        lambda: nexus.Kernel.__new__(nexus.Kernel)(grid=1),
    ):
        with pytest.raises(nexus.ClosedError):
            call()
    with pytest.raises(TypeError, match="not a Stream"):
        device.create_schedule().run(stream)
    with pytest.raises((TypeError, nexus.ClosedError)):
        device.copy_buffer(buffer)
