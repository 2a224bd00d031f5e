"""The device library: found by name, read when asked for, laid under what a device answers."""

from __future__ import annotations

import copy
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import nexus
from nexus._internal.architectures import places

ENTRY: dict[str, Any] = {
    "SchemaVersion": 1,
    "Name": "Acme One",
    "Vendor": "Acme",
    "Type": "gpu",
    "Architecture": "a1",
    "Aliases": ["Anvil"],
    "ReleaseYear": 2024,
    "CoreSubsystem": {"Type": "core", "SIMDSize": 32},
    "MemorySubsystem": {
        "MemoryTypes": [{"Type": "L1", "Size": 7}, {"Type": "L2"}, {"Type": "DRAM"}]
    },
    "Interconnect": [{"Type": "PCIe", "Links": 16}],
    "Variants": {
        "A100": {
            "DeviceNames": ["ACME A-100"],
            "CoreSubsystem": {"Count": 8, "BoostClock": 1000},
            "MemorySubsystem": {"MemoryTypes": [{}, {"Size": 64}, {"Size": 1000}]},
            "Interconnect": [],
        },
        "A200": {
            "CoreSubsystem": {"Count": 8},
            "MemorySubsystem": {"MemoryTypes": [{}, {}, {"Size": 2000}]},
        },
    },
    "Sources": {"paper": {"Title": "One", "Publisher": "Acme", "Accessed": "2024-01-02"}},
    "Provenance": {
        key: {"Source": "paper"}
        for key in (
            "/ReleaseYear",
            "/CoreSubsystem",
            "/MemorySubsystem",
            "/Interconnect",
            "/Variants",
        )
    },
}


def written(folder: Path, name: str = "acme-gpu-a1", **changes: Any) -> Path:
    """Write the entry, with some members changed, and return its file."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps({**copy.deepcopy(ENTRY), **changes}))
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of architecture files, which NEXUS_DEVICE_PATH names."""
    written(tmp_path)
    (tmp_path / "acme-gpu-broken.json").write_text("{")
    (tmp_path / "acme-gpu-list.json").write_text("[]")
    (tmp_path / "notes.json").write_text("{}")
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path))
    yield tmp_path


def test_an_architecture_is_found_by_its_name(folder: Path) -> None:
    info = nexus.lookup_device_info("acme-gpu-a1")
    assert info.get_str("Name") == "Acme One"
    assert info.get_int(["MemorySubsystem", "MemoryTypes", 0, "Size"]) == 7
    library = nexus.get_device_info()
    assert library["acme-gpu-a1"].get_str("Vendor") == "Acme"
    assert {"acme-gpu-a1", "acme-gpu-broken"} <= {*library}
    assert "notes" not in library
    assert len(library) == len([*library])


@pytest.mark.parametrize("name", ["ACME-GPU-A1", "a1", "anvil", "Acme  one"])
def test_other_names_find_it_too(folder: Path, name: str) -> None:
    assert nexus.lookup_device_info(name).get_str("Architecture") == "a1"


def test_a_product_is_laid_over_its_architecture(folder: Path) -> None:
    info = nexus.lookup_device_info("acme-gpu-a1", "A100")
    assert info.get_str("Variant") == "A100"
    assert info["CoreSubsystem"] == {"Type": "core", "SIMDSize": 32, "Count": 8, "BoostClock": 1000}
    assert [item.get("Size") for item in info["MemorySubsystem"]["MemoryTypes"]] == [7, 64, 1000]
    assert info["Interconnect"] == []  # a product's own links replace those of the architecture
    for name in ("A100", "acme a-100"):
        assert nexus.lookup_device_info(name).to_dict() == info.to_dict()
    assert "Variant" not in nexus.lookup_device_info("acme-gpu-a1")


def test_an_unknown_name_is_told_beside_close_ones(folder: Path) -> None:
    with pytest.raises(KeyError, match="did you mean 'acme-gpu-a1'"):
        nexus.lookup_device_info("acme-gpu-a2")
    with pytest.raises(KeyError, match="did you mean 'acme-gpu-a1'"):
        nexus.get_device_info()["acme-gpu-a2"]
    with pytest.raises(KeyError, match=r"Acme One has no product 'A10'; did you mean 'A100'"):
        nexus.lookup_device_info("acme-gpu-a1", "A10")
    with pytest.raises(TypeError, match="name is an int"):
        nexus.lookup_device_info(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="variant is an int"):
        nexus.lookup_device_info("a1", 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("gfx942/mi300x", "AMD Instinct MI300X"),
        ("apple-gpu-applegpu_g13/Apple M1", "Apple M1"),
        ("Apple M1", "'apple-cpu-apple-m1/Apple M1' or 'apple-gpu-applegpu_g13/Apple M1'"),
        ("Lunar Lake", "'intel-cpu-lunarlake' or 'intel-gpu-lnl-m': name one of them"),
        ("gfx942/MI900", "AMD CDNA 3 (gfx942) has no product 'MI900'; there are: AMD"),
        ("", "no architecture '' and no such product; it has"),
    ],
)
def test_a_name_of_several_is_not_guessed(name: str, means: str) -> None:
    try:
        assert nexus.lookup_device_info(name).get_str("Variant") == means
    except KeyError as error:
        assert means in error.args[0]


def test_a_driver_s_name_of_several_products_is_not_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, Variants={key: {"DeviceNames": ["ACME A-100"]} for key in ("A1", "A2")})
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path))
    with pytest.raises(KeyError, match="may be 'acme-gpu-a1/A1' or 'acme-gpu-a1/A2'"):
        nexus.lookup_device_info("acme a-100")
    with pytest.raises(KeyError, match="may be 'A1' or 'A2'"):
        nexus.lookup_device_info("acme-gpu-a1", "acme a-100")


def test_the_library_can_be_pickled() -> None:
    library = nexus.get_device_info()
    again = pickle.loads(pickle.dumps(library))
    assert [*again] == [*library]
    assert again["amd-gpu-gfx942"].to_dict() == library["amd-gpu-gfx942"].to_dict()


def test_a_file_that_cannot_be_read_is_named_and_the_others_load(folder: Path) -> None:
    for name in ("acme-gpu-broken", "broken"):
        with pytest.raises(nexus.DeviceInfoError, match=r"acme-gpu-broken\.json is no JSON"):
            nexus.lookup_device_info(name)
    written(folder, "acme2-gpu-broken", Vendor="acme2", Architecture="broken", Aliases=[])
    places.forget()
    assert nexus.lookup_device_info("broken").get_str("Vendor") == "acme2"
    with pytest.raises(nexus.DeviceInfoError, match=r"acme-gpu-list\.json has no object"):
        nexus.lookup_device_info("acme-gpu-list")
    assert nexus.lookup_device_info("anvil").get_str("Name") == "Acme One"


@pytest.mark.parametrize(
    ("changes", "pointer", "expected"),
    [
        ({"Type": "toaster"}, "/Type", "'toaster' is not one of"),
        ({"Colour": "red"}, "", "'Colour' was unexpected"),
        ({"CoreSubsystem": {"Type": "core", "SIMDSize": -1}}, "/CoreSubsystem/SIMDSize", "minimum"),
        (
            {"CoreSubsystem": {"Type": "core", "BoostClock": "1 GHz"}},
            "/CoreSubsystem/BoostClock",
            "MHz",
        ),
        ({"Limits": {"MaxThreadsPerBlock": 1024}}, "/Limits/MaxThreadsPerBlock", "no pointer of"),
        (
            {"Provenance": {"/Variants": {"Source": "rumour"}}},
            "/Provenance/~1Variants",
            "no key of",
        ),
        ({"Architecture": "a2"}, "", "want the file name acme-gpu-a2.json"),
    ],
)
def test_a_file_that_breaks_the_schema_is_told_where(
    tmp_path: Path, changes: dict[str, Any], pointer: str, expected: str
) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(nexus.DeviceInfoError) as caught:
        nexus.add_device_info(path)
    assert str(path) in str(caught.value)
    found = dict(caught.value.problems)
    assert expected in found[pointer]
    assert "acme-gpu-a1" not in nexus.get_device_info()


@pytest.mark.usefixtures("nothing_added")
def test_an_entry_can_be_added_and_hides_another(folder: Path, tmp_path_factory: Any) -> None:
    mine = written(tmp_path_factory.mktemp("mine"), Name="Acme Mine")
    assert nexus.add_device_info(mine) == ["acme-gpu-a1"]
    assert nexus.lookup_device_info("acme-gpu-a1").get_str("Name") == "Acme Mine"
    with pytest.raises(nexus.DeviceInfoError, match="nowhere' cannot be read: No such file"):
        nexus.add_device_info(folder / "nowhere")


@pytest.mark.usefixtures("nothing_added")
def test_what_is_nearer_to_the_program_hides_what_came_with_nexus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def name_of_gfx942() -> str:
        by_file, by_name = nexus.get_device_info()["amd-gpu-gfx942"], "gfx942"
        assert by_file.to_dict() == nexus.lookup_device_info(by_name).to_dict()
        return by_file.get_str("Name")

    for place in ("variable", "added"):
        (tmp_path / place).mkdir()
        mine = {"Vendor": "AMD", "Architecture": "gfx942", "Name": place}
        written(tmp_path / place, "amd-gpu-gfx942", **mine)
    assert name_of_gfx942() == "AMD CDNA 3 (gfx942)"
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path / "variable"))
    assert name_of_gfx942() == "variable"
    nexus.add_device_info(tmp_path / "added")
    assert name_of_gfx942() == "added"
    shutil.rmtree(tmp_path / "added")
    places.forget()
    assert name_of_gfx942() == "variable"  # what was added cannot be taken back: it is passed


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that installs a package whose entry point is `module:<name>`."""
    written(tmp_path)
    written(tmp_path, "amd-gpu-gfx942", Vendor="AMD", Architecture="gfx942", Name="not this")
    (tmp_path / "acme_entries.py").write_text(
        f"folder = {str(tmp_path)!r}\ngone = '/gone'\nhere = '.'\ndef fails(): 1 / 0\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def install(name: str) -> None:
        named = metadata.EntryPoint("acme", f"acme_entries:{name}", places.ENTRY_POINTS)
        monkeypatch.setattr(metadata, "entry_points", lambda group: [named])
        places.forget()

    yield install
    places.forget()


def test_another_package_can_bring_entries(package: Callable[[str], None]) -> None:
    package("folder")
    assert nexus.lookup_device_info("anvil").get_str("Name") == "Acme One"
    assert nexus.get_device_info()["acme-gpu-a1"].get_str("Name") == "Acme One"
    assert nexus.lookup_device_info("gfx942").get_str("Name") == "AMD CDNA 3 (gfx942)"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fails", "of nexus.device_lib fails: ZeroDivisionError"),
        ("gone", "names '/gone', which is not there"),
        ("here", "names '.', which is relative"),
    ],
)
def test_a_package_that_brings_nothing_is_named(
    package: Callable[[str], None], name: str, words: str
) -> None:
    package(name)
    with pytest.raises(nexus.DeviceInfoError, match=f"'acme_entries:{name}' {words}"):
        len(nexus.get_device_info())
    assert nexus.lookup_device_info("gfx942").get_str("Vendor") == "AMD"  # needs no package


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("/no/such/folder", "'/no/such/folder', which is not there"),
        ("here", "'here', which is rel"),
    ],
)
def test_a_folder_that_cannot_be_searched_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    monkeypatch.setenv(places.PATH_VARIABLE, value)
    with pytest.raises(nexus.DeviceInfoError, match=f"NEXUS_DEVICE_PATH names {words}"):
        len(nexus.get_device_info())


# ---- devices -------------------------------------------------------------------------------------


def own_entry(device: nexus.Device, folder: Path, **changes: Any) -> None:
    """Write the entry of a device."""
    facts = {key: device.get_property_str(key) for key in ("Vendor", "Type", "Architecture")}
    written(folder, "-".join(facts.values()).lower(), **{**facts, **changes})


def test_what_a_device_answers_lies_over_its_entry(
    device: nexus.Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    types = [
        {"Type": "L1", "Size": 1, "Latency": 4},
        {"Type": "L2"},
        {"Type": "L3"},
        {"Type": "DRAM"},
    ]
    own_entry(device, tmp_path, MemorySubsystem={"MemoryTypes": types}, Description="ours")
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path))
    info = device.get_info()
    assert info is device.get_info()
    assert info.get_str("Description") == "ours"
    assert info.get_str("Name") == device.name
    first = info["MemorySubsystem"]["MemoryTypes"][0]
    assert first["Size"] == device.get_property_int(["MemorySubsystem", "MemoryTypes", 0, "Size"])
    assert first["Latency"] == 4
    assert info.get_flt(["MemorySubsystem", "MemoryTypes", 0, "Latency"]) == 4.0
    assert info.get_int("CoreCount") == device.get_property_int("CoreCount")
    assert "Variant" not in info


def test_a_device_finds_its_product(
    device: nexus.Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_name = {"Named": {"DeviceNames": [device.name.upper()], "Description": "by name"}}
    own_entry(device, tmp_path, Variants=by_name)
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path))
    assert device.get_info().get_str("Variant") == "Named"
    assert device.get_info().get_str("Description") == "by name"

    facts = [device.get_property_int(key) for key in ("CoreCount", "GlobalMemorySize")]
    sizes = [{}, {}, {"Size": facts[1] + facts[1] // 20}]
    like = {"CoreSubsystem": {"Count": facts[0]}, "MemorySubsystem": {"MemoryTypes": sizes}}
    other = {"CoreSubsystem": {"Count": facts[0]}}  # its memory is not known: it may be any
    (tmp_path / "more").mkdir()
    own_entry(device, tmp_path / "more", Variants={"Like": like, "Other": other})
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path / "more"))
    assert device.get_info().get_str("Variant") == "Like"


def test_a_live_list_of_another_shape_replaces_that_of_the_entry() -> None:
    from nexus._internal.architectures.entries import live_over

    known = [{"Type": "L1", "Latency": 4}, {"Type": "L2", "Latency": 14}]
    assert live_over(known, [{"Type": "L2", "Size": 9}]) == [known[0], {**known[1], "Size": 9}]
    assert live_over(known, [{"Type": "SRAM", "Size": 9}]) == [{"Type": "SRAM", "Size": 9}]
    assert live_over({"A": 1, "B": 2}, {"B": 3}) == {"A": 1, "B": 3}


def test_importing_and_listing_read_no_entry_and_a_look_up_one(folder: Path) -> None:
    program = """
import pathlib, sys

opened = []
sys.addaudithook(lambda name, about: name == "open" and opened.append(str(about[0])))

def entries_read():
    found = [pathlib.Path(path).stem for path in opened if path.endswith(".json")]
    opened.clear()
    return found

import nexus
assert "json" not in sys.modules and "importlib.metadata" not in sys.modules
assert "acme-gpu-a1" in nexus.get_device_info() and len(nexus.get_device_info()) >= 3
assert entries_read() == []
nexus.lookup_device_info("nvidia-gpu-sm_90")
nexus.lookup_device_info("gfx942")
assert entries_read() == ["nvidia-gpu-sm_90", "amd-gpu-gfx942"]
assert "jsonschema" not in sys.modules  # what came with nexus has been checked
nexus.lookup_device_info("acme-gpu-a1")
assert "acme-gpu-a1" in entries_read()
assert "jsonschema" in sys.modules
nexus.lookup_device_info("acme-gpu-a1")
device = nexus.device("cpu")
device.get_info().get_str("Name")
entries_read()
assert device.get_info() is device.get_info()
assert entries_read() == []
assert "click" not in sys.modules and "rich" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, env=dict(os.environ))
