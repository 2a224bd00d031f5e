"""The device library: each entry keeps to the schema, names its sources, agrees with itself."""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SCHEMA_FOLDER = Path(__file__).parents[2] / "schema"
FILES = sorted((SCHEMA_FOLDER / "device_lib").glob("*.json"))
SCHEMA = json.loads((SCHEMA_FOLDER / "gpu_architecture_schema.json").read_text(encoding="utf-8"))
TOLERANCE = 0.02  # between a vendor's rounded figure and units times clock

every_entry = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


@functools.cache
def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def numbers_in(value: Any, pointer: str = "") -> Iterator[tuple[str, float]]:
    """Yield the JSON pointer and the value of every number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield pointer, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from numbers_in(member, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numbers_in(item, f"{pointer}/{index}")


def laid_over(base: Any, top: Any) -> Any:
    """Return `top` over `base`: objects member by member, lists item by item."""
    if isinstance(base, dict) and isinstance(top, dict):
        names = [*base, *(name for name in top if name not in base)]
        return {
            n: laid_over(base[n], top[n]) if n in base and n in top else top.get(n, base.get(n))
            for n in names
        }
    if isinstance(base, list) and isinstance(top, list):
        longer = max(len(base), len(top))
        pairs = [(base[i : i + 1], top[i : i + 1]) for i in range(longer)]
        return [laid_over(b[0], t[0]) if b and t else (t or b)[0] for b, t in pairs]
    return copy.deepcopy(top)


def products(entry: Any) -> Iterator[tuple[str, Any]]:
    """Yield each product, its variant laid over the entry; the entry itself where it has none."""
    bare = {name: value for name, value in entry.items() if name != "Variants"}
    yield entry["Architecture"], bare
    for name, variant in entry.get("Variants", {}).items():
        yield name, laid_over(bare, variant)


@every_entry
def test_an_entry_keeps_to_the_schema(path: Path) -> None:
    checker = jsonschema.Draft202012Validator(
        SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    errors = [f"{e.json_path}: {e.message}" for e in checker.iter_errors(read(path))]
    assert not errors, "\n".join(errors)


@every_entry
def test_a_file_is_named_for_what_it_describes(path: Path) -> None:
    entry = read(path)
    name = "-".join(entry[key] for key in ("Vendor", "Type", "Architecture"))
    assert path.stem == name.lower().replace(" ", "_")


@every_entry
def test_every_number_has_a_source(path: Path) -> None:
    entry = read(path)
    assert {note["Source"] for note in entry["Provenance"].values()} == set(entry["Sources"])
    described = {k: v for k, v in entry.items() if k not in ("SchemaVersion", "Sources")}
    bare = [
        pointer
        for pointer, _ in numbers_in(described)
        if not any(f"{pointer}/".startswith(f"{key}/") for key in entry["Provenance"])
    ]
    assert not bare, f"no source covers {bare}"


@every_entry
def test_a_source_covers_something(path: Path) -> None:
    entry = read(path)
    for pointer in entry["Provenance"]:
        value = entry
        for step in pointer[1:].split("/"):
            value = value[int(step) if isinstance(value, list) else step]


@every_entry
def test_a_package_is_named_with_its_version_not_by_address(path: Path) -> None:
    for source in read(path)["Sources"].values():
        if "package" in source["Title"]:
            assert re.search(r"\bPyPI package [\w-]+ \d[\d.]+", source["Title"])
            assert "URL" not in source


@every_entry
def test_memory_types_are_named_in_order(path: Path) -> None:
    for name, product in products(read(path)):
        memory = product["MemorySubsystem"]
        kinds = [item.get("Type") for item in memory["MemoryTypes"]]
        assert memory.get("SupportedMemoryTypes", kinds) == kinds, name


@every_entry
def test_peak_rates_are_units_times_clock(path: Path) -> None:
    for name, product in products(read(path)):
        core = product["CoreSubsystem"]
        if not {"Count", "BoostClock"} <= set(core):
            continue
        for engine, rates in core.get("OperationsPerClock", {}).items():
            for kind, per_clock in rates.items():
                given = product.get("PeakRates", {}).get(engine, {}).get(kind, {})
                slower = engine == "Matrix" and kind != "F64" and "MatrixBoostClock" in core
                clock = core["MatrixBoostClock" if slower else "BoostClock"]
                for form in set(per_clock) & set(given):
                    made = core["Count"] * per_clock[form] * clock / 1000
                    assert given[form] == pytest.approx(made, rel=TOLERANCE), (
                        f"{name}: {engine} {kind} {form}"
                    )


@every_entry
def test_bandwidth_is_bus_width_times_data_rate(path: Path) -> None:
    for name, product in products(read(path)):
        for item in product["MemorySubsystem"]["MemoryTypes"]:
            if {"Bandwidth", "BusWidth", "DataRate"} <= set(item):
                made = item["BusWidth"] / 8 * item["DataRate"] / 1000
                assert item["Bandwidth"] == pytest.approx(made, rel=TOLERANCE), name


@every_entry
def test_limits_agree_with_each_other(path: Path) -> None:
    for name, product in products(read(path)):
        limits, core = product.get("Limits", {}), product["CoreSubsystem"]
        size = core.get("SIMDSize")
        equal = [
            ("MaxThreadsPerCore", "MaxWavesPerCore", size),
            ("RegistersPerCore", "RegistersPerPartition", core.get("PartitionCount")),
            ("MaxWavesPerCore", "MaxWavesPerPartition", core.get("PartitionCount")),
        ]
        for whole, part, factor in equal:
            if whole in limits and part in limits and factor:
                assert limits[whole] == limits[part] * factor, f"{name}: {whole}"
        if {"RegistersPerCore"} <= set(limits) and "RegisterSize" in core:
            assert core["RegisterSize"] == 4 * limits["RegistersPerCore"], name
        order = ["DefaultThreadgroupMemorySize", "MaxThreadgroupMemorySize"]
        known = [limits[key] for key in [*order, "ThreadgroupMemoryPerCore"] if key in limits]
        assert known == sorted(known), name


def test_the_names_by_which_devices_are_found_are_unique() -> None:
    owners: dict[str, str] = {}  # within a type: the CPU and the GPU of a chip may share its name
    for path in FILES:
        entry = read(path)
        for product, variant in entry.get("Variants", {}).items():
            for name in {product, *variant.get("DeviceNames", [])}:
                assert re.sub(r"\s+", " ", name).strip() == name
                key = f"{entry['Type']}/{name.lower()}"
                assert owners.setdefault(key, path.stem) == path.stem


def test_every_number_of_the_schema_has_a_unit() -> None:
    def visit(value: Any, where: str) -> Iterator[str]:
        if isinstance(value, dict):
            if value.get("type") in ("integer", "number") and "unit" not in value:
                yield where
            for key, member in value.items():
                yield from visit(member, f"{where}/{key}")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from visit(item, f"{where}/{index}")

    assert not list(visit(SCHEMA, ""))
