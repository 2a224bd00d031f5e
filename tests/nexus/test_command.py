"""Commands: numbers, structs and sizes that are set, and those that are refused."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

import nexus


@pytest.fixture
def schedule(device: nexus.Device) -> nexus.Schedule:
    return device.create_schedule()


def recorded(schedule: nexus.Schedule, kernel: nexus.Kernel, *arguments: Any) -> nexus.Command:
    """Record a launch of 4 items."""
    command = schedule.create_command(kernel)
    command.set_arguments(*arguments)
    command.finalize(2, 4)
    return command


# ---- numbers -----------------------------------------------------------------------------------


def test_numbers_take_the_type_of_the_argument(
    device: nexus.Device, schedule: nexus.Schedule, compiled: nexus.Library
) -> None:
    x = device.create_buffer(np.ones(4, np.float32))
    command = recorded(schedule, compiled.get_kernel("scale"), 3, x)
    for factor in (3, 3.0, np.float32(3), np.array(3, np.float32), True + 2):
        x.fill(1)
        command.set_scalar(index=0, value=factor)
        schedule.run()
        assert x.numpy().tolist() == [3] * 4
    command.set_scalar(0, 2, dtype="f32")
    schedule.run()
    assert x.numpy().tolist() == [6] * 4


@pytest.mark.parametrize(
    ("value", "dtype", "error", "words"),
    [
        (1e300, None, ValueError, "too large for F32"),
        (np.float64(1), None, TypeError, "takes F32 and got F64"),
        (np.int32(1), None, TypeError, "takes F32 and got I32"),
        (1, "i32", TypeError, "takes F32 and got I32"),
        ("1", None, TypeError, "got .1., a str; give a number"),
        (None, None, TypeError, "is no number"),
        (np.ones(2, np.float32), None, TypeError, "not a number|one value|is a number"),
        (1 + 2j, None, TypeError, "F32 is a number"),
    ],
)
def test_a_number_that_does_not_fit_is_refused(
    schedule: nexus.Schedule,
    compiled: nexus.Library,
    value: Any,
    dtype: Any,
    error: type[Exception],
    words: str,
) -> None:
    command = schedule.create_command(compiled.get_kernel("scale"))
    with pytest.raises(error, match=words):
        command.set_scalar(0, value, dtype)


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 1 << 200])
def test_an_integer_out_of_range_is_refused(
    schedule: nexus.Schedule, compiled: nexus.Library, value: int
) -> None:
    command = schedule.create_command(compiled.get_kernel("spin"))
    with pytest.raises(ValueError, match="I32 holds -2147483648 to 2147483647"):
        command.set_scalar(0, value)


def test_a_buffer_where_a_number_belongs_is_refused(
    device: nexus.Device, schedule: nexus.Schedule, compiled: nexus.Library
) -> None:
    command = schedule.create_command(compiled.get_kernel("scale"))
    with pytest.raises(nexus.InvalidArgumentError, match="is a value and got a buffer"):
        command.set_buffer(0, device.create_buffer(4))
    with pytest.raises(TypeError, match="is a buffer and got the number"):
        command.set_scalar(1, np.float32(1))
    with pytest.raises(nexus.InvalidArgumentError, match="no argument 5"):
        command.set_scalar(5, np.float32(1))
    for index in (-1, 1 << 40):
        with pytest.raises(IndexError):
            command.set_scalar(index, np.float32(1))


def test_a_kernel_without_a_record_needs_types(null_device: nexus.Device) -> None:
    kernel = null_device.create_library(b"any").get_kernel("k")
    command = null_device.create_schedule().create_command(kernel)
    with pytest.raises(TypeError, match="type is not known: give dtype"):
        command.set_scalar(0, 1)
    command.set_scalar(0, 1, "i64")
    command.set_scalar(1, np.float16(1))
    command.set_buffer(2, bytearray(8))


def test_structs_are_passed_by_value(device: nexus.Device, schedule: nexus.Schedule) -> None:
    library = device.compile(
        """
        #include <nexus/kernel.h>
        typedef struct { float slope; int offset; } line;
        NXS_KERNEL(draw, val(line, l), out(float, y)) {
          int i = nxs_global_id(0);
          y[i] = l.slope * i + l.offset;
        }
        """
    )

    class Line(ctypes.Structure):
        _fields_ = (("slope", ctypes.c_float), ("offset", ctypes.c_int32))

    y = np.zeros(4, np.float32)
    command = recorded(schedule, library.get_kernel("draw"), bytes(8), y)
    record = np.array([(2, 1)], [("slope", "f4"), ("offset", "i4")])
    for struct in (Line(2, 1), record, record[0], record.tobytes(), bytearray(record.tobytes())):
        y[:] = 0
        command.set_struct(0, struct)
        schedule.run()
        assert y.tolist() == [1, 3, 5, 7]
    with pytest.raises(TypeError, match="type that nexus does not know: give its bytes"):
        command.set_scalar(0, 1)
    with pytest.raises(nexus.InvalidArgumentError, match="has 8 bytes and got 3"):
        command.set_struct(0, b"abc")
    for wrong, error in ((b"", ValueError), (5, TypeError), ("text", TypeError), (None, TypeError)):
        with pytest.raises(error):
            command.set_struct(0, wrong)  # type: ignore[arg-type]


# ---- sizes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size", [4, [4], (4,), [4, 1], (4, 1, 1), np.int64(4), np.array([4, 1]), [np.int32(4)]]
)
def test_sizes_are_ints_or_sequences(
    schedule: nexus.Schedule, increment: nexus.Kernel, size: Any
) -> None:
    command = schedule.create_command(increment)
    command.finalize(size, size)
    assert command.get_property_int_vec("GroupSize") == [4, 1, 1]
    assert command.get_property_int_vec("GridSize") == [4, 1, 1]


@pytest.mark.parametrize(
    ("size", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (1 << 31, ValueError),
        (1 << 100, ValueError),
        ([], ValueError),
        ([1, 2, 3, 4], ValueError),
        ([1, 0], ValueError),
        ("4", TypeError),
        (4.0, TypeError),
        ([4.0], TypeError),
        (None, TypeError),
        ({4}, TypeError),
        (np.ones((2, 2), int), TypeError),
        (np.array([1.5]), TypeError),
    ],
)
def test_a_size_that_cannot_be_is_refused(
    schedule: nexus.Schedule, increment: nexus.Kernel, size: Any, error: type[Exception]
) -> None:
    command = schedule.create_command(increment)
    with pytest.raises(error, match="group_size"):
        command.finalize(size, 4)
    with pytest.raises(error, match="grid_size"):
        command.finalize(4, size)


def test_group_memory_is_set_and_taken_away(
    schedule: nexus.Schedule, increment: nexus.Kernel
) -> None:
    command = schedule.create_command(increment)
    command.finalize(4, 4, group_memory=1024)
    assert command.get_property_int("GroupMemorySize") == 1024
    command.finalize(4, 4)
    assert command.get_property_int("GroupMemorySize") == 0
    for wrong, error in (
        (-1, ValueError),
        ("1", TypeError),
        (1.0, TypeError),
        (1 << 70, ValueError),
    ):
        with pytest.raises(error, match="group_memory"):
            command.finalize(4, 4, group_memory=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="group memory of"):
        command.finalize(4, 4, group_memory=1 << 40)
