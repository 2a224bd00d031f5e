"""Find the edges of a photograph on every device, check them, and show how fast it was.

Lists the runtimes and devices, and why others are not there. On each device it makes buffers,
compiles kernels.nxs, records one schedule of four commands and runs it many times. The result must
agree with SciPy. Pictures go to the folder given by --output.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib import cbook
from PIL import Image
from report import Row, print_table, save_pictures
from scipy import ndimage

import nexus

KERNELS = Path(__file__).with_name("kernels.nxs")
SIGMA, RADIUS = 2.0, 8  # of the blur, in pixels
GREY = np.array([0.299, 0.587, 0.114]) / 255  # of red, green and blue; ITU-R BT.601
TOLERANCE = 2e-5  # absolute, of numbers in 0 ... 1 in single precision

Image2D = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Step:
    """One command of the schedule: a kernel, the buffers it reads and writes, what it moves."""

    kernel: str
    buffers: Sequence[str]
    scalars: Sequence[np.int32]
    nbytes_per_pixel: int  # read and written, each once


STEPS = (
    Step("grey", ("photo", "grey"), (), 3 + 4),
    Step("gauss_x", ("grey", "weights", "half"), (np.int32(RADIUS),), 4 + 4),
    Step("gauss_y", ("half", "weights", "blurred"), (np.int32(RADIUS),), 4 + 4),
    Step("sobel", ("blurred", "edges"), (), 4 + 4),
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one device computed, and the milliseconds of each step and of the whole run."""

    images: dict[str, Image2D]
    elapsed_ms: dict[str, float]


def load_photo(scale: int) -> npt.NDArray[np.uint8]:
    """Return matplotlib's photograph of Grace Hopper as rows of RGB, `scale` times as large."""
    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as image:
        size = (image.width * scale, image.height * scale)
        return np.asarray(image.convert("RGB").resize(size, Image.Resampling.BICUBIC))


def gauss_weights() -> Image2D:
    """Return the weights that SciPy's gaussian_filter1d uses, as single precision."""
    weights = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / SIGMA) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)


def expected(photo: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float64]]:
    """Compute the same with SciPy, in double precision."""
    grey = photo @ GREY
    blurred = grey
    for axis in (1, 0):
        blurred = ndimage.gaussian_filter1d(blurred, SIGMA, axis, radius=RADIUS)
    edges = np.hypot(ndimage.sobel(blurred, axis=0), ndimage.sobel(blurred, axis=1))
    return {"grey": grey, "blurred": blurred, "edges": edges}


def load_kernels(device: nexus.Device, compiled: Path | None) -> nexus.Library:
    """Compile kernels.nxs, or load what was compiled already."""
    if compiled:
        return device.load_library(str(compiled))
    return device.compile(KERNELS.read_text(), options={"name": str(KERNELS)})


def create_buffers(device: nexus.Device, photo: npt.NDArray[np.uint8]) -> dict[str, nexus.Buffer]:
    """Copy the photograph and the weights to the device, and make room for each image."""
    buffers = {
        "photo": device.create_buffer(photo),
        "weights": device.create_buffer(gauss_weights()),
    }
    for name in ("grey", "half", "blurred", "edges"):
        buffers[name] = device.create_buffer(photo.shape[:2], dtype="float32")
    return buffers


def record(
    schedule: nexus.Schedule,
    library: nexus.Library,
    buffers: dict[str, nexus.Buffer],
    size: tuple[int, int],
) -> dict[str, nexus.Command]:
    """Record one command for each step, over `size` pixels in x and y."""
    commands = {}
    for step in STEPS:
        command = schedule.create_command(library.get_kernel(step.kernel))
        for index, name in enumerate(step.buffers):
            command.set_buffer(index, buffers[name])
        for index, value in enumerate(step.scalars, len(step.buffers)):
            command.set_scalar(index, value)
        width, height = size
        grid = [width * height, 1, 1] if step.kernel == "grey" else [width, height, 1]
        command.finalize([256, 1, 1], grid)
        commands[step.kernel] = command
    return commands


def run_on(
    device: nexus.Device, photo: npt.NDArray[np.uint8], repeats: int, compiled: Path | None
) -> Outcome:
    """Run the chain `repeats` times, and once before to warm up."""
    height, width, _ = photo.shape
    buffers = create_buffers(device, photo)
    schedule = device.create_schedule()
    commands = record(schedule, load_kernels(device, compiled), buffers, (width, height))

    schedule.run()
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats):
        schedule.run(timing=True)
        for name, command in commands.items():
            times[name].append(command.elapsed_ms)

    images = {name: np.empty((height, width), np.float32) for name in ("grey", "blurred", "edges")}
    for name, image in images.items():
        buffers[name].copy(image)
    return Outcome(images, {name: statistics.median(each) for name, each in times.items()})


def check(outcome: Outcome, reference: dict[str, npt.NDArray[np.float64]]) -> list[str]:
    """Print how far each image is from SciPy's; return a sentence for each that is too far."""
    failures = []
    for name, image in outcome.images.items():
        difference = float(np.abs(image - reference[name]).max())
        agrees = difference <= TOLERANCE  # no NaN agrees
        verdict = "agrees with" if agrees else "DIFFERS from"
        print(f"  {name:8} {verdict} SciPy: by {difference:.1e} at most, allowed {TOLERANCE:.0e}")
        if not agrees:
            failures.append(f"{name} differs from SciPy by {difference}")
    return failures


def list_runtimes() -> list[tuple[str, nexus.Device]]:
    """Print every runtime and device, and why others are missing; return the devices by name."""
    found = []
    for runtime in nexus.get_runtimes():
        name = runtime.get_property_str("Name")
        for index, device in enumerate(runtime.get_devices()):
            found.append((f"{name}:{index}", device))
            architecture = device.get_property_str("Architecture")
            print(f"{name}:{index}  {device.get_property_str('Name')} ({architecture})")
    missing = nexus.unavailable_runtimes()
    for name, reason in missing.items():
        print(f"{name}: not available: {reason}")
    if not missing:
        print("no other runtime is installed")
    return found


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, default=Path("photo"), help="folder for pictures")
    parser.add_argument("--scale", type=int, default=4, help="enlarge the photograph; default 4")
    parser.add_argument("--repeats", type=int, default=20, help="timed runs; default 20")
    parser.add_argument("--library", type=Path, help="kernels.nxs, compiled already")
    return parser.parse_args()


def main() -> int:
    """Run the chain on every device; return 0 if all that ran agree with SciPy, and one did."""
    arguments = parse_arguments()
    devices = list_runtimes()
    photo = load_photo(arguments.scale)
    height, width, _ = photo.shape
    print(f"\nphotograph of {width} x {height} pixels\n")
    reference = expected(photo)

    failures = []
    n_run = 0
    for name, device in devices:
        try:
            outcome = run_on(device, photo, arguments.repeats, arguments.library)
        except nexus.CompilerNotFoundError as error:
            print(f"{name}: not run: {error}\n")
            continue
        except nexus.NexusError as error:
            failures.append(f"{name}: {error}")
            continue
        n_run += 1
        rows = [
            Row(s.kernel, outcome.elapsed_ms[s.kernel], s.nbytes_per_pixel * width * height)
            for s in STEPS
        ]
        print_table(f"{name}: median of {arguments.repeats} runs, device time", rows)
        failures += [f"{name}: {what}" for what in check(outcome, reference)]
        folder = arguments.output / name.replace(":", "-")
        for path in save_pictures(photo, outcome.images, folder):
            print(f"  wrote {path}")
        print()
    if n_run == 0:
        failures.append("no device ran the kernels")
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
