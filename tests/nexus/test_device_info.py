"""The device library: found by file name, read when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import nexus
from nexus import device_info


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of architecture files, which NEXUS_DEVICE_PATH names."""
    entry = {"Name": "Model 1", "Vendor": "Acme", "MemorySubsystem": {"MemoryTypes": [{"Size": 7}]}}
    (tmp_path / "acme-gpu-a1.json").write_text(json.dumps(entry))
    (tmp_path / "acme-gpu-broken.json").write_text("{")
    (tmp_path / "acme-gpu-list.json").write_text("[]")
    (tmp_path / "notes.json").write_text("{}")
    monkeypatch.setenv(device_info.PATH_VARIABLE, str(tmp_path))
    yield tmp_path


def test_an_architecture_is_found_by_its_name(folder: Path) -> None:
    info = nexus.lookup_device_info("acme-gpu-a1")
    assert info.get_str("Name") == "Model 1"
    assert info.get_int(["MemorySubsystem", "MemoryTypes", 0, "Size"]) == 7
    library = nexus.get_device_info()
    assert library["acme-gpu-a1"].get_str("Vendor") == "Acme"
    assert {"acme-gpu-a1", "acme-gpu-broken"} <= {*library}
    assert "notes" not in library
    assert len(library) == len([*library])


def test_an_unknown_architecture_is_told_beside_close_ones(folder: Path) -> None:
    with pytest.raises(KeyError, match="did you mean 'acme-gpu-a1'"):
        nexus.lookup_device_info("acme-gpu-a2")
    with pytest.raises(TypeError, match="name is a int"):
        nexus.lookup_device_info(5)  # type: ignore[arg-type]


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"acme-gpu-broken\.json is no JSON"):
        nexus.lookup_device_info("acme-gpu-broken")
    with pytest.raises(ValueError, match=r"acme-gpu-list\.json has no object"):
        nexus.lookup_device_info("acme-gpu-list")


def test_a_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(device_info.PATH_VARIABLE, "/no/such/folder")
    with pytest.raises(ValueError, match="NEXUS_DEVICE_PATH names '/no/such/folder'"):
        len(nexus.get_device_info())


def test_a_device_finds_its_own_entry(
    device: nexus.Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = [device.get_property_str(key) for key in ("Vendor", "Type", "Architecture")]
    (tmp_path / ("-".join(facts).lower() + ".json")).write_text('{"Note": "ours"}')
    monkeypatch.setenv(device_info.PATH_VARIABLE, str(tmp_path))
    assert device.get_info().get_str("Note") == "ours"
