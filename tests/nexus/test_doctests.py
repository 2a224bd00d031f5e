"""The examples in the docstrings, on the embedded runtime."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "nexus.advice",
    "nexus.buffer",
    "nexus.device",
    "nexus.device_info",
    "nexus.event",
    "nexus.library",
    "nexus.properties",
    "nexus.runtime",
    "nexus.schedule",
    "nexus.stream",
    "nexus.system",
    "nexus.cli.library",
    "nexus.cli.quantities",
    "nexus._internal.architectures.units",
    "nexus._internal.device_filter",
    "nexus._internal.dtypes",
    "nexus._internal.property_path",
    "nexus._internal.run",
    "nexus._internal.scalars",
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_say_what_happens(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0, f"{name} has no example"
    assert results.failed == 0
