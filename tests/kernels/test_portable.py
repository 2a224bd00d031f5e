"""Every kernel of portable.nxs, on each compiler at hand, against NumPy."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from kernels import harness
from kernels.harness import Kernel, Triple
from nexus._internal import compilers

f32, f64, i32 = ctypes.c_float, ctypes.c_double, ctypes.c_int32
RNG = np.random.default_rng(7)
SIZES = [1, 2, 3, 63, 64, 65, 1000, 4099]


@pytest.fixture(scope="module", params=["host", "clang"])
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> ctypes.CDLL:
    """portable.nxs, compiled with the compiler that device.compile takes, and with clang."""
    folder: Path = tmp_path_factory.mktemp(str(request.param))
    if request.param == "host":
        return harness.load(harness.compiled(harness.PORTABLE), folder)
    clang = harness.other_clang()
    if clang is None:
        pytest.skip("no clang++ on this machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEXUS_CC", clang)
        made = compilers.get("cc").compile(harness.PORTABLE.read_text())
    return harness.load(made.binary, folder)


@pytest.mark.parametrize("at_a_time", [None, 1, 3])
@pytest.mark.parametrize("n", SIZES)
def test_saxpy_runs_every_item_once(library: ctypes.CDLL, n: int, at_a_time: int | None) -> None:
    x, y = RNG.random((2, n), np.float32)
    expected = np.float32(2.5) * x + y
    Kernel(library, "saxpy")(f32(2.5), x, y, grid=[n], group=[32], at_a_time=at_a_time)
    np.testing.assert_allclose(y, expected, rtol=1e-6)  # one rounding less where it is fused


def test_no_item_past_the_grid_runs(library: ctypes.CDLL) -> None:
    y = np.ones(128, np.float32)
    Kernel(library, "saxpy")(f32(1), np.ones(128, np.float32), y, grid=[100], group=[64])
    assert (y[:100] == 2).all()
    assert (y[100:] == 1).all()


def test_only_the_groups_of_the_call_run(library: ctypes.CDLL) -> None:
    kernel = Kernel(library, "saxpy")
    x, y = np.ones((2, 96), np.float32)
    values = [f32(1), ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data)]
    pointers = (ctypes.c_void_p * 3)(*map(ctypes.addressof, values))
    launch = harness.launch_of((96, 1, 1), (32, 1, 1), 1, 2)
    kernel.function(pointers, ctypes.byref(launch))
    assert y.tolist() == [1] * 32 + [2] * 32 + [1] * 32


@pytest.mark.parametrize("n", SIZES)
def test_return_ends_the_item(library: ctypes.CDLL, n: int) -> None:
    x = RNG.random(n, np.float32)
    y = np.empty_like(x)
    Kernel(library, "stencil5")(x, y, grid=[n], group=[50], at_a_time=2)
    expected = x.copy()
    if n > 4:
        weights = np.array([0.0625, 0.25, 0.375, 0.25, 0.0625])
        expected[2:-2] = np.convolve(x.astype(np.float64), weights, "valid")
    np.testing.assert_allclose(y, expected, rtol=1e-6)


def expected_ids(grid: Triple, group: Triple) -> np.ndarray:
    """Six numbers an item: local id, group id, group size, groups, grid, global id."""
    z, y, x = np.indices(grid[::-1]).reshape(3, -1)
    coordinates = np.stack([x, y, z])
    size = np.array(group)[:, None]
    groups = np.array(harness.groups_of(grid, group))[:, None]
    parts = [coordinates % size, coordinates // size, size, groups, np.array(grid)[:, None]]
    digits = np.array([1, 100, 10000])
    columns = [digits @ np.broadcast_to(part, coordinates.shape) for part in [*parts, coordinates]]
    return np.stack(columns, axis=1).astype(np.int32)


GRIDS: list[Triple] = [(1, 1, 1), (4, 4, 2), (13, 7, 5), (5, 1, 9), (1, 33, 2), (64, 3, 1)]


@pytest.mark.parametrize("at_a_time", [None, 1, 4])
@pytest.mark.parametrize("group", [(4, 4, 2), (5, 1, 3), (1, 1, 1), (64, 16, 1)])
@pytest.mark.parametrize("grid", GRIDS)
def test_items_know_where_they_are(
    library: ctypes.CDLL, grid: Triple, group: Triple, at_a_time: int | None
) -> None:
    n = grid[0] * grid[1] * grid[2]
    ids, visits = np.full((n, 6), -1, np.int32), np.zeros(1, np.int32)
    Kernel(library, "item_ids")(ids, visits, grid=grid, group=group, at_a_time=at_a_time)
    np.testing.assert_array_equal(ids, expected_ids(grid, group))
    assert visits[0] == n


@pytest.mark.parametrize("at_a_time", [None, 1, 4])
@pytest.mark.parametrize("grid", GRIDS)
def test_items_of_a_group_know_where_they_are(
    library: ctypes.CDLL, grid: Triple, at_a_time: int | None
) -> None:
    n = grid[0] * grid[1] * grid[2]
    ids, visits = np.full((n, 6), -1, np.int32), np.zeros(1, np.int32)
    kernel = Kernel(library, "group_ids")
    kernel(ids, visits, grid=grid, group=(4, 4, 2), at_a_time=at_a_time)
    np.testing.assert_array_equal(ids, expected_ids(grid, (4, 4, 2)))
    assert visits[0] == n - (grid[1] * grid[2] if grid[0] > 1 else 0)  # x = 1 is not counted


@pytest.mark.parametrize("n", [16, 64, 160])
def test_phases_see_what_was_written_before(library: ctypes.CDLL, n: int) -> None:
    a, b = RNG.random((2, n, n), np.float32)
    c = np.empty_like(a)
    Kernel(library, "matmul_tiled")(a, b, c, i32(n), grid=[n, n], group=[16, 16], at_a_time=3)
    np.testing.assert_allclose(c, a @ b, rtol=1e-4)


@pytest.mark.parametrize("n", [1, 255, 256, 257, 5000])
def test_a_group_at_the_edge_is_smaller(library: ctypes.CDLL, n: int) -> None:
    x = RNG.random(n, np.float32)
    sums = np.full(-(-n // 256), -1, np.float32)
    Kernel(library, "block_sum")(x, sums, grid=[n], group=[256], at_a_time=2)
    parts = np.array([part.sum() for part in np.split(x, range(256, n, 256))])
    np.testing.assert_allclose(sums, parts, rtol=1e-5)


def test_shared_atomics_lose_nothing(library: ctypes.CDLL) -> None:
    counts, sums = np.zeros(1, np.uint32), np.zeros(1, np.float32)
    Kernel(library, "shared_atomics")(counts, sums, grid=[1000], group=[64], at_a_time=1)
    assert (counts[0], sums[0]) == (1000, 500)


@pytest.mark.parametrize("name", ["histogram", "histogram_global"])
def test_histogram(library: ctypes.CDLL, name: str) -> None:
    x = RNG.integers(0, 256, 256 * 20, dtype=np.uint8)
    bins = np.zeros(256, np.int32)
    Kernel(library, name)(x, bins, grid=[len(x)], group=[256])
    np.testing.assert_array_equal(bins, np.bincount(x, minlength=256))


@pytest.mark.parametrize(
    ("name", "dtype", "rtol"), [("maths", np.float32, 1e-6), ("maths_of_double", np.float64, 1e-14)]
)
def test_maths_agree_with_numpy(library: ctypes.CDLL, name: str, dtype: type, rtol: float) -> None:
    x: np.ndarray = np.linspace(0.5, 4, 501, dtype=dtype)
    expected = maths_rows(x.astype(np.float64))
    y: np.ndarray = np.empty(expected.shape, dtype)
    Kernel(library, name)(x, y, grid=[len(x)], group=[64])
    np.testing.assert_allclose(y, expected, rtol=rtol, atol=rtol / 5)


def maths_rows(v: np.ndarray) -> np.ndarray:
    """What the kernels `maths` and `maths_of_double` write, a row for each function."""
    rows = [np.sqrt(v), np.exp(v), np.exp2(v), np.log(v), np.log2(v), np.sin(v), np.cos(v)]
    rows += [np.tan(v / 4), np.tanh(v), np.floor(v), np.ceil(v), np.trunc(-v), np.floor(v + 0.5)]
    rows += [v, np.arctan2(v, 2), v**1.5, v * v + 1, np.maximum(v, 2), np.log10(v)]
    rows += [np.arcsin(v / 4), np.arccos(v / 4), np.arctan(v), np.sinh(v), np.cosh(v), v**-0.5]
    return np.array([*rows, np.fmod(v, 0.75), -v, np.minimum(v, 2)])


@pytest.mark.parametrize("n", SIZES)
def test_numbers_of_16_bits_are_read_and_written(library: ctypes.CDLL, n: int) -> None:
    x = RNG.standard_normal(n).astype(np.float16)
    y = np.empty_like(x)
    Kernel(library, "halves")(x, f32(3), y, grid=[n], group=[32])
    np.testing.assert_array_equal(y, (3 * x.astype(np.float32)).astype(np.float16))


def test_every_number_of_16_bits_is_read_and_rounded(library: ctypes.CDLL) -> None:
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    y = np.empty_like(x)
    with np.errstate(over="ignore", invalid="ignore"):
        for a in (1.0, 1 / 3, 1e-3, 7777):
            Kernel(library, "halves")(x, f32(a), y, grid=[len(x)], group=[256])
            expected = (np.float32(a) * x.astype(np.float32)).astype(np.float16)
            np.testing.assert_array_equal(y, expected)


def test_numbers_of_16_bits_are_calculated_with(library: ctypes.CDLL) -> None:
    x = np.linspace(-2, 2, 333).astype(np.float16)
    y, half = np.empty_like(x), np.float16(0.75)
    bits = ctypes.c_uint16(int(half.view(np.uint16)))
    Kernel(library, "half_arithmetic")(x, bits, y, grid=[len(x)], group=[32])
    expected = np.maximum((x * x + half) / np.float16(2) - half, half)
    np.testing.assert_allclose(y, expected, rtol=2e-3)  # gcc may keep a float between


def expected_atomics(x: np.ndarray, before: np.ndarray) -> tuple[list[int], set[int]]:
    """Return the numbers of ATOMICS after `x`, and the values that one of them may have."""
    bits = x.dtype.itemsize * 8
    total = sum(x.tolist()) + int(before[0])
    wrapped = np.array([total % 2**bits]).astype(f"u{bits // 8}").view(x.dtype)[0]
    least, most = min(before[1], x.min()), max(before[2], x.max())
    return [int(wrapped), int(least), int(most)], set(x.tolist())


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64, np.uint64])
@pytest.mark.parametrize("shared", [False, True], ids=["global", "shared"])
def test_atomics_lose_nothing(library: ctypes.CDLL, dtype: type, shared: bool) -> None:
    limits = np.iinfo(dtype)
    x = RNG.integers(limits.min // 2, limits.max // 2, 64, dtype=dtype)
    p: np.ndarray = np.array([1, limits.max, limits.min, 5, 0, 0, 0], dtype)
    expected, values = expected_atomics(x, p)
    name = f"atomics_{np.dtype(dtype).kind}{limits.bits}"
    name = ("shared_" if shared else "") + name
    Kernel(library, name)(x, p, grid=[64], group=[64])
    check_atomics(p, x, expected, values)


def check_atomics(p: np.ndarray, x: np.ndarray, expected: list[int], values: set[int]) -> None:
    """Compare the seven numbers of ATOMICS with what one order or another gives."""
    assert p[:3].tolist() == expected
    assert int(p[3]) in values, "the last of an exchange"
    with np.errstate(over="ignore"):  # what was exchanged is all that was given, but the last
        assert p[4] + p[3] == x.sum(dtype=x.dtype) + x.dtype.type(5)
    assert int(p[5]) in values and p[6] == 1, "one came first"


def test_doubles_are_added(library: ctypes.CDLL) -> None:
    x, total = RNG.random(1000), np.zeros(1)
    Kernel(library, "sums_of_double")(x, total, grid=[1000], group=[64])
    np.testing.assert_allclose(total[0], x.sum(), rtol=1e-12)


def test_numbers_of_every_kind(library: ctypes.CDLL) -> None:
    x = RNG.random(300, np.float32) * 4
    y, total = np.empty(300), np.zeros(1, np.float32)
    big, small = ctypes.c_int64(4294967296 + 5), ctypes.c_uint8(250)
    Kernel(library, "arithmetic")(x, y, total, big, small, f64(0.5), grid=[300], group=[7])
    cubes = np.minimum(x, 2) ** 3 + np.resize([1, 2, 3], 300) + x / 3
    np.testing.assert_allclose(y, 0.5 * (cubes + 5 + 250), rtol=1e-6)
    np.testing.assert_allclose(total[0], x.sum(), rtol=1e-4)


def test_sixteen_arguments(library: ctypes.CDLL) -> None:
    n = 33
    kernel = Kernel(library, "sixteen")
    scalars = [
        *(ctypes.c_int8(-1), ctypes.c_int16(-2), ctypes.c_int32(-3), ctypes.c_int64(-4)),
        *(ctypes.c_uint8(5), ctypes.c_uint16(6), ctypes.c_uint32(7), ctypes.c_uint64(8)),
        *(f32(0.25), f64(0.125)),
    ]
    kinds = (np.int8, np.uint16, np.int64, np.float64)
    arrays = [np.arange(n).astype(kind) for kind in kinds]
    counts, result = np.full(n, 2**63, np.uint64), np.empty(n)
    kernel(*scalars, *arrays, counts, result, grid=[n], group=[8])
    np.testing.assert_array_equal(result, 16.375 + 4 * np.arange(n))
    assert (counts == 2**63 + 1).all()


def test_a_struct_by_value(library: ctypes.CDLL) -> None:
    class Walk(ctypes.Structure):
        _fields_ = (("x", f32), ("y", f32), ("steps", i32))

    at = np.empty((10, 2), np.float32)
    Kernel(library, "walk_to")(Walk(0.5, -2, 3), at, grid=[10], group=[4])
    np.testing.assert_array_equal(at, np.outer(np.arange(10) * 3, [0.5, -2]))


def test_mandelbrot_stops_where_it_should(library: ctypes.CDLL) -> None:
    width, height, limit = 60, 40, 50
    counts = np.empty((height, width), np.int32)
    arguments = (counts, f32(-2), f32(-1), f32(0.05), i32(limit))
    Kernel(library, "mandelbrot")(*arguments, grid=[width, height], group=[16, 4])
    c = (-2 + 0.05 * np.arange(width)) + 1j * (-1 + 0.05 * np.arange(height))[:, None]
    z, expected = np.zeros_like(c), np.zeros(c.shape, np.int32)
    for _ in range(limit):
        inside = z.real**2 + z.imag**2 < 4
        expected += inside
        z = np.where(inside, z * z + c, z)
    # Items on the border of the set depend on the last bit.
    assert (counts == expected).mean() > 0.98


def test_the_record_says_what_the_source_says(library: ctypes.CDLL) -> None:
    saxpy, tiled = Kernel(library, "saxpy"), Kernel(library, "matmul_tiled")
    assert saxpy.args == [("a", "float", 4, "v"), ("x", "float", 4, "i"), ("y", "float", 4, "b")]
    assert saxpy.info.name == b"saxpy"
    assert saxpy.info.struct_size == ctypes.sizeof(harness.KernelInfo)
    assert list(saxpy.info.group) == [0, 0, 0]
    assert list(tiled.info.group) == [16, 16, 1]
    assert tiled.args[2:] == [("c", "float", 4, "o"), ("n", "nxs_int32", 4, "v")]
    assert Kernel(library, "walk_to").args[0] == ("w", "walk", 12, "v")
    assert Kernel(library, "sixteen").info.n_args == 16
