"""Occupancy and its limits, against tables that vendors and LLVM have published."""

from __future__ import annotations

import pytest

import nexus
from nexus import KernelInfo

KIB = 1024

# NVIDIA, CUDA C++ Programming Guide 13.0, section 20.2, Table 27, Technical Specifications per
# Compute Capability; read 2026-11-21. "KB and K units correspond to 1024"; cells of several columns
# are written out.
ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_100", "sm_110", "sm_120")
TABLE_27: dict[str, tuple[int, ...]] = {
    "MaxThreadgroupsPerCore": (16, 32, 16, 16, 24, 32, 32, 24, 24),
    "MaxWavesPerCore": (32, 64, 48, 48, 48, 64, 64, 48, 48),
    "MaxThreadsPerCore": (1024, 2048, 1536, 1536, 1536, 2048, 2048, 1536, 1536),
    "ThreadgroupMemoryPerCore": (64, 164, 100, 164, 100, 228, 228, 228, 100),
    "MaxThreadgroupMemorySize": (64, 163, 99, 163, 99, 227, 227, 227, 99),
}
TABLE_27_OF_ALL = {
    "MaxThreadsPerBlock": 1024,
    "RegistersPerCore": 64 * KIB,
    "MaxRegistersPerBlock": 64 * KIB,
    "MaxRegistersPerThread": 255,
    "MaxConstantMemorySize": 64 * KIB,
    "MaxBlockSize": [1024, 1024, 64],
    "MaxGridSize": [2**31 - 1, 65535, 65535],
}
IN_KIB = ("ThreadgroupMemoryPerCore", "MaxThreadgroupMemorySize")

# The most vector registers of a work-item with which a SIMD holds so many waves.
# LLVM, review D138443, output of the unit test for gfx90a and gfx940; read 2026-11-21.
CDNA_2_AND_3 = {8: 64, 7: 72, 6: 80, 5: 96, 4: 128, 3: 168, 2: 256, 1: 512}
# LLVM before review D65010, GCNSubtarget::getOccupancyWithNumVGPRs; read 2026-11-21.
GCN = {10: 24, 9: 28, 8: 32, 7: 36, 6: 40, 5: 48, 4: 64, 3: 84, 2: 128, 1: 256}


def of_table(architecture: str) -> dict[str, int]:
    """Return a column of the table, in bytes and pieces."""
    column = ARCHITECTURES.index(architecture)
    return {name: row[column] * (KIB if name in IN_KIB else 1) for name, row in TABLE_27.items()}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_limits_are_those_of_the_programming_guide(architecture: str) -> None:
    info = nexus.lookup_device_info(f"nvidia-gpu-{architecture}")
    limits = info["Limits"]
    expected = {**TABLE_27_OF_ALL, **of_table(architecture)}
    assert {name: limits.get(name) for name in expected} == expected
    assert info.get_int(["CoreSubsystem", "SIMDSize"]) == 32


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_groups_of_a_core_follow_from_the_programming_guide(architecture: str) -> None:
    most = of_table(architecture)
    name = f"nvidia-gpu-{architecture}"
    for n_waves in (1, 2, 8, 24, 32):
        groups = min(most["MaxThreadgroupsPerCore"], most["MaxWavesPerCore"] // n_waves)
        assert nexus.advise(name).occupancy(32 * n_waves).groups_per_core == groups
    # All of the registers: 64 K over 32 work-items with 64 registers each.
    registers = nexus.advise(name, KernelInfo(registers=64)).occupancy(32)
    assert registers.limits["registers"] == 32
    largest = KernelInfo(group_memory=most["MaxThreadgroupMemorySize"])
    assert nexus.advise(name, largest).occupancy(32).groups_per_core == 1
    too_large = KernelInfo(group_memory=most["MaxThreadgroupMemorySize"] + 1)
    assert not nexus.advise(name, too_large).fits(32)[0]


@pytest.mark.parametrize(
    ("architecture", "table"),
    [
        ("gfx906", GCN),
        ("gfx908", GCN),
        ("gfx90a", CDNA_2_AND_3),
        ("gfx942", CDNA_2_AND_3),
        ("gfx950", CDNA_2_AND_3),  # of the same family, with the same registers
    ],
)
def test_waves_by_registers_are_those_of_the_table(
    architecture: str, table: dict[int, int]
) -> None:
    n_parts = nexus.lookup_device_info(architecture).get_int(["CoreSubsystem", "PartitionCount"])
    fewest = 1
    for n_waves, most in sorted(table.items(), reverse=True):
        for registers in (fewest, most):
            found = nexus.advise(architecture, KernelInfo(registers=registers)).occupancy(64)
            assert found.waves_per_core == n_waves * n_parts, registers
        fewest = most + 1
    assert not nexus.advise(architecture, KernelInfo(registers=fewest)).fits(64)[0]
