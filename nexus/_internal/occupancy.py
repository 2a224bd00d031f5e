"""How many groups of a kernel a core holds at a time, and what limits them."""

from __future__ import annotations

from dataclasses import dataclass, field

from nexus._internal.figures import Figures
from nexus.bindings.errors import MissingFigureError

USE = "occupancy"


@dataclass(frozen=True)
class Demand:
    """What a kernel needs.

    Attributes:
        group_size: work-items of a group.
        registers: 32-bit registers of a work-item; 0: not known, no limit.
        group_memory: bytes of group memory of a group.
    """

    group_size: int
    registers: int = 0
    group_memory: int = 0


@dataclass(frozen=True)
class Occupancy:
    """How much of a core groups of one size use.

    Attributes:
        group_size: work-items of a group.
        waves_per_group: waves (warps, wavefronts) of a group.
        groups_per_core: groups that a core holds at a time.
        waves_per_core: waves that it holds then.
        max_waves_per_core: waves that it could hold.
        fraction: waves that it holds, of those that it could.
        limits: groups that each resource allows: `threads`, `groups`, `registers`, `group memory`.
        limited_by: the resources that allow the fewest.
    """

    group_size: int
    waves_per_group: int
    groups_per_core: int
    waves_per_core: int
    max_waves_per_core: int
    fraction: float
    limits: dict[str, int] = field(hash=False)
    limited_by: tuple[str, ...]


def occupancy(figures: Figures, demand: Demand) -> Occupancy:
    """Return the occupancy of a core by a kernel.

    Raises:
        MissingFigureError: a figure is not known that decides here; a CPU has none.
    """
    if figures.is_cpu:
        raise MissingFigureError(
            f"cannot tell the occupancy of {figures.name}: it is a CPU and has none: a core runs "
            "one group at a time, and fits() tells whether it can"
        )
    wave = figures.need(USE, "CoreSubsystem", "SIMDSize")
    waves = -(-demand.group_size // wave)
    most_waves = max_waves(figures)
    limits = {"threads": _by_threads(figures, demand, waves, most_waves)}
    most_groups = figures.get("Limits", "MaxThreadgroupsPerCore")
    if most_groups is not None:
        limits["groups"] = most_groups
    if demand.registers:
        limits["registers"] = _by_registers(figures, demand, waves, wave)
    if demand.group_memory or figures.get("Limits", "ReservedThreadgroupMemoryPerBlock"):
        limits["group memory"] = _by_group_memory(figures, demand)
    groups = min(limits.values())
    return Occupancy(
        group_size=demand.group_size,
        waves_per_group=waves,
        groups_per_core=groups,
        waves_per_core=groups * waves,
        max_waves_per_core=most_waves,
        fraction=groups * waves / most_waves,
        limits=limits,
        limited_by=tuple(name for name, allowed in limits.items() if allowed == groups),
    )


def lacking(figures: Figures, demand: Demand) -> tuple[str, ...]:
    """Return what a group needs more of than there is; nothing: it fits.

    A CPU spills registers to memory, and its cores run one group at a time: sizes decide there.

    Raises:
        MissingFigureError: a limit is not known; a device that is here knows its own.
    """
    if not figures.is_cpu:
        found = occupancy(figures, demand)
        return () if found.groups_per_core else found.limited_by
    needed = [("threads", "MaxThreadsPerBlock", demand.group_size)]
    if demand.group_memory:
        needed.append(("group memory", "MaxThreadgroupMemorySize", demand.group_memory))
    return tuple(what for what, name, n in needed if n > figures.need("fit", "Limits", name))


def max_waves(figures: Figures) -> int:
    """Return how many waves a core can hold."""
    waves = figures.get("Limits", "MaxWavesPerCore")
    if waves is not None:
        return int(waves)
    threads = figures.get("Limits", "MaxThreadsPerCore")
    if threads is None:
        raise figures.missing(USE, "Limits.MaxWavesPerCore", "Limits.MaxThreadsPerCore")
    return int(threads // figures.need(USE, "CoreSubsystem", "SIMDSize"))


def _by_threads(figures: Figures, demand: Demand, waves: int, most_waves: int) -> int:
    if demand.group_size > figures.need(USE, "Limits", "MaxThreadsPerBlock"):
        return 0
    return most_waves // waves


def _by_registers(figures: Figures, demand: Demand, waves: int, wave: int) -> int:
    """Registers are given to waves in units, from the part of the core that a wave runs on."""
    if demand.registers > figures.need(USE, "Limits", "MaxRegistersPerThread"):
        return 0
    n_parts = figures.get("CoreSubsystem", "PartitionCount") or 1
    unit = figures.need(USE, "Limits", "RegisterAllocationUnit")
    of_wave = _rounded_up(demand.registers * wave, unit)
    most = figures.get("Limits", "MaxRegistersPerBlock")
    if most is not None and of_wave * _rounded_up(waves, n_parts) > most:
        return 0
    registers = figures.get("Limits", "RegistersPerPartition")
    if registers is None:
        registers = figures.need(USE, "Limits", "RegistersPerCore") // n_parts
    return int(registers // of_wave * n_parts // waves)


def _by_group_memory(figures: Figures, demand: Demand) -> int:
    if demand.group_memory > figures.need(USE, "Limits", "MaxThreadgroupMemorySize"):
        return 0
    reserved = figures.get("Limits", "ReservedThreadgroupMemoryPerBlock") or 0
    unit = figures.get("Limits", "ThreadgroupMemoryAllocationUnit") or 1
    of_group = _rounded_up(demand.group_memory + reserved, unit)
    return int(figures.need(USE, "Limits", "ThreadgroupMemoryPerCore") // of_group)


def _rounded_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
