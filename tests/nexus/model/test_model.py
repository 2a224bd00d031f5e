"""Random use of the object layer, step by step beside a simple model of it.

A longer search: pytest --hypothesis-profile=soak --timeout=0 tests/nexus/model
"""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from .schedule_rules import ScheduleRules


class Machine(ScheduleRules):
    """All rules."""


# A failure is made small first, for up to 300 s. A mark comes before --timeout=0, so that a longer
# search must be told apart here.
LONGER = settings.default is not None and settings.default.max_examples > 200


@pytest.mark.timeout(0 if LONGER else 420)
def test_the_device_does_what_the_model_does() -> None:
    before = Machine().before
    Machine.seen.clear()
    assert settings.default is not None
    most = max(settings.default.max_examples, 200)
    run_state_machine_as_test(Machine, settings=settings(max_examples=most))
    assert min(Machine.seen[how] for how in ("finished", "failed", "waits")) > 40, Machine.seen
    gc.collect()
    assert Machine().listed() == before
