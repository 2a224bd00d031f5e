"""Advice: occupancy, rooflines and what fits, against tables, other calculators and plain sums."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import nexus
from nexus import Advice, KernelInfo

# A made-up architecture, small enough to calculate by hand.
KNOWN: dict[str, Any] = {
    "Name": "Acme One",
    "CoreSubsystem": {
        "SIMDSize": 32,
        "PartitionCount": 4,
        "Count": 10,
        "BoostClock": 1000,
        "OperationsPerClock": {"Vector": {"F32": {"Dense": 256}}},
    },
    "MemorySubsystem": {"MemoryTypes": [{"Type": "L1"}, {"Type": "DRAM", "Bandwidth": 100}]},
    "PeakRates": {"Matrix": {"F16": {"Dense": 9000, "Sparse": 18000}}},
    "Limits": {
        "MaxThreadsPerBlock": 1024,
        "MaxWavesPerCore": 64,
        "MaxThreadgroupsPerCore": 32,
        "RegistersPerCore": 65536,
        "MaxRegistersPerBlock": 65536,
        "MaxRegistersPerThread": 255,
        "RegisterAllocationUnit": 256,
        "ThreadgroupMemoryPerCore": 65536,
        "MaxThreadgroupMemorySize": 49152,
        "ThreadgroupMemoryAllocationUnit": 128,
    },
}


def advice(kernel: KernelInfo | None = None, *without: str) -> Advice:
    """Return advice about the made-up architecture, some figures of which are not known."""
    known = {key: dict(value) if isinstance(value, dict) else value for key, value in KNOWN.items()}
    for path in without:
        part, _, name = path.partition(".")
        known[part].pop(name) if name else known.pop(part)
    return Advice(known, kernel or KernelInfo())


def unchecked(value: object) -> Any:
    """Return a value that a type checker lets be called in any way."""
    return value


@pytest.mark.parametrize(
    ("group_size", "kernel", "groups", "limited_by"),
    [
        (256, KernelInfo(), 8, ("threads",)),
        (32, KernelInfo(), 32, ("groups",)),
        (33, KernelInfo(), 32, ("threads", "groups")),  # two waves, the second almost empty
        (1025, KernelInfo(), 0, ("threads",)),
        (256, KernelInfo(registers=32), 8, ("threads", "registers")),
        (256, KernelInfo(registers=33), 6, ("registers",)),  # 1280 of 16384: 12 waves a part
        (1024, KernelInfo(registers=65), 0, ("registers",)),
        (64, KernelInfo(registers=256), 0, ("registers",)),
        (256, KernelInfo(group_memory=16384), 4, ("group memory",)),
        (256, KernelInfo(group_memory=16385), 3, ("group memory",)),  # in units of 128 bytes
        (256, KernelInfo(group_memory=49153), 0, ("group memory",)),
    ],
)
def test_the_scarcest_resource_decides(
    group_size: int, kernel: KernelInfo, groups: int, limited_by: tuple[str, ...]
) -> None:
    found = advice(kernel).occupancy(group_size)
    assert (found.groups_per_core, found.limited_by) == (groups, limited_by)
    assert found.waves_per_core == groups * -(-group_size // 32)
    assert found.fraction == found.waves_per_core / 64


def test_the_best_group_sizes_fill_the_core() -> None:
    best = advice().group_sizes()
    assert [found.group_size for found in best[:2]] == [256, 128]
    assert all(found.fraction == 1 for found in best)
    assert advice(KernelInfo(registers=33)).group_sizes(1)[0].fraction == 48 / 64
    assert advice(KernelInfo(group_memory=49153)).group_sizes() == []
    assert [found.group_size for found in advice(KernelInfo(group_size=96)).group_sizes()] == [96]
    with pytest.raises(ValueError, match="runs in groups of 96 only"):
        advice(KernelInfo(group_size=96)).occupancy(128)


def test_whether_it_fits_is_a_sentence() -> None:
    assert advice().fits() == (True, "it fits Acme One in groups of 256")
    assert advice().fits(128) == (True, "it fits Acme One in groups of 128")
    fits, why = advice(KernelInfo(group_memory=49153)).fits()
    assert not fits
    assert why == "it does not fit Acme One in groups of 32: not enough group memory"
    assert advice(KernelInfo(group_size=96)).fits() == (True, "it fits Acme One in groups of 96")


def test_a_cpu_has_no_occupancy_and_still_fits_or_not(device: nexus.Device) -> None:
    most = device.get_property_int("MaxThreadgroupMemorySize")
    found = nexus.advise(device, KernelInfo(registers=9999, group_memory=most))
    assert found.fits() == (True, f"it fits {found.name} in groups of 1")
    assert found.fits(64)[0]
    too_many = device.get_property_int("MaxThreadsPerBlock") + 1
    larger = nexus.advise(device, KernelInfo(group_memory=most + 1))
    fits, why = larger.fits(too_many)
    assert not fits
    assert why.endswith(f"in groups of {too_many}: not enough threads and group memory")
    for ask in (lambda: found.occupancy(64), found.group_sizes):
        with pytest.raises(nexus.MissingFigureError, match=r"it is a CPU and has none.*fits\(\)"):
            ask()


def test_a_rate_of_cores_of_several_kinds_is_not_made_up() -> None:
    kinds = [{"Type": "P-core", "CoresPerCluster": 4}, {"Type": "E-core", "CoresPerCluster": 6}]
    core = {**KNOWN["CoreSubsystem"], "Clusters": kinds}
    hybrid = {**KNOWN, "Type": "cpu", "CoreSubsystem": core}
    with pytest.raises(
        nexus.MissingFigureError, match=r"no PeakRates.*, and its cores are of several kinds;"
    ):
        Advice(hybrid, KernelInfo()).peak("F32")
    assert Advice(hybrid, KernelInfo()).peak("F16", matrix=True) == 9000  # the vendor's figure
    assert Advice({**hybrid, "Type": "gpu"}, KernelInfo()).peak("F32") == 2560
    with pytest.raises(nexus.MissingFigureError, match="several kinds"):
        nexus.advise("Core i9-12900K").peak("F32")


def test_numbers_of_numpy_are_numbers() -> None:
    kernel = KernelInfo(registers=unchecked(np.int32(33)))
    assert kernel == KernelInfo(registers=33)
    assert type(kernel.registers) is int
    assert advice(kernel).occupancy(unchecked(np.uint8(64))) == advice(kernel).occupancy(64)
    bound = advice().attainable(unchecked(np.float32(1)))
    assert bound == advice().attainable(1.0)
    assert {type(bound.gflops), type(bound.gb_per_s)} == {float}
    assert type(advice().time_floor(unchecked(np.int64(1)), 0).seconds) is float


def test_advice_can_be_sent_and_does_not_change() -> None:
    known = nexus.lookup_device_info("gfx942/MI300X")
    found = nexus.advise(known, KernelInfo(registers=128))
    again = pickle.loads(pickle.dumps(found))
    assert again.occupancy(256) == found.occupancy(256)
    assert hash(again.occupancy(256)) == hash(found.occupancy(256))
    assert copy.deepcopy(found).peak("tf32", matrix=True) == found.peak("TF32", matrix=True)


def test_a_roofline_has_a_slope_and_a_roof() -> None:
    low, high = advice().attainable(1.0), advice().attainable(100.0)
    assert (low.gflops, low.gb_per_s, low.limited_by) == (100, 100, "memory")
    assert (high.gflops, high.limited_by) == (2560, "compute")
    assert high.gb_per_s == pytest.approx(25.6)
    assert low.ridge == high.ridge == 25.6
    assert advice().peak("f16", matrix=True) == advice().peak(np.float16, matrix=True) == 9000
    assert advice().peak(nexus.data_type.F16, matrix=True, sparse=True) == 18000


def test_matrix_units_may_have_a_clock_of_their_own() -> None:
    known: dict[str, Any] = {
        "CoreSubsystem": {"Count": 1, "BoostClock": 2000, "MatrixBoostClock": 1000}
    }
    rates = {"F16": {"Dense": 64}, "F64": {"Dense": 64}}
    known["CoreSubsystem"]["OperationsPerClock"] = {
        "Vector": {"F32": {"Dense": 64}},
        "Matrix": rates,
    }
    found = Advice(known, KernelInfo())
    assert (found.peak("F32"), found.peak("F16", matrix=True)) == (128, 64)
    assert found.peak("F64", matrix=True) == 128


def test_the_time_floor_is_the_longer_of_two() -> None:
    floor = advice().time_floor(2.56e12, 50e9)
    assert (floor.seconds, floor.limited_by) == (1.0, "compute")
    assert floor.memory_seconds == 0.5
    assert advice().time_floor(0, 1e9).limited_by == "memory"
    assert advice().time_floor(0, 0).seconds == 0


@pytest.mark.parametrize(
    ("without", "call", "figures"),
    [
        ("CoreSubsystem.SIMDSize", "occupancy", "CoreSubsystem.SIMDSize"),
        (
            "Limits.MaxWavesPerCore",
            "occupancy",
            "Limits.MaxWavesPerCore or Limits.MaxThreadsPerCore",
        ),
        ("Limits.RegistersPerCore", "occupancy", "Limits.RegistersPerCore"),
        ("Limits.RegisterAllocationUnit", "occupancy", "Limits.RegisterAllocationUnit"),
        ("Limits.ThreadgroupMemoryPerCore", "occupancy", "Limits.ThreadgroupMemoryPerCore"),
        (
            "CoreSubsystem.BoostClock",
            "attainable",
            "PeakRates.Vector.F32.Dense or CoreSubsystem.BoostClock",
        ),
        ("MemorySubsystem", "attainable", "MemorySubsystem.MemoryTypes[0].Bandwidth"),
    ],
)
def test_a_missing_figure_is_named_and_not_guessed(without: str, call: str, figures: str) -> None:
    kernel = KernelInfo(registers=32, group_memory=128)
    with pytest.raises(nexus.MissingFigureError) as caught:
        getattr(advice(kernel, without), call)(64)
    words = f" of Acme One: its entry of the device library has no {figures}; add what is"
    assert words in str(caught.value)
    assert "nexus.add_device_info" in str(caught.value)


def test_who_asks_for_a_figure_of_products_is_told_to_name_one() -> None:
    with pytest.raises(nexus.MissingFigureError, match=r"BoostClock; name a product of it, or add"):
        nexus.advise("gfx942").peak()
    for name in ("sm_90/GH200 144GB", "Adreno 740"):  # is one, and has none
        with pytest.raises(nexus.MissingFigureError, match=r"BoostClock; add what is missing"):
            nexus.advise(name).peak()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: advice().occupancy(0), ValueError, "group_size is 0; it is 1 or more"),
        (
            lambda: unchecked(advice()).occupancy(1.5),
            TypeError,
            "group_size is a float; it is an int",
        ),
        (lambda: KernelInfo(registers=-1), ValueError, "registers is -1"),
        (lambda: advice().attainable(-1), ValueError, "intensity is -1"),
        (lambda: advice().attainable(0), ValueError, "intensity is 0"),
        (lambda: advice().attainable(10**400), ValueError, "intensity is an int of 1329 bits"),
        (lambda: unchecked(advice()).attainable(True), TypeError, "intensity is a bool"),
        (lambda: advice().time_floor(float("nan"), 1), ValueError, "n_operations is nan"),
        (
            lambda: unchecked(advice()).time_floor(1, "2"),
            TypeError,
            "nbytes is a str; it is a number",
        ),
        (lambda: unchecked(nexus).advise(5), TypeError, "arch_or_device is an int"),
        (lambda: nexus.advise("no-such-gpu"), KeyError, "no architecture .* and no such product"),
        (
            lambda: unchecked(nexus).advise(nexus.device("cpu"), 5),
            TypeError,
            "kernel_info is an int",
        ),
    ],
)
def test_a_wrong_argument_gets_a_sentence(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
