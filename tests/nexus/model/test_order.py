"""The judge of the model: what is left to chance, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from .order import is_determined
from .simple import Event, Model, Run, Span, Step

X, Y = Span(0, 0, 8), Span(0, 8, 16)
WRITE, WRITE_Y = Step("set", (), (X,), 1), Step("set", (), (Y,), 1)
READ = Step("copy", (X,), (Span(1, 0, 8),))
READ_ELSEWHERE = Step("copy", (X,), (Span(2, 0, 8),))
SIGNAL, WAIT = Step("signal", number=1, event=0), Step("wait", number=1, event=0)
FAIL = Step("trip", (Span(3, 0, 8),))  # which holds 0, an unlucky number

CASES = {
    "two writes": ([(0, [WRITE]), (1, [WRITE])], False),
    "a write and a read": ([(0, [WRITE]), (1, [READ])], False),
    "two reads": ([(0, [READ]), (1, [READ_ELSEWHERE])], True),
    "other bytes": ([(0, [WRITE]), (1, [WRITE_Y])], True),
    "one stream": ([(0, [WRITE]), (0, [READ])], True),
    "an event between": ([(0, [WRITE, SIGNAL]), (1, [WAIT, READ])], True),
    "an event between, late": ([(1, [WAIT, READ]), (0, [WRITE, SIGNAL])], True),
    "a signal too early": ([(0, [SIGNAL, WRITE]), (1, [WAIT, READ])], False),
    "a wait too late": ([(0, [WRITE, SIGNAL]), (1, [READ, WAIT])], False),
    "two signals": ([(0, [WRITE, SIGNAL]), (2, [SIGNAL]), (1, [WAIT, READ])], False),
    "a failure alone": ([(0, [FAIL, SIGNAL]), (1, [WAIT])], True),
    "a failure or a signal": ([(0, [FAIL, SIGNAL]), (2, [SIGNAL]), (1, [WAIT])], False),
    "through a third": (
        [(0, [WRITE, SIGNAL]), (1, [WAIT, Step("signal", number=1, event=1)]),
         (2, [Step("wait", number=1, event=1), READ])], True),
}  # fmt: skip


@pytest.mark.parametrize(("runs", "expected"), CASES.values(), ids=CASES.keys())
def test_what_is_left_to_chance(runs: list[tuple[int, list[Step]]], expected: bool) -> None:
    model = Model([np.zeros(16, np.uint8) for _ in range(4)], [Event(), Event()])
    for number, (stream, steps) in enumerate(runs):
        model.runs.append(Run(number, stream, None, tuple(steps)))
    model.settle()
    assert is_determined(model) is expected


def test_runs_of_one_schedule_are_in_order() -> None:
    model = Model([np.zeros(16, np.uint8)])
    model.runs = [Run(0, 0, 7, (WRITE,)), Run(1, 1, 7, (WRITE,))]
    assert is_determined(model)


def test_what_is_known_to_be_finished_is_in_order() -> None:
    model = Model([np.zeros(16, np.uint8) for _ in range(2)])
    model.runs = [Run(0, 0, None, (WRITE,)), Run(1, 1, None, (READ,))]
    model.settle()
    assert not is_determined(model)
    model.finished(model.runs[0])
    assert is_determined(model)
