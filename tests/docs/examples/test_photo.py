"""The kernels of the photograph example compute what SciPy does."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from kernels import harness
from kernels.harness import Kernel
from nexus._internal import compilers

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "photo"
KERNELS = EXAMPLE / "kernels.nxs"
RNG = np.random.default_rng(11)
TOLERANCE = 2e-5  # absolute, of numbers in 0 ... 1; as photo.py states it


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return harness.load(harness.compiled(KERNELS), tmp_path_factory.mktemp("photo"))


def test_grey(library: ctypes.CDLL) -> None:
    rgb = RNG.integers(0, 256, (37, 3), dtype=np.uint8)
    grey = np.empty(37, np.float32)
    Kernel(library, "grey")(rgb, grey, grid=[37], group=[16], at_a_time=2)
    np.testing.assert_allclose(grey, rgb @ [0.299, 0.587, 0.114] / 255, atol=TOLERANCE)


@pytest.mark.parametrize("radius", [0, 1, 8, 32])
@pytest.mark.parametrize("shape", [(40, 300), (33, 256), (64, 33), (33, 513)])
@pytest.mark.parametrize(("name", "axis"), [("gauss_x", 1), ("gauss_y", 0)])
def test_gauss(
    library: ctypes.CDLL, name: str, axis: int, shape: tuple[int, int], radius: int
) -> None:
    image = RNG.random(shape, np.float32)
    result = np.empty_like(image)
    sigma = 2.5
    distance = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (distance / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    height, width = shape
    arguments = (image, weights, result, ctypes.c_int32(radius))
    Kernel(library, name)(*arguments, grid=[width, height], group=[256], at_a_time=3)
    expected = ndimage.gaussian_filter1d(image.astype(np.float64), sigma, axis, radius=radius)
    np.testing.assert_allclose(result, expected, atol=TOLERANCE)


@pytest.mark.parametrize("shape", [(1, 1), (1, 20), (20, 1), (40, 300), (31, 65)])
def test_sobel(library: ctypes.CDLL, shape: tuple[int, int]) -> None:
    image = RNG.random(shape, np.float32)
    result = np.empty_like(image)
    kernel = Kernel(library, "sobel")
    kernel(image, result, grid=shape[::-1], group=[256], at_a_time=3)
    exact = image.astype(np.float64)
    expected = np.hypot(ndimage.sobel(exact, axis=0), ndimage.sobel(exact, axis=1))
    np.testing.assert_allclose(result, expected, atol=TOLERANCE)


def run_example(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program on the photograph at its own size, three times."""
    for package in ("matplotlib", "PIL"):
        pytest.importorskip(package, reason=f"the example needs {package}: install the demo extra")
    command = [sys.executable, str(EXAMPLE / "photo.py"), "--scale", "1", "--repeats", "3"]
    command += ["--output", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_program_checks_and_saves(tmp_path: Path) -> None:
    done = run_example(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "photograph of 512 x 600 pixels" in done.stdout
    assert done.stdout.count("agrees with SciPy") == 3 * done.stdout.count("device time")
    pictures = {path.name for path in (tmp_path / "cpu-0").iterdir()}
    assert pictures == {f"{name}.png" for name in ("before", "grey", "blurred", "edges")} | {
        "side_by_side.png"
    }


def test_the_program_takes_a_compiled_library_and_notices_a_wrong_result(tmp_path: Path) -> None:
    wrong = KERNELS.read_text().replace("0.299f", "0.3f")
    library = tmp_path / "kernels.so"
    library.write_bytes(compilers.get("cc").compile(wrong).binary)
    done = run_example(tmp_path, "--library", str(library))
    assert done.returncode == 1
    assert "FAILED: cpu:0: grey differs from SciPy" in done.stderr
