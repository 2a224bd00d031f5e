"""What is looked at in an architecture file when the package jsonschema is not there."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

import nexus
from nexus._internal.architectures import checking

GOOD: dict[str, Any] = {
    "Name": "Acme One",
    "Vendor": "Acme",
    "Type": "gpu",
    "Architecture": "odd",
    "Colour": "red",  # only the schema knows that there is none
    "Variants": {"A1": {"MemorySubsystem": {"MemoryTypes": [{}]}}},
}


@pytest.fixture(autouse=True)
def no_jsonschema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_has_jsonschema", lambda: False)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"Name": 5}, ("/Name", "a string is expected")),
        ({"Vendor": None}, ("/Vendor", "a string is expected")),
        ({"Limits": []}, ("/Limits", "an object is expected")),
        ({"Aliases": [1]}, ("/Aliases/0", "a string is expected")),
        ({"Variants": {"A": 1}}, ("/Variants/A", "an object is expected")),
        ({"MemorySubsystem": {"MemoryTypes": 1}}, ("/MemorySubsystem/MemoryTypes", "a list is")),
        (
            {"Variants": {"A/": {"MemorySubsystem": {"MemoryTypes": [0]}}}},
            ("/Variants/A~1/MemorySubsystem/MemoryTypes/0", "an object is expected"),
        ),
        ({"Architecture": "a2"}, ("", "want the file name acme-gpu-a2.json")),
    ],
)
def test_what_look_ups_rely_on_is_checked(
    tmp_path: Path, changes: dict[str, Any], problem: tuple[str, str]
) -> None:
    path = tmp_path / "acme-gpu-odd.json"
    path.write_text(json.dumps({**GOOD, **changes}))
    with pytest.raises(nexus.DeviceInfoError) as caught:
        nexus.add_device_info(path)
    [(pointer, expected)] = caught.value.problems
    assert pointer == problem[0]
    assert problem[1] in expected


def test_a_missing_name_is_told_and_the_rest_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "acme-gpu-odd.json"
    assert checking.problems(path, GOOD) == []
    found = checking.problems(path, {"Vendor": "Acme", "Type": "gpu", "Architecture": "odd"})
    assert found == [("/Name", "a string is required")]


def test_that_the_schema_is_not_checked_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    checking._has_jsonschema.cache_clear()
    with caplog.at_level(logging.WARNING, logger="nexus"):
        assert not checking._has_jsonschema()
        assert not checking._has_jsonschema()
    checking._has_jsonschema.cache_clear()
    assert [record.message for record in caplog.records] == [
        "architecture files are not checked against the schema: install nexus-accelerator[cli]"
    ]
