"""Kernels after the ideas of the SHOC suite, each compared with NumPy.

Written anew from what the suite's papers and pages say of them: `scan` (sums of parts, sums of the
sums, and the parts again), `spmv` (a sparse matrix by rows, several items for each) and
`lennard_jones` (molecular dynamics over lists of neighbours). Sizes are no multiple of any group.
"""

from __future__ import annotations

import numpy as np
import pytest

from opencl.suites import Suite, groups_for, vector


@pytest.mark.parametrize("n", [4099, 1024, 257, 2])
def test_scan(suite: Suite, n: int) -> None:
    group = 64
    x = np.random.default_rng(1).integers(0, 2**20, n, dtype=np.uint32)
    grid = groups_for(-(-n // 4), group)
    n_parts = grid // group
    d_x, y, sums = suite.buffer(x), suite.zeros(n, np.uint32), suite.zeros(n_parts, np.uint32)
    part_sums, scan_sums = suite.kernel("scan", "part_sums"), suite.kernel("scan", "scan_sums")
    part_sums(d_x, sums, n, grid=grid, group=group, group_memory=4 * group)
    scan_sums(sums, n_parts, grid=group, group=group, group_memory=2 * 4 * group)
    kept = [2 * 4 * group, 4]  # bytes
    suite.kernel("scan", "scan_parts")(d_x, sums, y, n, *kept, grid=grid, group=group)
    np.testing.assert_array_equal(y.numpy(), np.cumsum(x, dtype=np.uint32))


def test_spmv(suite: Suite) -> None:
    n_rows, n_columns, lanes, group = 203, 150, 16, 64
    rng = np.random.default_rng(2)
    lengths = rng.integers(0, 50, n_rows)  # some rows are empty
    lengths[[0, -1]] = 0, 1
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    columns = rng.integers(0, n_columns, starts[-1], dtype=np.int32)
    values = rng.random(starts[-1], dtype=np.float32) - np.float32(0.5)
    x = rng.random(n_columns, dtype=np.float32)
    y = suite.zeros(n_rows, np.float32)
    inputs = [suite.buffer(array) for array in (values, columns, starts, x)]
    grid = groups_for(n_rows * lanes, group)
    suite.kernel("spmv")(*inputs, y, n_rows, grid=grid, group=group, group_memory=4 * group)
    products = values.astype(np.float64) * x[columns]
    expected = np.bincount(np.repeat(np.arange(n_rows), lengths), products, n_rows)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-5, atol=1e-5)


def test_lennard_jones(suite: Suite) -> None:
    n_atoms, n_neighbours, group, cutoff2, strength = 333, 24, 32, 9.0, (1.5, 2.0)
    rng = np.random.default_rng(3)
    lattice = np.stack(np.meshgrid(*[np.arange(7)] * 3), -1).reshape(-1, 3)[:n_atoms]
    positions = (1.2 * lattice + rng.uniform(-0.1, 0.1, (n_atoms, 3))).astype(np.float32)
    apart = positions[:, None].astype(np.float64) - positions
    distance2 = (apart**2).sum(2)
    np.fill_diagonal(distance2, np.inf)
    neighbours = np.argsort(distance2, 1)[:, :n_neighbours].astype(np.int32)
    d_positions = suite.buffer(np.pad(positions, ((0, 0), (0, 1))))
    d_neighbours = suite.buffer(np.ascontiguousarray(neighbours.T))
    force = suite.zeros((n_atoms, 4), np.float32)
    settings = [n_atoms, n_neighbours, cutoff2, vector(strength, np.float32)]
    grid = groups_for(n_atoms, group)
    suite.kernel("lennard_jones", "forces")(
        d_positions, d_neighbours, force, *settings, grid=grid, group=group
    )
    near = np.take_along_axis(distance2, neighbours, 1)
    assert (near >= cutoff2).any() and (near < cutoff2).any()
    inverse6 = near**-3
    pull = np.where(near < cutoff2, inverse6 * (strength[0] * inverse6 - strength[1]) / near, 0)
    arrows = np.take_along_axis(apart, neighbours[..., None], 1)
    expected = (pull[..., None] * arrows).sum(1)
    np.testing.assert_allclose(force.numpy()[:, :3], expected, rtol=1e-4, atol=1e-4)
    assert not force.numpy()[:, 3].any()
