"""Kernels: found by name, with what is known of their arguments, and no other symbols."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.harness import Lab, refused
from nexus.bindings.enums import KernelFlags, Property, Status


def test_a_kernel_tells_what_it_is(lab: Lab) -> None:
    kernel = lab.kernel("scale")
    assert lab.get("kernel", kernel, Property.ID) == kernel
    assert lab.get("kernel", kernel, Property.Name) == "scale"
    assert lab.get("kernel", kernel, Property.Device) == lab.device


def test_a_kernel_tells_its_arguments(lab: Lab) -> None:
    lab.needs("kernel_info")
    kernel = lab.kernel("scale")
    assert lab.get("kernel", kernel, Property.Count) == 3
    assert lab.get("kernel", kernel, Property.ArgumentInfo) == [
        {"name": "a", "type": "float", "nbytes": 4, "access": "value"},
        {"name": "x", "type": "float", "nbytes": 4, "access": "in"},
        {"name": "y", "type": "float", "nbytes": 4, "access": "out"},
    ]


def test_the_size_of_every_scalar_type_is_told(lab: Lab) -> None:
    lab.needs("kernel_info")
    (out, *values) = lab.get("kernel", lab.kernel("scalars"), Property.ArgumentInfo)
    assert [value["nbytes"] for value in values] == [1, 1, 2, 2, 4, 4, 8, 8, 4, 8]
    assert {value["access"] for value in values} == {"value"}
    assert (out["nbytes"], out["access"]) == (8, "out")


@pytest.mark.parametrize(("name", "group"), [("group_ids", [4, 2, 3]), ("item_ids", [0, 0, 0])])
def test_the_fixed_group_of_a_kernel_is_told(lab: Lab, name: str, group: list[int]) -> None:
    lab.needs("kernel_info")
    assert lab.get("kernel", lab.kernel(name), Property.GroupSize) == group


# The last two are symbols of libraries that a library may rest on.
@pytest.mark.parametrize(
    "name", ["absent", "Scale", "scale ", "scal", "s" * 70_000, "malloc", "main"]
)
def test_a_name_that_the_library_does_not_have_is_refused(lab: Lab, name: str) -> None:
    lab.needs("kernel_info")
    for flags in (0, KernelFlags.Unchecked):
        with refused(Status.InvalidKernelName):
            lab.api.get_kernel(lab.library(), name, flags)


def test_an_empty_name_is_refused(lab: Lab) -> None:
    with refused(Status.InvalidValue):
        lab.api.get_kernel(lab.library(), "")


def test_a_symbol_that_is_data_is_no_kernel(lab: Lab) -> None:
    lab.needs("native_kernels")
    with refused(Status.InvalidKernelDefinition, Status.InvalidKernelName):
        lab.api.get_kernel(lab.library("native"), "fails__nxs_info")


def test_a_kernel_without_a_record_is_taken_unchecked_only(lab: Lab) -> None:
    lab.needs("native_kernels", "unchecked_kernels")
    library = lab.library("native")
    assert "without_record" not in lab.api.get_library_kernels(library)
    with refused(Status.InvalidKernelDefinition):
        lab.api.get_kernel(library, "without_record")
    kernel = lab.api.get_kernel(library, "without_record", KernelFlags.Unchecked)
    numbers = lab.buffer(np.zeros(10, np.int64))
    lab.run_kernel(lab.own("kernel", kernel), [numbers, np.int64(-7)], grid=10, group=4)
    assert lab.read(numbers, np.int64).tolist() == [-7] * 10


@pytest.mark.parametrize("n_args", [15, 16, 17, 40])
def test_an_unchecked_kernel_takes_as_many_arguments_as_it_gets(lab: Lab, n_args: int) -> None:
    lab.needs("native_kernels", "unchecked_kernels")
    kernel = lab.api.get_kernel(lab.library("native"), "sum_of_values", KernelFlags.Unchecked)
    out = lab.buffer(np.zeros(1, np.int64))
    values = [np.int64(n * n) for n in range(n_args - 2)]
    lab.run_kernel(lab.own("kernel", kernel), [out, np.int64(len(values)), *values])
    assert lab.read(out, np.int64).tolist() == [sum(n * n for n in range(n_args - 2))]


def test_a_value_in_the_place_of_a_buffer_lets_it_go(lab: Lab) -> None:
    lab.needs("native_kernels", "unchecked_kernels")
    kernel = lab.api.get_kernel(lab.library("native"), "without_record", KernelFlags.Unchecked)
    schedule, buffer = lab.schedule(), lab.buffer(8)
    command = lab.dispatch(schedule, lab.own("kernel", kernel), [buffer, np.int64(1)])
    assert lab.get("command", command, Property.Arguments) == [buffer, 0]
    lab.set(command, 0, np.int64(1))
    assert lab.get("command", command, Property.Arguments) == [0, 0]
    assert lab.get("buffer", buffer, Property.UseCount) == 0


def test_what_is_not_known_of_an_unchecked_kernel_is_not_answered(lab: Lab) -> None:
    lab.needs("native_kernels", "unchecked_kernels")
    kernel = lab.api.get_kernel(lab.library("native"), "without_record", KernelFlags.Unchecked)
    lab.own("kernel", kernel)
    keys = lab.get("kernel", kernel, Property.Keys)
    for property in (Property.ArgumentInfo, Property.Count):
        assert property not in keys
        with refused(Status.InvalidProperty):
            lab.get("kernel", kernel, property)


def test_a_recorded_kernel_outlives_its_handle(lab: Lab) -> None:
    library, counter, schedule = lab.load(), lab.buffer(4), lab.schedule()
    kernel = lab.kernel("count", library)
    command = lab.dispatch(schedule, kernel, [counter], grid=5)
    lab.api.release_kernel(kernel)
    lab.api.release_library(library)
    lab.run(schedule)
    assert lab.get("command", command, Property.Kernel) == kernel
    lab.needs("kernels_compute")
    assert lab.read(counter, np.int32).tolist() == [5]
