"""Copies between two devices, which no driver makes by itself, happen where the stream has them."""

from __future__ import annotations

import textwrap

import pytest

from doubles import opencl_double

KINDS = [{}, {"svm": 1, "unified": 1}, {"platforms": 2, "devices": 1}]

LAB = """
from conformance.harness import Lab
from nexus.bindings import nxs
api = nxs.Backend("opencl")
labs = [Lab(api, n, {}, lambda name: ADD_ONE.encode(), {}) for n in (0, 1)]
a, b = (lab.buffer(np.arange(64, dtype=np.int32)) for lab in labs)
"""


@pytest.mark.parametrize("options", KINDS)
def test_copies_to_and_from_another_device_come_in_the_order_of_the_stream(
    options: dict[str, object],
) -> None:
    program = """
    schedule = labs[0].schedule()
    labs[0].dispatch(schedule, "add_one", [a], 64, 64)
    api.create_copy_command(schedule, a, 0, b, 128, 128)  # away, after the kernel
    labs[0].dispatch(schedule, "add_one", [a], 64, 64)
    api.create_copy_command(schedule, b, 128, a, 128, 128)  # and back, after both
    labs[0].dispatch(schedule, "add_one", [a], 64, 64)
    for _ in range(2):
        labs[0].run(schedule)
    x, y = np.arange(64), np.arange(64)
    for _ in range(2):
        x += 1
        y[32:] = x[:32]
        x += 1
        x[32:] = y[32:]
        x += 1
    assert labs[0].read(a, np.int32).tolist() == x.tolist()
    assert labs[1].read(b, np.int32).tolist() == y.tolist()
    """
    opencl_double.run(LAB + textwrap.dedent(program), pause_us=500, **options)


def test_a_fill_of_another_device_comes_in_the_order_of_the_stream() -> None:
    program = """
    schedule = labs[0].schedule()
    api.create_copy_command(schedule, a, 0, b, 0, 256)
    labs[0].fill(schedule, b, 1)
    api.create_copy_command(schedule, b, 0, a, 0, 256)
    labs[0].run(schedule)
    assert (labs[0].read(a) == 1).all() and (labs[1].read(b) == 1).all()
    """
    opencl_double.run(LAB + textwrap.dedent(program), pause_us=500)


def test_buffers_are_copied_between_devices() -> None:
    program = """
    x, y = zeros(64), zeros(64, "opencl:1")
    x.fill(3)
    x.copy_to(y)
    nexus.device("opencl:1").compile(ADD_ONE).get_kernel("add_one")(y, grid=64, group=64)
    run = y.copy_to(x, nbytes=128, blocking=False)
    run.wait(30)
    assert x.numpy().tolist() == [4] * 32 + [3] * 32
    kernel = nexus.device("opencl").compile(ADD_ONE).get_kernel("add_one")
    try:
        kernel(y, grid=64, group=64)
    except nexus.NexusError as error:
        assert "the buffer is on device 1 and the kernel on device 0" in str(error), error
    else:
        raise AssertionError("a kernel took a buffer of another device")
    """
    opencl_double.run(program)
