"""`nexus roofline`: what devices attain over arithmetic intensity, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nexus.advice import Advice

SIZE = (9.0, 5.5)  # inches, without the legend
LINE = 0.2  # inches of a line in the legend
DPI = 150
INTENSITIES = (2.0**-4, 2.0**11)  # operations a byte, from a copy to a big matrix product
LEAST, MOST = 1e-12, 1e18  # of a point: what can be drawn
STYLES = ("-", "--", ":", "-.")  # of lines, when the ten colours are used up
# Points beside one another: where the label of each stands, in points of 1/72 inch.
PLACES = ((7, -4, "left"), (-7, -4, "right"), (7, 8, "left"), (-7, 8, "right"), (0, -14, "center"))
NEAR = 2.0  # times, in both directions


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
    if not (LEAST < intensity < MOST and LEAST < gflops < MOST):
        raise ValueError(f"the point {text!r} is not between {LEAST} and {MOST} in both numbers")
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
    from matplotlib.figure import Figure

    figure = Figure((SIZE[0], SIZE[1] + LINE * len(asked)), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    least = min(INTENSITIES[0], *(point.intensity / 2 for point in points), INTENSITIES[1])
    most = max(INTENSITIES[1], *(point.intensity * 2 for point in points), INTENSITIES[0])
    for number, advice in enumerate(asked):
        peak, bandwidth = advice.peak(data_type, matrix=matrix), advice.bandwidth()
        ridge = peak / bandwidth
        intensities = sorted({least, most, *([ridge] if least < ridge < most else [])})
        label = f"{advice.name}: {peak / 1000:.4g} T/s, {bandwidth:.4g} GB/s, ridge {ridge:.3g}"
        rates = [advice.attainable(i, data_type, matrix=matrix).gflops for i in intensities]
        style = STYLES[number // 10 % len(STYLES)]
        axes.plot(intensities, rates, style, label=label, linewidth=2)
    _mark(axes, points)
    engine = "matrix units" if matrix else "vector units"
    axes.set_xlabel("arithmetic intensity (operations a byte of device memory)")
    axes.set_ylabel("attainable rate (10⁹ operations a second)")
    axes.set_title(f"Roofline, {data_type}, {engine}; figures of the device library")
    axes.grid(which="both", linewidth=0.3, alpha=0.6)
    figure.legend(loc="outside lower center", fontsize=8, frameon=False)
    figure.savefig(path, format=path.suffix[1:] or "png")  # into this very file


def _mark(axes: Any, points: Sequence[Point]) -> None:
    """Draw points with their labels, readable over lines and beside one another."""
    from matplotlib.patheffects import withStroke

    for number, point in enumerate(points):
        axes.plot(point.intensity, point.gflops, "o", color="black", markersize=5)
        n_near = sum(_are_near(point, other) for other in points[:number])
        dx, dy, side = PLACES[n_near % len(PLACES)]
        axes.annotate(
            point.label,
            (point.intensity, point.gflops),
            xytext=(dx, dy),
            textcoords="offset points",
            horizontalalignment=side,
            fontsize=9,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )


def _are_near(one: Point, other: Point) -> bool:
    ratios = (one.intensity / other.intensity, one.gflops / other.gflops)
    return all(1 / NEAR < ratio < NEAR for ratio in ratios)
