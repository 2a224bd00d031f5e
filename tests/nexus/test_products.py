"""Which product of its architecture a device is: by its driver's name, else by what it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import nexus
from nexus import device_info
from nexus._internal.architectures import entries, places

GIB = 1 << 30


def entry(name: str) -> Mapping[str, Any]:
    return entries.read(places.index()[name])


def product_of(name: str, *device: Any) -> str | None:
    """Return the product that a device is, by its name, count of cores and bytes of memory."""
    driver_name, *facts = device
    found = device_info.entry_with_product(entry(name), driver_name, tuple(facts))
    product: str | None = found.get("Variant")
    return product


@pytest.mark.parametrize(
    ("device", "product"),
    [
        (("NVIDIA H100 80GB HBM3", 132, 79 * GIB), "H100 SXM5 80GB"),
        (("NVIDIA H100 PCIe", 114, 79 * GIB), "H100 PCIe 80GB"),
        (("NVIDIA H200", 132, 140 * GIB), "H200 SXM"),
        (("NVIDIA  h200 nvl", 132, 140 * GIB), "H200 NVL"),
        (("NVIDIA H200", 16, 18 * GIB), "H200 SXM"),  # a part of one, by MIG
        (("renamed", 114, 79 * GIB), "H100 PCIe 80GB"),
        (("renamed", 132, 79 * GIB), "H100 SXM5 80GB"),
        (("renamed", 132, 140 * GIB), None),  # H200 SXM and NVL have the same
        (("renamed", 114, 40 * GIB), None),
        (("renamed", 16, 79 * GIB), None),
    ],
)
def test_devices_of_one_architecture_are_told_apart(
    device: tuple[str, int, int], product: str | None
) -> None:
    assert product_of("nvidia-gpu-sm_90", *device) == product


def named() -> Iterator[tuple[str, str, str]]:
    """Yield architecture, product and each name that a driver has for it alone."""
    for name in sorted(places.index()):
        variants = entry(name).get("Variants", {})
        owners: dict[str, list[str]] = {}
        for product, variant in variants.items():
            for driver_name in {product, *variant.get("DeviceNames", ())}:
                owners.setdefault(driver_name, []).append(product)
        yield from (
            (name, products[0], key) for key, products in owners.items() if not products[1:]
        )


def test_a_driver_s_name_of_one_product_decides() -> None:
    found = [*named()]
    assert len(found) > 300
    wrong = [each for each in found if product_of(each[0], each[2], 1, 1) != each[1]]
    assert not wrong


def test_a_product_brings_its_own_figures() -> None:
    clocks = []
    for name in ("NVIDIA H100 PCIe", "NVIDIA H200"):
        laid = device_info.entry_with_product(entry("nvidia-gpu-sm_90"), name, (1, 1))
        advice = nexus.Advice(laid, nexus.KernelInfo())
        clocks.append((laid["CoreSubsystem"]["Count"], advice.bandwidth(), advice.peak("F32")))
    assert clocks == [(114, 2000, 51000), (132, 4800, 67000)]
