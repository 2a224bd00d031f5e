"""Grids: every item runs once, and no other, in whatever groups; groups share memory."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.harness import Array, Lab, refused
from nexus.bindings.enums import CommandOption, Property, RunFlags, Status
from nexus.bindings.nxs import Backend

Sizes = tuple[int, int, int]
GRIDS: list[tuple[Sizes, Sizes]] = [  # (grid, group)
    ((1, 1, 1), (1, 1, 1)),
    ((7, 1, 1), (7, 1, 1)),
    ((97, 1, 1), (1, 1, 1)),
    ((97, 1, 1), (10, 1, 1)),
    ((3, 1, 1), (64, 1, 1)),
    ((13, 11, 1), (4, 3, 1)),
    ((1, 97, 1), (2, 10, 1)),
    ((16, 8, 1), (8, 8, 1)),
    ((9, 7, 5), (4, 3, 2)),
    ((1, 1, 31), (1, 1, 8)),
    ((5, 1, 9), (1, 1, 9)),
    ((90, 40, 3), (16, 4, 1)),
]


def expected_ids(grid: Sizes, group: Sizes) -> Array:
    """Return what the kernels item_ids and group_ids write: six numbers for each item."""
    z, y, x = np.meshgrid(*(np.arange(n) for n in reversed(grid)), indexing="ij")
    groups = [-(-items // size) for items, size in zip(grid, group, strict=True)]

    def packed(a: Array | int, b: Array | int, c: Array | int) -> Array:
        return np.broadcast_to(np.asarray(a + 100 * b + 10000 * c), x.shape)

    columns = [
        np.ones(x.shape),
        packed(x % group[0], y % group[1], z % group[2]),
        packed(x // group[0], y // group[1], z // group[2]),
        packed(*group),
        packed(*groups),
        packed(*grid),
    ]
    return np.stack(columns, axis=-1).reshape(-1, 6).astype(np.int32)


@pytest.mark.parametrize(("grid", "group"), GRIDS)
def test_every_item_runs_once_and_knows_its_place(lab: Lab, grid: Sizes, group: Sizes) -> None:
    lab.needs("kernels_compute")
    ids = lab.buffer(np.zeros((int(np.prod(grid)), 6), np.int32))
    lab.run_kernel("item_ids", [ids], grid, group)
    np.testing.assert_array_equal(lab.read(ids, np.int32).reshape(-1, 6), expected_ids(grid, group))


@pytest.mark.parametrize(
    "grid", [(4, 2, 3), (8, 4, 6), (9, 5, 7), (1, 1, 1), (3, 9, 2), (90, 3, 4)]
)
def test_every_item_of_a_group_kernel_runs_once(lab: Lab, grid: Sizes) -> None:
    lab.needs("kernels_compute")
    ids = lab.buffer(np.zeros((int(np.prod(grid)), 6), np.int32))
    lab.run_kernel("group_ids", [ids], grid, (4, 2, 3))
    expected = expected_ids(grid, (4, 2, 3))
    np.testing.assert_array_equal(lab.read(ids, np.int32).reshape(-1, 6), expected)


def test_no_item_outside_of_the_grid_writes(lab: Lab) -> None:
    lab.needs("kernels_compute")
    x = lab.buffer(np.ones(100, np.float32))
    y = lab.buffer(np.full(100, -1, np.float32))
    lab.run_kernel("scale", [np.float32(4), x, y], grid=33, group=32)
    assert lab.read(y, np.float32).tolist() == [4] * 33 + [-1] * 67


@pytest.mark.parametrize("group", [1, 3, 64, 256])
def test_a_large_grid_is_counted_to_the_last_item(lab: Lab, group: int) -> None:
    lab.needs("kernels_compute")
    counter = lab.buffer(np.zeros(1, np.int32))
    lab.run_kernel("count", [counter], grid=100_003, group=group)
    assert lab.read(counter, np.int32).tolist() == [100_003]


def test_the_items_of_a_group_share_memory(lab: Lab) -> None:
    lab.needs("kernels_compute")
    numbers = np.arange(64 * 9, dtype=np.int32)
    x, y = lab.buffer(numbers), lab.buffer(np.zeros_like(numbers))
    lab.run_kernel("turn_around", [x, y], grid=numbers.size, group=64)
    expected = numbers.reshape(9, 64)[:, ::-1].reshape(-1)
    np.testing.assert_array_equal(lab.read(y, np.int32), expected)


@pytest.mark.parametrize("group", [(1, 1, 1), (5, 2, 3), (4, 1, 3), (4, 2, 2), (2, 4, 3)])
def test_a_kernel_made_for_one_group_size_refuses_others(lab: Lab, group: Sizes) -> None:
    lab.needs("kernel_info")
    schedule = lab.schedule()
    command = lab.dispatch(schedule, "group_ids", [lab.buffer(24)], (1, 1, 1), (4, 2, 3))
    with refused(Status.InvalidWorkGroupSize):
        lab.api.finalize_command(command, group, (24, 24, 24))


# ---- sizes that are refused --------------------------------------------------------------------


def dispatch(lab: Lab) -> int:
    """Return a dispatch that takes any group."""
    return lab.dispatch(lab.schedule(), "count", [lab.buffer(4)])


@pytest.mark.parametrize("sizes", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (0, 0, 0)])
def test_groups_and_grids_of_nothing_are_refused(lab: Lab, sizes: Sizes) -> None:
    with refused(Status.InvalidWorkGroupSize, Status.InvalidWorkItemSize):
        lab.api.finalize_command(dispatch(lab), sizes, 1)
    with refused(Status.InvalidGlobalWorkSize):
        lab.api.finalize_command(dispatch(lab), 1, sizes)


@pytest.mark.parametrize("size", [2**31, 2**32 - 1])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_grid_of_more_than_an_int_in_one_dimension_is_refused(
    lab: Lab, size: int, axis: int
) -> None:
    grid = [1, 1, 1]
    grid[axis] = size
    with refused(Status.InvalidGlobalWorkSize):
        lab.api.finalize_command(dispatch(lab), 1, grid)


def test_a_grid_whose_groups_cannot_be_counted_is_refused(lab: Lab) -> None:
    with refused(Status.InvalidGlobalWorkSize):
        lab.api.finalize_command(dispatch(lab), 1, [2**31 - 1] * 3)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_group_beyond_the_devices_limit_is_refused(lab: Lab, axis: int) -> None:
    lab.needs("group_limits")
    most = lab.api.get_device_property(lab.device, Property.MaxThreadsPerBlock)
    group = [1, 1, 1]
    group[axis] = most + 1
    with refused(Status.InvalidWorkGroupSize, Status.InvalidWorkItemSize):
        lab.api.finalize_command(dispatch(lab), group, 1)
    with refused(Status.InvalidWorkGroupSize, Status.InvalidWorkItemSize):
        lab.api.finalize_command(dispatch(lab), [most, 2, 1], 1)


def test_sizes_that_were_refused_leave_those_before(lab: Lab, api: Backend) -> None:
    command = dispatch(lab)
    api.finalize_command(command, [2, 1, 1], [5, 1, 1])
    with refused(Status.InvalidGlobalWorkSize):
        api.finalize_command(command, [3, 1, 1], [0, 1, 1])
    assert lab.get("command", command, Property.GroupSize) == [2, 1, 1]
    assert lab.get("command", command, Property.GridSize) == [5, 1, 1]


# ---- dynamic group memory ----------------------------------------------------------------------


def test_group_memory_is_as_large_as_it_was_asked_for(lab: Lab, api: Backend) -> None:
    lab.needs("native_kernels", "group_memory_told")
    schedule, out = lab.schedule(), lab.buffer(8)
    command = lab.dispatch(schedule, lab.kernel("group_memory_size", "native"), [out])
    for nbytes in (0, 1, 4096, 0):
        api.set_command_option(command, CommandOption.GroupMemoryBytes, nbytes)
        assert lab.get("command", command, Property.GroupMemorySize) == nbytes
        lab.run(schedule)
        assert lab.read(out, np.uint64).tolist() == [nbytes]


def test_each_group_has_its_group_memory(lab: Lab, api: Backend) -> None:
    lab.needs("native_kernels")
    numbers = np.arange(64 * 500, dtype=np.int64)
    x, sums = lab.buffer(numbers), lab.buffer(500 * 8)
    schedule, kernel = lab.schedule(), lab.kernel("sum_in_group_memory", "native")
    command = lab.dispatch(schedule, kernel, [x, sums], grid=numbers.size, group=64)
    api.set_command_option(command, CommandOption.GroupMemoryBytes, 64 * 8)
    for _ in range(5):
        lab.run(schedule)
        np.testing.assert_array_equal(lab.read(sums, np.int64), numbers.reshape(500, 64).sum(1))


def test_group_memory_grows_with_the_next_dispatch(lab: Lab, api: Backend) -> None:
    lab.needs("native_kernels")
    kernel, neighbours = lab.kernel("sum_in_group_memory", "native"), []
    largest = min(lab.api.get_device_property(lab.device, Property.MaxThreadsPerBlock), 4096)
    for n in (8, largest):  # the second needs more than the first had, and may not write beside it
        neighbours += [lab.buffer(np.full(256, 7, np.uint8)) for _ in range(100)]
        schedule, sums = lab.schedule(), lab.buffer(8)
        numbers = lab.buffer(np.arange(n, dtype=np.int64))
        command = lab.dispatch(schedule, kernel, [numbers, sums], grid=n, group=n)
        api.set_command_option(command, CommandOption.GroupMemoryBytes, n * 8)
        lab.run(schedule, flags=RunFlags.Blocking)
        assert lab.read(sums, np.int64).tolist() == [n * (n - 1) // 2]
    assert all((lab.read(buffer) == 7).all() for buffer in neighbours)


def test_the_most_group_memory_can_be_had_and_no_byte_more(lab: Lab, api: Backend) -> None:
    lab.needs("native_kernels")
    most = api.get_device_property(lab.device, Property.MaxThreadgroupMemorySize)
    schedule, x, sums = lab.schedule(), lab.buffer(np.arange(8)), lab.buffer(8)
    kernel = lab.kernel("sum_in_group_memory", "native")
    command = lab.dispatch(schedule, kernel, [x, sums], grid=8, group=8)
    api.set_command_option(command, CommandOption.GroupMemoryBytes, most)
    with refused(Status.MaxSizeRestrictionExceeded):
        api.set_command_option(command, CommandOption.GroupMemoryBytes, most + 1)
    lab.run(schedule)
    assert lab.read(sums, np.int64).tolist() == [28]


def test_what_a_kernel_has_of_its_own_is_no_dispatchs(lab: Lab, api: Backend) -> None:
    most = api.get_device_property(lab.device, Property.MaxThreadgroupMemorySize)
    kernel, numbers = lab.kernel("turn_around"), np.arange(64, dtype=np.int32)
    own = 0  # where group memory is the stack of a thread
    if Property.GroupMemorySize in lab.get("kernel", kernel, Property.Keys):
        own = lab.get("kernel", kernel, Property.GroupMemorySize)
    schedule, x, y = lab.schedule(), lab.buffer(numbers), lab.buffer(numbers.nbytes)
    command = lab.dispatch(schedule, kernel, [x, y], grid=64, group=64)
    if own:
        with refused(Status.MaxSizeRestrictionExceeded, match=f"has {most} .*{own} of its own"):
            api.set_command_option(command, CommandOption.GroupMemoryBytes, most - own + 1)
    api.set_command_option(command, CommandOption.GroupMemoryBytes, most - own)
    lab.run(schedule)
