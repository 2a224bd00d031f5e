"""What the tests of kernels from benchmark suites are written with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import nexus

Array = npt.NDArray[Any]


def groups_for(n_items: int, group: int) -> int:
    """Return the smallest grid that holds so many items and that groups divide."""
    return -(-n_items // group) * group


def vector(values: Sequence[float], dtype: npt.DTypeLike) -> bytes:
    """Return a value of a vector type of OpenCL C; one of three numbers is as large as of four."""
    padded = [*values, 0] if len(values) == 3 else values
    return np.array(padded, dtype).tobytes()


class Suite:
    """The kernels in the files of a folder, on one device."""

    def __init__(self, device: nexus.Device, folder: Path) -> None:
        self.device = device
        self._folder = folder
        self._libraries: dict[str, nexus.Library] = {}

    def kernel(self, file: str, name: str = "") -> nexus.Kernel:
        """Return a kernel of a file; most have one, of the same name."""
        if file not in self._libraries:
            source = (self._folder / f"{file}.cl").read_text(encoding="utf-8")
            self._libraries[file] = self.device.compile(source, {"name": f"{file}.cl"})
        return self._libraries[file].get_kernel(name or file)

    def buffer(self, contents: Array) -> nexus.Buffer:
        """Return a buffer with these numbers."""
        return self.device.create_buffer(contents)

    def zeros(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> nexus.Buffer:
        """Return a buffer of zeros."""
        return self.device.create_buffer(np.zeros(shape, dtype))
