"""What only the opencl runtime does, on the first device of the first driver that is here."""

from __future__ import annotations

import numpy as np
import pytest

import nexus
from doubles import fresh

SOURCE = """
kernel void add_one(global int *x) { x[get_global_id(0)] += 1; }
kernel void sums(global const int *x, global int *out, local int *kept) {
  const size_t i = get_local_id(0);
  kept[i] = x[get_global_id(0)];
  barrier(CLK_LOCAL_MEM_FENCE);
  if (i) return;
  int sum = 0;
  for (size_t k = 0; k < get_local_size(0); ++k) sum += kept[k];
  out[get_group_id(0)] = sum;
}
"""


def test_a_loader_without_a_platform_is_told() -> None:
    if "opencl" not in nexus.get_runtimes().names():
        pytest.skip("there is no OpenCL loader to start with")
    why = fresh.run("import nexus; print(nexus.unavailable_runtimes()['opencl'])")
    assert "the OpenCL loader is here and knows no platform: install a driver" in why


def test_group_memory_is_the_one_local_argument(device: nexus.Device) -> None:
    kernel = device.compile(SOURCE).get_kernel("sums")
    assert [argument.name for argument in kernel.info] == ["x", "out"]
    x, out = device.create_buffer(np.arange(64, dtype=np.int32)), device.create_buffer(8, "i32")
    kernel(x, out, grid=64, group=8, group_memory=32)
    assert out.numpy().tolist() == np.arange(64).reshape(8, 8).sum(1).tolist()


def test_group_memory_that_is_missing_fails_the_run_and_the_stream_goes_on(
    device: nexus.Device,
) -> None:
    library = device.compile(SOURCE)
    x, out = device.create_buffer(np.zeros(8, np.int32)), device.create_buffer(1, "i32")
    with pytest.raises(nexus.NexusError, match="works in group memory and got none"):
        library.get_kernel("sums")(x, out, grid=8, group=8)
    library.get_kernel("add_one")(x, grid=8, group=8)
    assert x.numpy().tolist() == [1] * 8


def test_a_native_kernel_takes_no_grid_that_groups_do_not_divide(device: nexus.Device) -> None:
    x = device.create_buffer(np.zeros(10, np.int32))
    with pytest.raises(nexus.NexusError, match="do not divide the grid"):
        device.compile(SOURCE).get_kernel("add_one")(x, grid=10, group=4)


def test_a_view_may_begin_anywhere(device: nexus.Device) -> None:
    x = device.create_buffer(np.zeros(100, np.int32))
    device.compile(SOURCE).get_kernel("add_one")(x[33:43], grid=10, group=10)
    assert np.flatnonzero(x.numpy()).tolist() == list(range(33, 43))


def test_a_mistake_in_the_source_has_the_log_of_the_driver(device: nexus.Device) -> None:
    with pytest.raises(nexus.CompileError, match="does not compile") as caught:
        device.compile("kernel void f(global int *x) { x[0] = nobody; }")
    assert "nobody" in caught.value.log


def test_the_child_of_a_fork_is_refused_with_a_sentence(device: nexus.Device) -> None:
    printed = fresh.run(
        """
        import os, nexus
        device = nexus.device("opencl")
        device.create_buffer(16)
        pid = os.fork()
        if pid == 0:
            try:
                device.create_buffer(16)
            except nexus.NexusError as error:
                print("forked after the OpenCL driver was started" in str(error), flush=True)
            os._exit(0)
        os.waitpid(pid, 0)
        """,
        **fresh.DRIVERS,
    )
    assert printed == "True\n"
