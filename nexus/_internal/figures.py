"""Reads figures of an architecture for calculations; one that is missing is named, not guessed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nexus._internal.property_path import Step, path_text
from nexus.bindings.errors import MissingFigureError

MEGA_IN_GIGA = 1000.0


class Figures:
    """The figures of one architecture or product."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self.known = known
        self.name = str(known.get("Variant") or known.get("Name") or "the architecture")
        # Groups run on the threads of a host, and not in waves.
        self.is_cpu = known.get("Type") == "cpu"

    def get(self, *steps: Step) -> Any:
        """Return a figure by its path; None when it is not known."""
        value: Any = self.known
        for step in steps:
            try:
                value = value[step]
            except (KeyError, IndexError):
                return None
        return value

    def need(self, use: str, *steps: Step) -> Any:
        """Return a figure by its path.

        Raises:
            MissingFigureError: it is not known; the message says what it was needed for.
        """
        value = self.get(*steps)
        if value is None:
            raise self.missing(use, path_text(steps))
        return value

    def missing(self, use: str, *figures: str) -> MissingFigureError:
        """Return the error that says which figures are missing for a use."""
        has_products = self.known.get("Variants") and "Variant" not in self.known
        product = "name a product of it, or " if has_products else ""
        return MissingFigureError(
            f"cannot tell the {use} of {self.name}: its entry of the device library has no "
            f"{' or '.join(figures)}; {product}add what is missing in an entry of your own "
            "(nexus.add_device_info)"
        )

    def rate(self, data_type: str, *, matrix: bool = False, sparse: bool = False) -> float:
        """Return the peak rate in 10^9 operations a second; a fused multiply-add counts as two.

        It is the vendor's figure for the product; else cores times operations a clock times the
        highest clock, where all cores are alike.

        Raises:
            MissingFigureError: neither is known.
        """
        engine, form = "Matrix" if matrix else "Vector", "Sparse" if sparse else "Dense"
        given = self.get("PeakRates", engine, data_type, form)
        if given is not None:
            return float(given)
        use, rate = f"peak rate of {data_type}", f"PeakRates.{engine}.{data_type}.{form}"
        if self._has_unlike_cores():
            raise self.missing(use, f"{rate}, and its cores are of several kinds")
        steps = ("OperationsPerClock", engine, data_type, form)
        factors = {
            path_text(steps): self.get("CoreSubsystem", *steps),
            "Count": self.get("CoreSubsystem", "Count"),
            "BoostClock": self._clock(matrix and data_type != "F64"),
        }
        if unknown := [f"CoreSubsystem.{name}" for name, n in factors.items() if n is None]:
            raise self.missing(use, rate, *unknown)
        return float(math.prod(factors.values())) / MEGA_IN_GIGA

    def _has_unlike_cores(self) -> bool:
        """Whether some cores do less than others: several clusters of a CPU are kinds of cores."""
        return self.is_cpu and len(self.get("CoreSubsystem", "Clusters") or ()) > 1

    def _clock(self, of_matrix_units: bool) -> Any:
        """Return the highest clock in MHz; some devices lower it for matrix units, not for F64."""
        names = ("MatrixBoostClock", "BoostClock") if of_matrix_units else ("BoostClock",)
        clocks = [self.get("CoreSubsystem", name) for name in names]
        return next(filter(None, clocks), None) or self.get("CoreClockRate")

    def bandwidth(self) -> float:
        """Return the bandwidth of device memory in GB/s.

        Raises:
            MissingFigureError: neither it, nor bus width and data rate are known.
        """
        memories = self.get("MemorySubsystem", "MemoryTypes") or [{}]
        last = memories[-1]
        if "Bandwidth" in last:
            return float(last["Bandwidth"])
        if "BusWidth" in last and "DataRate" in last:
            return float(last["BusWidth"] / 8 * last["DataRate"] / 1000)
        where = path_text(["MemorySubsystem", "MemoryTypes", len(memories) - 1, "Bandwidth"])
        raise self.missing("bandwidth of device memory", where)
