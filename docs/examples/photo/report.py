"""Shows what the example found: a table of times, and pictures before and after."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from PIL import Image


class Row(NamedTuple):
    """A kernel, how long it took, and the bytes it read and wrote, each counted once."""

    kernel: str
    elapsed_ms: float
    nbytes: int

    @property
    def cells(self) -> tuple[str, str, str]:
        """The row as text."""
        gb_per_s = self.nbytes / self.elapsed_ms / 1e6 if self.elapsed_ms else float("nan")
        return self.kernel, f"{self.elapsed_ms:.3f}", f"{gb_per_s:.1f}"


HEADINGS = ("kernel", "ms", "GB/s")


def print_table(title: str, rows: list[Row]) -> None:
    """Print times and bandwidths, and their sum; with rich where it is installed."""
    total = Row("all", sum(row.elapsed_ms for row in rows), sum(row.nbytes for row in rows))
    cells = [row.cells for row in [*rows, total]]
    print(title)
    if importlib.util.find_spec("rich") is None:
        for kernel, milliseconds, bandwidth in [HEADINGS, *cells]:
            print(f"  {kernel:12}{milliseconds:>10}{bandwidth:>10}")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "kernel" else "right")
    for number, line in enumerate(cells, 1):
        table.add_row(*line, end_section=number == len(rows))
    Console().print(table)


def save_pictures(
    photo: npt.NDArray[np.uint8], images: dict[str, npt.NDArray[np.float32]], folder: Path
) -> list[Path]:
    """Write the photograph, each image, and all of them beside each other; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {"before": photo, **{name: as_bytes(image) for name, image in images.items()}}
    paths = []
    for name, pixels in pictures.items():
        paths.append(folder / f"{name}.png")
        Image.fromarray(pixels).save(paths[-1])
    figure = Figure(figsize=(4 * len(pictures), 5), layout="constrained")
    for place, (name, pixels) in enumerate(pictures.items(), 1):
        axes = figure.add_subplot(1, len(pictures), place)
        axes.imshow(pixels, cmap=None if pixels.ndim == 3 else "gray")
        axes.set_title(name)
        axes.set_axis_off()
    paths.append(folder / "side_by_side.png")
    figure.savefig(paths[-1], dpi=100)
    return paths


def as_bytes(image: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Scale an image to 0 ... 255; what is steeper than all but one pixel in 500 is white."""
    white = max(float(np.quantile(image, 0.998)), 1e-6)
    return np.asarray(np.clip(image / white, 0, 1) * 255, np.uint8)
