"""The list of planted faults still fits the code, so that `make mutants` can be run any day."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutants.plant import Mutant, read_mutants

ROOT = Path(__file__).parents[2]
MUTANTS = read_mutants()

every_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=[m.name for m in MUTANTS])


def test_there_are_enough_in_every_part() -> None:
    parts = ["csrc/sdk/", "csrc/plugins/cpu/", "csrc/plugins/opencl/", "csrc/include/nexus/"]
    parts += ["nexus/", "nexus/_internal/inspecting/"]
    for part in parts:
        assert sum(mutant.file.startswith(part) for mutant in MUTANTS) >= 3
    assert len(MUTANTS) >= 25


@every_mutant
def test_a_fault_has_one_place_in_the_code(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.planted_in(text) != text


@every_mutant
def test_the_tests_that_catch_it_are_there(mutant: Mutant) -> None:
    for argument in mutant.caught_by:
        assert (ROOT / argument.partition("::")[0]).exists(), argument


def test_a_fault_that_fits_nowhere_is_named() -> None:
    mutant = Mutant("lost", "a.cpp", "x = 1;", "", [], "")
    with pytest.raises(ValueError, match="mutant lost: a.cpp has 2 places"):
        mutant.planted_in("x = 1; x = 1;")
