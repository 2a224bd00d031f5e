"""`nexus roofline`: what devices attain over arithmetic intensity, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nexus.advice import Advice

SIZE = (9.0, 5.5)  # inches
DPI = 150
INTENSITIES = (2.0**-4, 2.0**11)  # operations a byte, from a copy to a big matrix product


class Point(NamedTuple):
    """A kernel that was measured: operations a byte, and 10^9 operations a second."""

    label: str
    intensity: float
    gflops: float


def parse_point(text: str) -> Point:
    """Return `LABEL,INTENSITY,GFLOPS` as a point.

    Raises:
        ValueError: it is not written like that.
    """
    label, *numbers = text.rsplit(",", 2)
    try:
        intensity, gflops = map(float, numbers)
    except ValueError:
        raise ValueError(
            f"{text!r} is no point; it is LABEL,INTENSITY,GFLOPS such as saxpy,0.17,40"
        ) from None
    if not (intensity > 0 and gflops > 0):
        raise ValueError(f"the point {text!r} is not above 0 in both numbers")
    return Point(label, intensity, gflops)


def draw(
    asked: Sequence[Advice],
    path: Path,
    *,
    data_type: str = "F32",
    matrix: bool = False,
    points: Sequence[Point] = (),
) -> None:
    """Draw the rooflines of several devices, and measured points, into one PNG file.

    Raises:
        MissingFigureError: peak rate or bandwidth of a device is not known.
    """
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    intensities = np.geomspace(*INTENSITIES, 200)
    for advice in asked:
        bounds = [advice.attainable(float(i), data_type, matrix=matrix) for i in intensities]
        label = (
            f"{advice.name}: {advice.peak(data_type, matrix=matrix) / 1000:.4g} T/s, "
            f"{advice.bandwidth():.4g} GB/s, ridge {bounds[0].ridge:.3g}"
        )
        axes.plot(intensities, [bound.gflops for bound in bounds], label=label, linewidth=2)
    for point in points:
        axes.plot(point.intensity, point.gflops, "o", color="black", markersize=5)
        place = (point.intensity, point.gflops)
        axes.annotate(point.label, place, xytext=(6, -10), textcoords="offset points", fontsize=9)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    engine = "matrix units" if matrix else "vector units"
    axes.set_xlabel("arithmetic intensity (operations a byte of device memory)")
    axes.set_ylabel("attainable rate (10⁹ operations a second)")
    axes.set_title(f"Roofline, {data_type}, {engine}; figures of the device library")
    axes.grid(which="both", linewidth=0.3, alpha=0.6)
    axes.legend(loc="lower right", fontsize=8)
    figure.savefig(path)
