"""Variables that are compared: what is set, what changes, and another mapping in their place."""

from __future__ import annotations

import os

import pytest

from nexus._internal.compilers import environment

NAMES = environment.names("NEXUS_TEST_ONE", "NEXUS_TEST_TWO")


def test_a_change_of_a_variable_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.values(NAMES) == (None, None)
    monkeypatch.setenv("NEXUS_TEST_TWO", "a")
    one = environment.values(NAMES)
    monkeypatch.setenv("NEXUS_TEST_TWO", "b")
    assert one[0] is None and one not in (environment.values(NAMES), (None, None))
    monkeypatch.delenv("NEXUS_TEST_TWO")
    assert environment.values(NAMES) == (None, None)


def test_another_mapping_in_their_place_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"NEXUS_TEST_ONE": "x"})
    assert environment.values(NAMES) == ("x", None)
