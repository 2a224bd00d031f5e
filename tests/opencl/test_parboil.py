"""Kernels after the ideas of the Parboil suite, each compared with NumPy.

Written anew from what the suite's papers and pages say of them: `histogram` (histo: counts that
stop at 255), `angles` (tpacf: pairs in the sky by the angle between them) and `coulomb` (cutcp: a
potential with a cutoff on a lattice). Sizes are no multiple of any group.
"""

from __future__ import annotations

import numpy as np

from opencl.suites import Suite, groups_for, vector


def test_histogram(suite: Suite) -> None:
    rows, columns, group = 43, 61, [16, 4]
    rng = np.random.default_rng(1)
    picture = rng.normal(128, 10, (rows, columns)).astype(np.uint16)
    picture[:8] = 7  # more often than a byte can say
    picture[-1, -1] = 999  # beyond the last bin, which it goes to
    counts, bins = suite.zeros(256, np.uint32), suite.zeros(256, np.uint8)
    grid = [groups_for(columns, group[0]), groups_for(rows, group[1])]
    picture_and_sizes = [suite.buffer(picture), counts, columns, rows]
    suite.kernel("histogram", "count")(*picture_and_sizes, grid=grid, group=group)
    suite.kernel("histogram", "saturate")(counts, bins, grid=64, group=16)
    expected = np.bincount(np.minimum(picture, 255).ravel(), minlength=256)
    assert expected.max() > 255
    np.testing.assert_array_equal(counts.numpy(), expected)
    np.testing.assert_array_equal(bins.numpy(), np.minimum(expected, 255))


def test_angles(suite: Suite) -> None:
    n, group = 201, 32
    places = np.random.default_rng(2).normal(size=(n, 3))
    places = (places / np.linalg.norm(places, axis=1)[:, None]).astype(np.float32)
    edges = np.cos(np.radians(np.geomspace(2, 170, 18))).astype(np.float32)
    histogram = suite.zeros(edges.size + 1, np.uint32)
    inputs = [suite.buffer(np.ascontiguousarray(column)) for column in places.T]
    settings = [n, suite.buffer(edges), edges.size + 1]
    grid = groups_for(n, group)
    suite.kernel("angles")(*inputs, *settings, histogram, grid=grid, group=group)
    cosines = (places.astype(np.float64) @ places.T)[np.triu_indices(n, 1)]
    found = histogram.numpy()
    assert found.sum() == cosines.size
    # A cosine may lie as near to an edge as its last bits are uncertain.
    at_least = [(cosines >= edge + 1e-6).sum() for edge in edges]
    at_most = [(cosines >= edge - 1e-6).sum() for edge in edges]
    beyond = np.cumsum(found)[:-1]
    assert (at_least <= beyond).all() and (beyond <= at_most).all()
    assert (found > 0).sum() > 15


def test_coulomb(suite: Suite) -> None:
    n_atoms, lattice, spacing, cutoff, group = 77, (13, 10, 9), 0.5, 2.5, [8, 4, 2]
    rng = np.random.default_rng(3)
    atoms = np.empty((n_atoms, 4), np.float32)
    atoms[:, :3] = rng.uniform(0, 1, (n_atoms, 3)) * lattice * spacing
    atoms[:, 3] = rng.uniform(-2, 2, n_atoms)
    x, y, z = lattice
    potential = suite.zeros((z, y, x), np.float32)
    settings = [vector(lattice, np.int32), spacing, cutoff**2]
    grid = [groups_for(size, by) for size, by in zip(lattice, group, strict=True)]
    suite.kernel("coulomb")(
        suite.buffer(atoms), n_atoms, potential, *settings, grid=grid, group=group,
        group_memory=16 * 64,
    )  # fmt: skip
    points = spacing * np.stack(np.meshgrid(*map(np.arange, (z, y, x)), indexing="ij"), -1)
    apart = points[..., None, ::-1] - atoms[:, :3].astype(np.float64)
    distance2 = (apart**2).sum(-1)
    fade = np.clip(1 - distance2 / cutoff**2, 0, None) ** 2
    expected = (atoms[:, 3] * fade / np.sqrt(distance2)).sum(-1)
    np.testing.assert_allclose(potential.numpy(), expected, rtol=1e-4, atol=1e-4)
