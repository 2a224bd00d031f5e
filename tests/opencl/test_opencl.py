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


LOCALS = """
kernel void two(global int *x, local int *a, local int *b) {
  local int own[16];
  const size_t i = get_local_id(0);
  a[i] = x[i]; own[i] = 2 * x[i]; b[i] = 4 * x[i];
  barrier(CLK_LOCAL_MEM_FENCE);
  x[i] = a[7 - i] + own[7 - i] + b[7 - i];
}
kernel void one(global int *x, local int *a) {
  local int own[16];
  const size_t i = get_local_id(0);
  a[i] = own[i] = x[i];
  barrier(CLK_LOCAL_MEM_FENCE);
  x[i] = a[7 - i] + own[7 - i];
}
"""


def test_several_arguments_in_group_memory_each_take_their_size(device: nexus.Device) -> None:
    kernel = device.compile(LOCALS).get_kernel("two")
    x = device.create_buffer(np.arange(8, dtype=np.int32))
    kernel(x, 32, np.uint64(32), grid=8, group=8)
    assert x.numpy().tolist() == [7 * n for n in range(7, -1, -1)]


@pytest.mark.parametrize(("a", "b"), [(0, 32), (32, 0), (2**40, 32), (2**63, 2**63)])
def test_group_memory_that_is_not_there_is_refused(device: nexus.Device, a: int, b: int) -> None:
    kernel = device.compile(LOCALS).get_kernel("two")
    x = device.create_buffer(np.arange(8, dtype=np.int32))
    with pytest.raises(
        nexus.NexusError, match=r"argument \d \((a|b)\) of kernel two gets \d+ bytes"
    ) as caught:
        kernel(x, a, b, grid=8, group=8)
    assert caught.value.function == "nxsRunSchedule"  # before anything is handed to the driver
    assert x.numpy().tolist() == list(range(8))


def test_what_a_kernel_has_of_its_own_is_not_given_twice(device: nexus.Device) -> None:
    most = device.get_property("MaxThreadgroupMemorySize")
    library, x = device.compile(LOCALS), device.create_buffer(np.arange(8, dtype=np.int32))
    with pytest.raises(
        nexus.NexusError, match=f"has {most} for .* of which kernel one has 64 of its own"
    ):
        library.get_kernel("one")(x, grid=8, group=8, group_memory=most)
    with pytest.raises(nexus.NexusError, match=rf"of which {most - 64 - 32} are left"):
        library.get_kernel("two")(x, 32, most - 64, grid=8, group=8)
    library.get_kernel("one")(x, grid=8, group=8, group_memory=most - 64)
    assert x.numpy().tolist() == [2 * n for n in range(7, -1, -1)]


def test_a_kernel_with_more_group_memory_than_there_is_is_refused(device: nexus.Device) -> None:
    most = device.get_property("MaxThreadgroupMemorySize")
    kernel = device.compile(LOCALS.replace("16", str(most))).get_kernel("one")
    x = device.create_buffer(np.zeros(8, np.int32))
    with pytest.raises(nexus.NexusError, match=f"kernel one has {4 * most} bytes of group memory"):
        kernel(x, grid=8, group=8, group_memory=32)


def test_a_vector_is_given_as_its_bytes(device: nexus.Device) -> None:
    source = "kernel void f(global float *y, float4 v) { y[0] = v.x + v.w; }"
    kernel, y = device.compile(source).get_kernel("f"), device.create_buffer(1, "f32")
    v = np.array([1, 2, 3, 4], np.float32)
    kernel(y, v.tobytes(), grid=1)
    assert y.numpy().tolist() == [5]
    with pytest.raises(TypeError, match=r"float4 v. of kernel f is a value and got an array; give"):
        kernel(y, v, grid=1)


def test_a_type_that_nexus_does_not_know_takes_a_numpy_scalar(device: nexus.Device) -> None:
    source = "typedef uint word; kernel void f(global uint *y, word v) { y[0] = v; }"
    kernel, y = device.compile(source).get_kernel("f"), device.create_buffer(1, "u32")
    kernel(y, np.uint32(7), grid=1)
    assert y.numpy().tolist() == [7]
    with pytest.raises(TypeError, match=r"word v. of kernel f is of a type that nexus does not"):
        kernel(y, 7, grid=1)


def test_numbers_and_vectors_of_a_wrong_size_are_refused(device: nexus.Device) -> None:
    sizes = {"char": 1, "unsigned short": 2, "unsigned": 4, "float": 4, "ulong": 8}
    sizes |= {"char3": 4, "short2": 4, "uchar16": 16, "float3": 16, "float4": 16, "long8": 64}
    values = ", ".join(f"{name} v{i}" for i, name in enumerate(sizes, 1))
    source = f"kernel void f(global int *y, {values}) {{ y[0] = v1; }}"
    command = device.create_schedule().create_command(device.compile(source).get_kernel("f"))
    for i, nbytes in enumerate(sizes.values(), 1):
        for wrong in {nbytes - 1, nbytes + 1, nbytes // 2, 2 * nbytes} - {0}:
            with pytest.raises(nexus.InvalidArgumentError, match=rf"v{i}\) .*has {nbytes} bytes"):
                command.set_struct(i, bytes(wrong))
        command.set_struct(i, bytes(nbytes))


def test_kernels_that_take_images_are_refused(device: nexus.Device) -> None:
    library = device.compile(
        "kernel void f(read_only image2d_t i, global float4 *x, sampler_t s) {"
        "  x[0] = read_imagef(i, s, (int2)(0, 0)); }"
    )
    with pytest.raises(nexus.NexusError, match="takes a value of type image2d_t .argument 0, i."):
        library.get_kernel("f")


def test_a_native_kernel_takes_no_grid_that_groups_do_not_divide(device: nexus.Device) -> None:
    x = device.create_buffer(np.zeros(10, np.int32))
    with pytest.raises(nexus.NexusError, match="do not divide .* -cl-std=CL2.0 or CL3.0"):
        device.compile(SOURCE).get_kernel("add_one")(x, grid=10, group=4)


def test_a_view_may_begin_anywhere(device: nexus.Device) -> None:
    x = device.create_buffer(np.zeros(100, np.int32))
    device.compile(SOURCE).get_kernel("add_one")(x[33:43], grid=10, group=10)
    assert np.flatnonzero(x.numpy()).tolist() == list(range(33, 43))


def test_a_mistake_in_the_source_has_the_log_of_the_driver(device: nexus.Device) -> None:
    with pytest.raises(nexus.CompileError, match="does not compile") as caught:
        device.compile("kernel void f(global int *x) { x[0] = nobody; }")
    assert "nobody" in caught.value.log


MISTAKE = "NXS_KERNEL(f, in(float, x), out(float, y)) { y[0] = nobody; }"


@pytest.mark.parametrize(
    ("source", "where"),
    [
        (f"#include <nexus/kernel.h>\n{MISTAKE}\n", r"mine\.nxs:2:"),
        ({"a.nxs": "#include <nexus/kernel.h>\n", "b.nxs": f"\n\n{MISTAKE}\n"}, r"b\.nxs:3:"),
        ({"a.nxs": "int a;\n", "b.nxs": f"#include <nexus/kernel.h>\n{MISTAKE}"}, r"b\.nxs:2:"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(
    device: nexus.Device, source: str | dict[str, str], where: str
) -> None:
    if "Oclgrind" in device.name:
        pytest.skip("oclgrind's log counts the lines of all that it got, whatever #line says")
    with pytest.raises(nexus.CompileError, match=where):
        device.compile(source, {"name": "mine.nxs"})


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
