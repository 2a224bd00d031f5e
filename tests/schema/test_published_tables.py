"""Limits of the device library, against tables that vendors publish."""

from __future__ import annotations

import itertools

import pytest

import nexus

KIB = 1024
# CUDA C++ Programming Guide 13.0, "Technical Specifications per Compute Capability", by column.
CUDA_GUIDE = ("sm_75", "sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_100", "sm_110", "sm_120")


@pytest.mark.parametrize(
    ("limit", "unit", "row"),
    [
        ("MaxThreadsPerBlock", 1, [1024]),
        ("MaxThreadgroupsPerCore", 1, [16, 32, 16, 24, 32, 24]),
        ("MaxWavesPerCore", 1, [32, 64, 48, 64, 48]),
        ("MaxThreadsPerCore", 1, [1024, 2048, 1536, 2048, 1536]),
        ("RegistersPerCore", KIB, [64]),
        ("MaxRegistersPerBlock", KIB, [64]),
        ("MaxRegistersPerThread", 1, [255]),
        ("ThreadgroupMemoryPerCore", KIB, [64, 164, 100, 164, 100, 228, 100]),
        ("MaxThreadgroupMemorySize", KIB, [64, 163, 99, 163, 99, 227, 99]),
    ],
)
def test_limits_are_those_of_the_cuda_programming_guide(
    limit: str, unit: int, row: list[int]
) -> None:
    """A cell of that table spans columns that are alike, so only changes are compared."""
    found = [nexus.lookup_device_info(name).get_int(["Limits", limit]) for name in CUDA_GUIDE]
    assert [value for value, _ in itertools.groupby(found)] == [value * unit for value in row]
