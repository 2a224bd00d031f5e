"""Commands: arguments by buffer and by value, checked when they are set or before they run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance.harness import LONG_NS, Array, Lab, refused
from nexus.bindings.enums import CommandOption, Property, RunFlags, Status
from nexus.bindings.nxs import Backend

TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
CLUSTERS = [option for option in CommandOption if option.name.startswith(("Cluster", "Coop"))]
LOWEST = [np.iinfo(name).min for name in TYPES]
HIGHEST = [np.iinfo(name).max for name in TYPES]
SMALL = np.dtype(
    [("sign", "i1"), ("exponent", "i2"), ("mantissa", "f4"), ("flag", "u1")], align=True
)
LARGE = np.dtype([("first", "i8"), ("table", "f8", 32)], align=True)


def ready(lab: Lab, kernel: str = "scale") -> tuple[int, int, int]:
    """Return a schedule, its dispatch, and the buffer that it writes: y = 2 * [1, 2, 3]."""
    schedule, y = lab.schedule(), lab.buffer(12)
    x = lab.buffer(np.array([1, 2, 3], np.float32))
    return schedule, lab.dispatch(schedule, kernel, [np.float32(2), x, y], grid=3), y


@pytest.mark.parametrize("integers", [LOWEST, HIGHEST, range(1, 9)])
def test_scalars_of_every_type_arrive(lab: Lab, integers: list[int]) -> None:
    lab.needs("kernels_compute")
    values = [np.dtype(name).type(value) for name, value in zip(TYPES, integers, strict=True)]
    values += [np.float32(-1.5), np.float64(np.pi)]
    out = lab.buffer(np.zeros(10, np.float64))
    lab.run_kernel("scalars", [out, *values])
    assert lab.read(out, np.float64).tolist() == [float(value) for value in values]


def test_a_struct_arrives_by_value(lab: Lab) -> None:
    lab.needs("kernels_compute")
    out = lab.buffer(np.zeros(4, np.float64))
    lab.run_kernel("small_struct", [np.array((-3, -12345, 0.75, 255), SMALL), out])
    assert lab.read(out, np.float64).tolist() == [-3, -12345, 0.75, 255]


def test_a_large_struct_arrives_by_value(lab: Lab) -> None:
    lab.needs("kernels_compute")
    value = np.zeros((), LARGE)
    value["first"], value["table"] = 1000, np.arange(32)
    out = lab.buffer(np.zeros(32, np.float64))
    lab.run_kernel("large_struct", [value, out], grid=32, group=8)
    np.testing.assert_array_equal(lab.read(out, np.float64), np.arange(1000, 1032))


def test_sixteen_arguments_arrive_in_their_places(lab: Lab) -> None:
    lab.needs("kernels_compute")
    arrays: list[Array] = list(np.arange(15 * 7, dtype=np.int32).reshape(15, 7) ** 2 % 1009)
    out = lab.buffer(np.zeros(7, np.int32))
    lab.run_kernel("sixteen", [*(lab.buffer(array) for array in arrays), out], grid=7, group=3)
    expected = sum(n * array for n, array in enumerate(arrays, 1))
    np.testing.assert_array_equal(lab.read(out, np.int32), expected)


def test_a_value_is_copied_when_it_is_set(lab: Lab, api: Backend) -> None:
    lab.needs("kernels_compute")
    schedule, command, y = ready(lab)
    value = np.array(5, np.float32)
    api.set_command_scalar(command, 0, value)
    value[()] = 99
    lab.run(schedule)
    assert lab.read(y, np.float32).tolist() == [5, 10, 15]


def test_a_value_by_address_is_as_long_as_it_is_said(lab: Lab, api: Backend) -> None:
    lab.needs("kernels_compute")
    schedule, command, y = ready(lab)
    value = np.array([7, 8], np.float32)
    api.set_command_scalar(command, 0, value.ctypes.data, 4)
    lab.run(schedule)
    assert lab.read(y, np.float32).tolist() == [7, 14, 21]


@pytest.mark.parametrize("index", [-1, -(2**31), 3, 4, 2**31 - 1])
def test_an_argument_that_the_kernel_does_not_have_is_refused(lab: Lab, index: int) -> None:
    lab.needs("kernel_info")
    _, command, y = ready(lab)
    with refused(Status.InvalidArgIndex):
        lab.api.set_command_argument(command, index, y)
    with refused(Status.InvalidArgIndex):
        lab.api.set_command_scalar(command, index, np.float32(1))


def test_a_buffer_for_a_value_and_a_value_for_a_buffer_are_refused(lab: Lab) -> None:
    lab.needs("kernel_info")
    schedule, command, y = ready(lab)
    with refused(Status.InvalidArgValue):
        lab.api.set_command_argument(command, 0, y)
    with refused(Status.InvalidArgValue):
        lab.api.set_command_scalar(command, 1, np.int64(y))
    lab.run(schedule)  # as it was
    lab.needs("kernels_compute")
    assert lab.read(y, np.float32).tolist() == [2, 4, 6]


@pytest.mark.parametrize(
    "value", [np.float64(1), np.float16(1), np.int8(1), np.zeros(2, np.float32)]
)
def test_a_value_of_another_size_is_refused(lab: Lab, value: Any) -> None:
    lab.needs("kernel_info")
    _, command, _ = ready(lab)
    with refused(Status.InvalidArgSize):
        lab.api.set_command_scalar(command, 0, value)


def test_a_run_with_an_argument_that_was_not_set_is_refused(lab: Lab, api: Backend) -> None:
    lab.needs("kernel_info")
    schedule, y = lab.schedule(), lab.buffer(12)
    command = lab.own("command", api.create_command(schedule, lab.kernel("scale")))
    api.finalize_command(command, 1, 3)
    api.set_command_scalar(command, 0, np.float32(1))
    api.set_command_argument(command, 2, y)
    for flags in (0, RunFlags.Blocking):
        with refused(Status.InvalidKernelArgs, match="argument 1"):
            api.run_schedule(schedule, 0, flags)
    api.set_command_argument(command, 1, lab.buffer(12))
    lab.run(schedule)


def test_a_run_of_a_command_that_was_not_finalized_is_refused(lab: Lab, api: Backend) -> None:
    schedule, _, _ = ready(lab)
    kernel = lab.kernel("count")
    command = lab.own("command", api.create_command(schedule, kernel))
    api.set_command_argument(command, 0, lab.buffer(4))
    with refused(Status.InvalidCommand, match="command 1"):
        api.run_schedule(schedule)
    assert lab.get("schedule", schedule, Property.Status) == "recording"
    api.finalize_command(command, 1, 1)
    lab.run(schedule)


def test_a_command_tells_its_arguments_and_sizes(lab: Lab, api: Backend) -> None:
    schedule, y = lab.schedule(), lab.buffer(12)
    kernel = lab.kernel("scale")
    command = lab.own("command", api.create_command(schedule, kernel))
    with refused(Status.InvalidProperty):
        lab.get("command", command, Property.GridSize)
    api.set_command_argument(command, 2, y)
    assert lab.get("command", command, Property.Arguments) == [0, 0, y]
    api.finalize_command(command, [4, 2], [9, 8, 7])
    assert lab.get("command", command, Property.GroupSize) == [4, 2, 1]
    assert lab.get("command", command, Property.GridSize) == [9, 8, 7]
    assert lab.get("command", command, Property.Kernel) == kernel
    assert lab.get("command", command, Property.ID) == command


def test_commands_tell_their_type(lab: Lab, api: Backend) -> None:
    schedule, buffer, other, event = lab.schedule(), lab.buffer(8), lab.buffer(8), lab.event()
    copy = lab.own("command", api.create_copy_command(schedule, buffer, 0, other, 0, 8))
    commands = {
        "dispatch": lab.dispatch(schedule, "count", [buffer]),
        "signal": lab.signal(schedule, event, 7),
        "wait": lab.wait(schedule, event, 7),
        "copy": copy,
        "fill": lab.fill(schedule, buffer, 1),
    }
    for type, command in commands.items():
        assert lab.get("command", command, Property.Type) == type
    for type in ("signal", "wait"):
        assert lab.get("command", commands[type], Property.Event) == event
        assert lab.get("command", commands[type], Property.Value) == 7
    assert lab.get("command", copy, Property.Arguments) == [buffer, other]


def test_a_command_refuses_what_is_not_for_its_type(lab: Lab, api: Backend) -> None:
    schedule, buffer, event = lab.schedule(), lab.buffer(8), lab.event()
    for command in (lab.signal(schedule, event), lab.wait(schedule, event)):
        with refused(Status.InvalidCommand):
            api.set_command_argument(command, 0, buffer)
        with refused(Status.InvalidCommand):
            api.finalize_command(command, 1, 1)
        with refused(Status.InvalidArgIndex):
            api.set_command_scalar(command, 1, np.int64(1))
        with refused(Status.InvalidArgSize):
            api.set_command_scalar(command, 0, np.int32(1))


@pytest.mark.parametrize("option", [-1, len(CommandOption), 2**31 - 1])
def test_an_option_that_does_not_exist_is_refused(lab: Lab, option: int) -> None:
    _, command, _ = ready(lab)
    with refused(Status.InvalidValue):
        lab.api.set_command_option(command, option, 1)


@pytest.mark.parametrize("option", CLUSTERS)
def test_an_option_that_is_a_known_gap_is_refused(lab: Lab, option: CommandOption) -> None:
    _, command, _ = ready(lab)
    if "clusters" not in lab.gaps:
        lab.api.set_command_option(command, option, 1)
        return
    with refused(Status.NotSupported):
        lab.api.set_command_option(command, option, 1)


@pytest.mark.parametrize("nbytes", [-1, 2**40, 2**63 - 1, -(2**63)])
def test_group_memory_that_no_group_has_is_refused(lab: Lab, nbytes: int) -> None:
    _, command, _ = ready(lab)
    with refused(Status.MaxSizeRestrictionExceeded):
        lab.api.set_command_option(command, CommandOption.GroupMemoryBytes, nbytes)


def test_a_released_command_stays_recorded(lab: Lab, api: Backend) -> None:
    schedule, command, y = ready(lab)
    api.release_command(command)
    with refused(Status.InvalidCommand):
        api.finalize_command(command, 1, 1)
    assert lab.get("schedule", schedule, Property.Count) == 1
    lab.run(schedule)
    lab.needs("kernels_compute")
    assert lab.read(y, np.float32).tolist() == [2, 4, 6]


def test_a_command_keeps_the_buffers_that_were_released(lab: Lab, api: Backend) -> None:
    schedule, out = lab.schedule(), lab.buffer(12)
    x = lab.buffer(np.array([1, 2, 3], np.float32))
    y = lab.buffer(12)
    lab.dispatch(schedule, "scale", [np.float32(3), x, y], grid=3)
    lab.own("command", api.create_copy_command(schedule, y, 0, out, 0, 12))
    api.release_buffer(x)
    api.release_buffer(y)
    lab.buffer(np.full(3, 99, np.float32))  # takes the memory, if it were free
    lab.run(schedule)
    lab.needs("kernels_compute")
    assert lab.read(out, np.float32).tolist() == [3, 6, 9]


def test_many_commands_run_in_one_schedule(lab: Lab, api: Backend) -> None:
    schedule, buffer = lab.schedule(), lab.buffer(1100)
    for n in range(1100):
        command = api.create_fill_command(schedule, buffer, n, 1, bytes([n % 251]))
        lab.own("command", command)
    ticket = api.run_schedule(schedule, api.get_default_stream(lab.device))
    api.wait_run(api.get_default_stream(lab.device), ticket, LONG_NS)
    assert lab.read(buffer).tolist() == [n % 251 for n in range(1100)]
