"""The example code of the first documents, as it is written there; only file names are changed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import nexus


@pytest.fixture
def kernel(device: nexus.Device, kernel_file: Path) -> nexus.Kernel:
    return device.load_library(kernel_file).get_kernel("add_vectors")


@pytest.fixture
def buffer(device: nexus.Device) -> nexus.Buffer:
    return device.create_buffer(np.ones(1024, dtype=np.float32))


# ---- seeds 000 and 001 ---------------------------------------------------------------------------


def test_example_usage(kernel_file: Path) -> None:
    # Get available runtimes and devices
    runtimes = nexus.get_runtimes()
    runtime = runtimes[0]
    devices = runtime.get_devices()
    device = devices[0]

    # Create a buffer from numpy array
    data = np.ones(1024, dtype=np.float32)
    buf = device.create_buffer(data)

    # Load a kernel library and get a kernel
    lib = device.load_library(str(kernel_file))
    kernel = lib.get_kernel("add_vectors")

    # Create a schedule and command
    schedule = device.create_schedule()
    command = schedule.create_command(kernel)
    command.set_buffer(0, buf)
    command.finalize([32, 1, 1], [1024, 1, 1])

    # Run the schedule
    schedule.run()

    result = np.empty(1024, np.float32)
    buf.copy(result)
    assert (result == 2).all()
    command.finalize(32, 1024)
    schedule.run()
    assert (buf.numpy() == 3).all()


def test_querying_device_properties(device: nexus.Device) -> None:
    info = device.get_info()

    # By string name
    name = info.get_str("Name")
    vendor = info.get_str("Vendor")

    # By enum (from nexus.property)
    arch = info.get_str(nexus.property.Architecture)

    # By hierarchical path
    l2_size = info.get_int(["MemorySubsystem", "MemoryTypes", 1, "Size"])

    assert name and vendor and arch == device.get_property_str("Architecture")
    assert l2_size > 0
    assert info.get_str(["MemorySubsystem", "MemoryTypes", 1, "Type"]) == "L2"


def test_property_vectors(device: nexus.Device) -> None:
    info = device.get_info()
    mem_types = info.get_str_vec(["MemorySubsystem", "SupportedMemoryTypes"])
    assert mem_types[:2] == ["L1", "L2"]


def test_querying_buffer_properties(buffer: nexus.Buffer) -> None:
    size = buffer.get_property_int("Size")
    dtype = buffer.get_property_str("DataType")
    assert (size, dtype) == (4096, "F32")


def test_querying_library_and_kernel_properties(kernel: nexus.Kernel) -> None:
    library = kernel.parent
    lib_type = library.get_property_str("Type")
    kernel_name = kernel.get_property_str("Name")
    assert lib_type
    assert kernel_name == "add_vectors"


def test_querying_schedule_and_command_properties(
    device: nexus.Device, kernel: nexus.Kernel, buffer: nexus.Buffer
) -> None:
    schedule = device.create_schedule()
    command = schedule.create_command(kernel)
    command.set_buffer(0, buffer)
    sched_status = schedule.get_property_str("Status")
    cmd_args = command.get_property_int_vec("Arguments")
    assert sched_status == "recording"
    assert cmd_args == [buffer.handle]


def test_a_property_that_is_not_found_is_a_runtime_error(device: nexus.Device) -> None:
    with pytest.raises(RuntimeError, match=r"'name'.*did you mean 'Name'"):
        device.get_property_str("name")  # names are case-sensitive


def test_event_types(device: nexus.Device) -> None:
    for event_type in (nexus.event_type.Shared, nexus.event_type.Signal, nexus.event_type.Fence):
        # Create an event
        event = device.create_event(event_type)

        # Signal the event
        event.signal(1)

        # Wait for the event
        event.wait(1)
        assert event.get_property_str("EventType") == event_type.name


def test_event_based_synchronization(
    device: nexus.Device, kernel: nexus.Kernel, buffer: nexus.Buffer
) -> None:
    input_buffer = buffer
    # Create event and schedule
    event = device.create_event()
    schedule = device.create_schedule()

    # Add kernel command
    cmd = schedule.create_command(kernel)
    cmd.set_buffer(0, input_buffer)
    cmd.finalize(256, 1024)

    # Add signal command
    signal_cmd = schedule.create_signal_command(event, 1)

    # Run schedule non-blocking
    schedule.run(blocking=False)

    # Wait for completion
    event.wait(1)

    assert signal_cmd.get_event() is event
    assert (buffer.numpy() == 2).all()


def test_status_and_error_codes() -> None:
    assert nexus.status.NXS_Success == 0
    assert nexus.status.InvalidBuffer is nexus.Status.InvalidBuffer
    assert int(nexus.status.InvalidBuffer) == -81
    assert nexus.property.Name == nexus.Property.Name


def test_top_level_functions() -> None:
    assert len(nexus.get_device_info()) >= 0
    with pytest.raises(KeyError, match="no architecture 'none'"):
        nexus.lookup_device_info(name="none")
    assert nexus.create_buffer(16).nbytes == 16
    assert nexus.create_buffer(np.arange(4)).numpy().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("event_type", [nexus.event_type.Shared])
def test_every_keyword_name_of_the_documents_is_kept(
    kernel_file: Path, event_type: nexus.EventType
) -> None:
    device = nexus.get_runtimes()[0].get_device(id=0)
    library = device.load_library(filepath=kernel_file)
    kernel = library.get_kernel(name="add_vectors")
    event = device.create_event(event_type=event_type)
    buffer = device.create_buffer(data=np.zeros(64, np.float32))
    schedule = device.create_schedule()
    command = schedule.create_command(kernel=kernel)
    command.set_buffer(index=0, buffer=buffer)
    command.finalize(group_size=32, grid_size=64)
    schedule.create_signal_command(event=event, value=2)
    schedule.create_wait_command(event=event, value=1)
    schedule.run(stream=None, blocking=True)
    event.wait(value=2)
    event.signal(value=3)
    out = np.empty(64, np.float32)
    buffer.copy(host_array=out)
    assert (out == 1).all()
    assert device.copy_buffer(buffer=buffer).get_property_int(key="Size") == 256
    assert [event] == device.get_events()


def test_the_summary_table_of_getters(device: nexus.Device) -> None:
    info = device.get_info()
    assert isinstance(device.get_property_str("Name"), str)
    assert isinstance(device.get_property_int("ID"), int)
    assert math.isclose(info.get_flt(["MemorySubsystem", "MemoryTypes", 0, "Size"]), 0) is False
    assert all(isinstance(n, str) for n in device.get_property_str_vec("SupportedMemoryTypes"))
    assert all(isinstance(n, int) for n in device.get_property_int_vec("Keys"))
    assert device.get_property_str(["Name"]) == device.get_property_str(nexus.property.Name)
    assert device.get_property_int([nexus.property.ID]) == 0


# ---- seed 002 ------------------------------------------------------------------------------------


def test_the_readme(kernel: nexus.Kernel) -> None:
    tensor0 = np.ones((32, 32), np.float32)

    runtimes = nexus.get_runtimes()
    rt0 = runtimes.get(0)
    rt0_name = rt0.get_property_str("Name")

    dev0 = rt0.get_device(0)
    dev0_arch = dev0.get_property_str("Architecture")

    buf0 = dev0.create_buffer(tensor0)
    buf1 = dev0.create_buffer((1024, 1024), dtype="fp16")

    sched0 = dev0.create_schedule()

    cmd0 = sched0.create_command(kernel)
    cmd0.set_buffer(0, buf0)
    cmd0.finalize(32, 1024)

    sched0.run()

    assert rt0_name == rt0.name
    assert dev0_arch
    assert buf1.nbytes == 2 << 20
    assert (buf0.numpy() == 2).all()


def test_the_names_of_the_device_library(device: nexus.Device) -> None:
    facts = [device.get_property_str(key) for key in ("Vendor", "Type", "Architecture")]
    assert all(facts)
