"""The type of a buffer's elements is compared with what the kernel says of its argument."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nexus

SOURCE = """
#include <nexus/kernel.h>
typedef struct { float a, b; } pair;
NXS_KERNEL(floats, inout(float, x)) { x[nxs_global_id(0)] += 1; }
NXS_KERNEL(ints, inout(int, x)) { x[nxs_global_id(0)] += 1; }
NXS_KERNEL(words, inout(unsigned short, x)) { x[nxs_global_id(0)] += 1; }
NXS_KERNEL(bytes, inout(unsigned char, x)) { x[nxs_global_id(0)] += 1; }
NXS_KERNEL(pairs, inout(pair, x)) { x[nxs_global_id(0)].a += 1; }
"""


@pytest.fixture(scope="session")
def library() -> nexus.Library:
    return nexus.get_runtime("cpu").get_device(0).compile(SOURCE)


REFUSED = [
    ("floats", "f64"), ("floats", "f16"), ("floats", "i32"), ("floats", "u32"), ("floats", "i8"),
    ("floats", "bool"), ("ints", "f32"), ("ints", "i64"), ("ints", "i16"), ("words", "f32"),
]  # fmt: skip
TAKEN = [
    ("floats", "f32"), ("floats", "u8"), ("floats", "c8"), ("ints", "i32"), ("ints", "u32"),
    ("ints", "u8"), ("words", "u16"), ("words", "i16"), ("words", "f16"), ("words", "bf16"),
    ("bytes", "u8"), ("bytes", "f64"), ("bytes", "fp8"), ("pairs", "f32"), ("pairs", "f64"),
    ("pairs", [("a", "f4"), ("b", "f4")]), ("floats", [("a", "f4")]),
]  # fmt: skip


def command_of(library: nexus.Library, name: str) -> nexus.Command:
    schedule = library.device.create_schedule()
    return schedule.create_command(library.get_kernel(name))


@pytest.mark.parametrize(("name", "dtype"), REFUSED)
def test_a_buffer_of_another_type_is_refused(library: nexus.Library, name: str, dtype: Any) -> None:
    buffer = library.device.create_buffer((8,), dtype)
    command = command_of(library, name)
    words = rf"argument 0 \(\w.* x\) of kernel {name} is a buffer of \w+ and got one of "
    words += buffer.element.name
    with pytest.raises(TypeError, match=words):
        command.set_buffer(0, buffer)
    with pytest.raises(TypeError, match=words):
        library.get_kernel(name)(buffer, grid=1)
    if isinstance(buffer.dtype, np.dtype):
        with pytest.raises(TypeError, match=words):
            command.set_buffer(0, np.zeros(8, buffer.dtype))
    command.set_buffer(0, buffer.sub_buffer(0, buffer.nbytes))  # what the message advises
    command.finalize(1, 1)
    assert command.parent.run() is None


@pytest.mark.parametrize(("name", "dtype"), TAKEN, ids=str)
def test_a_buffer_that_fits_is_taken(library: nexus.Library, name: str, dtype: Any) -> None:
    command = command_of(library, name)
    command.set_buffer(0, library.device.create_buffer((8,), dtype))
    command.finalize(1, 1)
    assert command.parent.run() is None


def test_bytes_of_an_array_are_taken(library: nexus.Library) -> None:
    x = np.zeros(4, np.int32)
    library.get_kernel("floats")(x.view("u1"), grid=4)
    assert x.view(np.float32).tolist() == [1] * 4


def test_an_argument_stays_after_a_refusal(library: nexus.Library) -> None:
    good = library.device.create_buffer(np.zeros(4, np.float32))
    command = command_of(library, "floats")
    command.set_buffer(0, good)
    command.finalize(4, 4)
    with pytest.raises(TypeError):
        command.set_buffer(0, np.zeros(4))
    command.parent.run()
    assert good.numpy().tolist() == [1] * 4


def test_nothing_is_compared_where_the_kernel_tells_nothing(null_device: nexus.Device) -> None:
    kernel = null_device.create_library(b"x").get_kernel("any")
    kernel(np.zeros(3), np.zeros(3, "c8"), grid=1)
