"""Kernels after the ideas of the Rodinia suite, each compared with NumPy.

Written anew from what the suite's papers and pages say of them: `hotspot` (heat in a chip, tiles
that shrink with each step), `pathfinder` (the cheapest way down a grid), `needle` (Needleman-Wunsch
by diagonals of tiles), `srad` (speckle reducing anisotropic diffusion), `kmeans` (assignment of
points), `lud` (LU decomposition by tiles) and `bfs` (breadth-first search by levels). Sizes are no
multiple of any group.
"""

from __future__ import annotations

import numpy as np
import pytest

import nexus
from opencl.suites import Array, Suite, groups_for, vector

TILE = 16  # of hotspot, needle and lud


# ---- hotspot -----------------------------------------------------------------------------------


def heat_step(now: Array, power: Array, rates: Array, air: float) -> Array:
    """Take one step of time, in double precision."""
    wide = np.pad(now, 1, mode="edge")
    sideways = wide[1:-1, :-2] + wide[1:-1, 2:] - 2 * now
    upwards = wide[:-2, 1:-1] + wide[2:, 1:-1] - 2 * now
    heated = rates[0] * power + rates[1] * sideways + rates[2] * upwards + rates[3] * (air - now)
    return np.asarray(now + heated)


@pytest.mark.parametrize(("rows", "columns"), [(37, 29), (1, 50), (12, 12)])
def test_hotspot(suite: Suite, rows: int, columns: int) -> None:
    inner, n_launches, steps = TILE - 4, 3, 2
    rng = np.random.default_rng(1)
    now, power = rng.uniform(320, 340, (rows, columns)), rng.uniform(0, 5, (rows, columns))
    rates, air = np.array([0.3, 0.1, 0.12, 0.01]), 300.0
    buffers = [suite.buffer(now.astype(np.float32)), suite.zeros((rows, columns), np.float32)]
    d_power = suite.buffer(power.astype(np.float32))
    grid = [groups_for(columns, inner) // inner * TILE, groups_for(rows, inner) // inner * TILE]
    for _ in range(n_launches):
        settings = [columns, rows, vector(list(rates), np.float32), air]
        suite.kernel("hotspot")(d_power, *buffers, *settings, grid=grid, group=[TILE, TILE])
        buffers.reverse()
    for _ in range(n_launches * steps):
        now = heat_step(now, power, rates, air)
    np.testing.assert_allclose(buffers[0].numpy(), now, rtol=1e-5)


# ---- pathfinder --------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(14, 203), (6, 54), (2, 7)])
def test_pathfinder(suite: Suite, rows: int, columns: int) -> None:
    halo, group = 5, 64
    wall = np.random.default_rng(2).integers(0, 100, (rows, columns), dtype=np.int32)
    d_wall, costs = suite.buffer(wall), [suite.buffer(wall[0]), suite.zeros(columns, np.int32)]
    n_groups = groups_for(columns, group - 2 * halo) // (group - 2 * halo)
    for first in range(1, rows, halo):
        settings = [columns, first, min(halo, rows - first)]
        suite.kernel("pathfinder")(
            d_wall, *costs, *settings, grid=n_groups * group, group=group, group_memory=4 * group
        )
        costs.reverse()
    expected = wall[0]
    for row in wall[1:]:
        wide = np.pad(expected, 1, constant_values=np.iinfo(np.int32).max)
        expected = row + np.minimum(np.minimum(wide[:-2], wide[2:]), expected)
    assert costs[0].numpy().tolist() == expected.tolist()


# ---- needle ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(45, 70), (16, 33), (3, 2)])
def test_needle(suite: Suite, rows: int, columns: int) -> None:
    penalty = 10
    likeness = np.random.default_rng(3).integers(-4, 12, (rows, columns), dtype=np.int32)
    scores = np.zeros((rows + 1, columns + 1), np.int32)
    scores[0], scores[:, 0] = -penalty * np.arange(columns + 1), -penalty * np.arange(rows + 1)
    d_likeness, d_scores = suite.buffer(likeness), suite.buffer(scores)
    wide, high = groups_for(columns, TILE) // TILE, groups_for(rows, TILE) // TILE
    for diagonal in range(wide + high - 1):
        first, last = max(0, diagonal - high + 1), min(diagonal, wide - 1)
        settings = [columns, rows, penalty, diagonal, first]
        grid = (last - first + 1) * TILE
        suite.kernel("needle")(d_likeness, d_scores, *settings, grid=grid, group=TILE)
    for y in range(rows):
        for x in range(columns):
            gap = max(scores[y, x + 1], scores[y + 1, x]) - penalty
            scores[y + 1, x + 1] = max(gap, scores[y, x] + likeness[y, x])
    np.testing.assert_array_equal(d_scores.numpy(), scores)


# ---- srad --------------------------------------------------------------------------------------


def slopes(picture: Array) -> list[Array]:
    """Return the differences to the pixels above, below, left and right."""
    wide = np.pad(picture, 1, mode="edge")
    parts = [wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]]
    return [part - picture for part in parts]


def smoothed(picture: Array, rate: float) -> Array:
    """Take one step of the diffusion, in double precision."""
    speckle = picture.var() / picture.mean() ** 2
    slope = slopes(picture)
    steep, laplacian = sum(s * s for s in slope) / picture**2, sum(slope) / picture
    q = (steep / 2 - laplacian**2 / 16) / (1 + laplacian / 4) ** 2
    flow = np.clip(1 / (1 + (q - speckle) / (speckle * (1 + speckle))), 0, 1)
    wide = np.pad(flow, ((0, 1), (0, 1)), mode="edge")
    weights = [flow, wide[1:, :-1], flow, wide[:-1, 1:]]
    return np.asarray(picture + rate / 4 * sum(w * s for w, s in zip(weights, slope, strict=True)))


def speckle_of(suite: Suite, picture: nexus.Buffer, n: int) -> float:
    """Return variance over squared mean; each group adds up a part."""
    group = 64
    grid = groups_for(n, group)
    partial = suite.zeros((grid // group, 2), np.float32)
    suite.kernel("srad", "sums")(picture, partial, n, grid=grid, group=group, group_memory=512)
    total, squares = partial.numpy().astype(np.float64).sum(0)
    mean = total / n
    return float((squares / n - mean**2) / mean**2)


def test_srad(suite: Suite) -> None:
    rows, columns, rate, group = 35, 50, 0.5, [16, 8]
    picture = np.exp(np.random.default_rng(4).normal(0, 0.3, (rows, columns)))
    now, then = suite.buffer(picture.astype(np.float32)), suite.zeros((rows, columns), np.float32)
    flow = suite.zeros((rows, columns), np.float32)
    grid = [groups_for(columns, group[0]), groups_for(rows, group[1])]
    for _ in range(3):
        speckle = speckle_of(suite, now, rows * columns)
        coefficients, update = suite.kernel("srad", "coefficients"), suite.kernel("srad", "update")
        coefficients(now, flow, columns, rows, speckle, grid=grid, group=group)
        update(then, now, flow, columns, rows, rate, grid=grid, group=group)
        now, then = then, now
        picture = smoothed(picture, rate)
    np.testing.assert_allclose(now.numpy(), picture, rtol=2e-4)


# ---- kmeans ------------------------------------------------------------------------------------


def test_kmeans(suite: Suite) -> None:
    n_points, n_features, n_centres, group = 509, 5, 7, 32
    rng = np.random.default_rng(5)
    points = rng.random((n_points, n_features), dtype=np.float32)
    centres = points[:n_centres].copy()
    d_points = suite.buffer(np.ascontiguousarray(points.T))
    owner, grid = suite.buffer(np.full(n_points, -1, np.int32)), groups_for(n_points, group)
    known = owner.numpy()
    for _ in range(4):
        changed = suite.zeros(1, np.int32)
        sizes = [n_points, n_features, n_centres]
        d_centres = suite.buffer(centres)
        suite.kernel("kmeans", "assign")(
            d_points, d_centres, owner, changed, *sizes, grid=grid, group=group
        )
        distances = ((points[:, None].astype(np.float64) - centres) ** 2).sum(2)
        found = owner.numpy()
        chosen = distances[np.arange(n_points), found]
        np.testing.assert_allclose(chosen, distances.min(1), rtol=1e-5)
        assert changed.numpy().tolist() == [int((found != known).sum())]
        known = found
        centres = np.array([points[known == c].mean(0) for c in range(n_centres)], np.float32)


# ---- lud ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [61, 16, 5])
def test_lud(suite: Suite, n: int) -> None:
    matrix = np.random.default_rng(6).random((n, n)) + n * np.eye(n)
    a = suite.buffer(matrix.astype(np.float32))
    for at in range(0, n, TILE):
        suite.kernel("lud", "diagonal")(a, n, at, grid=TILE, group=TILE)
        n_tiles = groups_for(max(n - at - TILE, 0), TILE) // TILE
        if n_tiles:
            suite.kernel("lud", "perimeter")(a, n, at, grid=n_tiles * TILE, group=TILE)
            grid = [n_tiles * TILE] * 2
            suite.kernel("lud", "internal")(a, n, at, grid=grid, group=[TILE, TILE])
    both = a.numpy().astype(np.float64)
    product = (np.tril(both, -1) + np.eye(n)) @ np.triu(both)
    np.testing.assert_allclose(product, matrix, rtol=1e-5, atol=1e-5)


# ---- bfs ---------------------------------------------------------------------------------------


def levels(first: Array, edges: Array, n: int) -> Array:
    """Return how many edges each node is away from node 0; -1: none leads there."""
    level = np.full(n, -1, np.int32)
    level[0], reached, depth = 0, np.array([0]), 0
    while reached.size:
        depth += 1
        ends = [edges[first[node] : first[node + 1]] for node in reached]
        reached = np.unique(np.concatenate(ends))
        reached = reached[level[reached] < 0]
        level[reached] = depth
    return level


def test_bfs(suite: Suite) -> None:
    n, group = 701, 64
    rng = np.random.default_rng(7)
    degrees = rng.integers(0, 4, n)  # some nodes lead nowhere, some cannot be reached
    first = np.concatenate([[0], np.cumsum(degrees)]).astype(np.int32)
    edges = rng.integers(0, n, first[-1], dtype=np.int32)
    start = (np.arange(n) == 0).astype(np.uint8)
    frontier, seen, reached = suite.buffer(start), suite.buffer(start), suite.zeros(n, np.uint8)
    level = suite.buffer(np.where(start, 0, -1).astype(np.int32))
    graph, grid = [suite.buffer(first), suite.buffer(edges)], groups_for(n, group)
    expand, settle = suite.kernel("bfs", "expand"), suite.kernel("bfs", "settle")
    for depth in range(1, n):
        goes_on = suite.zeros(1, np.int32)
        expand(*graph, frontier, seen, reached, n, grid=grid, group=group)
        settle(frontier, seen, reached, level, goes_on, depth, n, grid=grid, group=group)
        if not goes_on.numpy()[0]:
            break
    expected = levels(first, edges, n)
    assert 3 < expected.max() and (expected < 0).any()
    np.testing.assert_array_equal(level.numpy(), expected)
