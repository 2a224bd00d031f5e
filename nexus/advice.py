"""Advice about a kernel on an architecture, from figures alone: no device is needed.

How full a core gets, which group sizes are best, what a kernel can reach at most, whether it fits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nexus import system
from nexus._internal import checks, dtypes
from nexus._internal.figures import Figures
from nexus._internal.inspecting import KernelInfo
from nexus._internal.occupancy import Demand, Occupancy, lacking, occupancy
from nexus.bindings._internal.words import kind, shown
from nexus.device import Device
from nexus.library import Kernel
from nexus.properties import Properties

GOOD_SIZE = 256  # work-items; between equals the nearest to it is the first
# What advice looks at; it is read once, so that an answer does not change with a clock.
FACTS = (
    "Name",
    "Variant",
    "Variants",
    "Type",
    "CoreSubsystem",
    "CoreClockRate",
    "MemorySubsystem",
    "Limits",
    "PeakRates",
)


@dataclass(frozen=True)
class Bound:
    """What a device attains at most.

    Attributes:
        gflops: 10^9 operations a second; a fused multiply-add counts as two.
        gb_per_s: 10^9 bytes a second, to and from device memory.
        limited_by: `memory` or `compute`.
        ridge: operations a byte from which on compute is the limit.
    """

    gflops: float
    gb_per_s: float
    limited_by: str
    ridge: float


@dataclass(frozen=True)
class TimeFloor:
    """The shortest time that work can take.

    Attributes:
        seconds: the longer one of the two.
        compute_seconds: what the operations take at the peak rate.
        memory_seconds: what the bytes take at the bandwidth of device memory.
        limited_by: `memory` or `compute`.
    """

    seconds: float
    compute_seconds: float
    memory_seconds: float
    limited_by: str


class Advice:
    """Answers about one architecture, product or device, and one kernel.

    Whatever figure is missing, an answer that needs it raises MissingFigureError, which names it.

    >>> import nexus
    >>> advice = nexus.advise("amd-gpu-gfx90a", nexus.KernelInfo(registers=128))
    >>> advice.occupancy(256).fraction, advice.occupancy(256).limited_by
    (0.5, ('registers',))
    """

    def __init__(self, known: Mapping[str, Any], kernel: KernelInfo) -> None:
        if not isinstance(known, Mapping) or not isinstance(kernel, KernelInfo):
            raise TypeError("Advice is made by nexus.advise(arch_or_device, kernel_info)")
        self.kernel = kernel
        self._figures = Figures(known)

    @property
    def name(self) -> str:
        """What the answers are about."""
        return self._figures.name

    def __repr__(self) -> str:
        return f"<Advice about {self.name}>"

    # ---- groups ----------------------------------------------------------------------------------

    def occupancy(self, group_size: int) -> Occupancy:
        """Return how many groups of a size a core holds at a time, and what limits them.

        Args:
            group_size: work-items of a group, in all dimensions together.

        Raises:
            ValueError: the kernel runs with another group size only, or with smaller ones.
        """
        return occupancy(self._figures, self._demand(group_size))

    def _demand(self, group_size: int) -> Demand:
        size = _count("group_size", group_size)
        if self.kernel.group_size not in (0, size):
            raise ValueError(
                f"group_size is {size}; the kernel runs in groups of {self.kernel.group_size} only"
            )
        if 0 < self.kernel.max_group_size < size:
            raise ValueError(
                f"group_size is {size}; the kernel was compiled for groups of at most "
                f"{self.kernel.max_group_size}"
            )
        return Demand(size, self.kernel.registers, self.kernel.group_memory)

    def group_sizes(self, limit: int = 5) -> list[Occupancy]:
        """Return the best group sizes, the best first: the fullest cores, then near 256 work-items.

        Sizes are multiples of a wave. A kernel that does not fit in any has none.
        """
        limit = _count("limit", limit)
        wave = self._figures.need("best group size", "CoreSubsystem", "SIMDSize")
        most = self._figures.need("best group size", "Limits", "MaxThreadsPerBlock")
        most = min(most, self.kernel.max_group_size or most)
        sizes = [self.kernel.group_size] if self.kernel.group_size else range(wave, most + 1, wave)
        found = [self.occupancy(size) for size in sizes]
        fitting = [each for each in found if each.groups_per_core]
        return sorted(fitting, key=_merit)[:limit]

    def fits(self, group_size: int | None = None) -> tuple[bool, str]:
        """Return whether the kernel can run there at all, and a sentence that says why or why not.

        Args:
            group_size: work-items of a group; None: whether there is any size that fits.
        """
        if group_size is None:
            group_size = self._likely_size()
        if short := lacking(self._figures, self._demand(group_size)):
            where = f"{self.name} in groups of {group_size}"
            return False, f"it does not fit {where}: not enough {' and '.join(short)}"
        return True, f"it fits {self.name} in groups of {group_size}"

    def _likely_size(self) -> int:
        """Return a group size that fits if any does."""
        if self.kernel.group_size:
            return self.kernel.group_size
        if self._figures.is_cpu:
            return 1
        best = self.group_sizes(1)
        size = best[0].group_size if best else self._figures.get("CoreSubsystem", "SIMDSize")
        return int(size)

    # ---- rates -----------------------------------------------------------------------------------

    def peak(self, data_type: Any = "F32", *, matrix: bool = False, sparse: bool = False) -> float:
        """Return the peak rate in 10^9 operations a second; a fused multiply-add counts as two.

        Args:
            data_type: as for a buffer: "F32", np.float16, nexus.data_type.BF16; or "TF32", "F6",
                which only matrix units have.
            matrix: of the matrix units (tensor cores, matrix cores) rather than the vector units.
            sparse: with structured sparsity.
        """
        is_matrix, is_sparse = checks.flag(matrix, "matrix"), checks.flag(sparse, "sparse")
        return self._figures.rate(_rate_name(data_type), matrix=is_matrix, sparse=is_sparse)

    def bandwidth(self) -> float:
        """Return the bandwidth of device memory in GB/s."""
        return self._figures.bandwidth()

    def attainable(
        self, intensity: float, data_type: Any = "F32", *, matrix: bool = False
    ) -> Bound:
        """Return the roofline at an arithmetic intensity.

        Args:
            intensity: operations for each byte that is read from or written to device memory.
            data_type: see `peak`.
            matrix: see `peak`.
        """
        intensity = _amount("intensity", intensity)
        if intensity == 0:
            raise ValueError("intensity is 0: without operations there is no rate; use bandwidth()")
        peak, bandwidth = self.peak(data_type, matrix=matrix), self.bandwidth()
        gflops = min(peak, intensity * bandwidth)
        limit = "memory" if intensity * bandwidth < peak else "compute"
        return Bound(gflops, gflops / intensity, limit, peak / bandwidth)

    def time_floor(
        self, n_operations: float, nbytes: float, data_type: Any = "F32", *, matrix: bool = False
    ) -> TimeFloor:
        """Return the shortest time in which a device can do some operations and move some bytes.

        Args:
            n_operations: operations; a fused multiply-add counts as two.
            nbytes: bytes read from and written to device memory.
            data_type: see `peak`.
            matrix: see `peak`.
        """
        n_operations, nbytes = _amount("n_operations", n_operations), _amount("nbytes", nbytes)
        compute = (
            n_operations / (self.peak(data_type, matrix=matrix) * 1e9) if n_operations else 0.0
        )
        memory = nbytes / (self.bandwidth() * 1e9) if nbytes else 0.0
        limit = "memory" if memory > compute else "compute"
        return TimeFloor(max(compute, memory), compute, memory, limit)


def advise(
    arch_or_device: str | Properties | Device, kernel_info: KernelInfo | Kernel | None = None
) -> Advice:
    """Return advice about a kernel on an architecture or product, or on a device that is here.

    Args:
        arch_or_device: a name as `lookup_device_info` takes it, what that returned, or a device.
        kernel_info: what the kernel needs, as `nexus.inspect` read it or as you say, or a kernel
            that was loaded; without it the answers are about a kernel that needs neither many
            registers nor group memory.

    Raises:
        KeyError: the device library has no such architecture; the message names close ones.
    """
    if isinstance(arch_or_device, str):
        arch_or_device = system.lookup_device_info(arch_or_device)
    if isinstance(arch_or_device, Device):
        arch_or_device = arch_or_device.get_info()
    if not isinstance(arch_or_device, Properties):
        raise TypeError(
            f"arch_or_device is {kind(arch_or_device)}; it is a name such as 'nvidia-gpu-sm_90', "
            "a Device, or what lookup_device_info returned"
        )
    known = {key: arch_or_device[key] for key in FACTS if key in arch_or_device}
    known["Variants"] = [*known.get("Variants", ())]  # only their names
    return Advice(known, _kernel_info(kernel_info))


def _kernel_info(given: object) -> KernelInfo:
    if given is None:
        return KernelInfo()
    if isinstance(given, KernelInfo):
        return given
    if isinstance(given, Kernel):
        fixed = given.get_property_int_vec("GroupSize") if given.info else [0]
        return KernelInfo(group_size=math.prod(fixed))
    raise TypeError(f"kernel_info is {kind(given)}; it is a KernelInfo or a Kernel")


def _merit(found: Occupancy) -> tuple[float, bool, float]:
    is_power = found.group_size & (found.group_size - 1) == 0
    return (-found.fraction, not is_power, abs(math.log2(found.group_size / GOOD_SIZE)))


def _rate_name(data_type: Any) -> str:
    if isinstance(data_type, str) and data_type.upper() in ("TF32", "F6", "BF6"):
        return data_type.upper()
    return dtypes.element_of(data_type).name


def _count(name: str, value: object, least: int = 1) -> int:
    number = checks.whole(value, name, "it is an int")
    if not least <= number < 1 << 63:
        raise ValueError(f"{name} is {shown(number)}; it is {least} or more, and below 2**63")
    return number


def _amount(name: str, value: object) -> float:
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        raise TypeError(f"{name} is {kind(value)}; it is a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not 0 <= number < 1e300:
        raise ValueError(f"{name} is {shown(value)}; it is 0 or more, and below 1e300")
    return number
