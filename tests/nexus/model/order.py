"""Whether a device on which things happen at the same time must come to the end of the model.

It must when any two steps that touch the same bytes, one of them writing, have an order: by a
stream, by a schedule, or by an event that only one signal can raise far enough; and when no wait
can end both well and badly.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from .simple import Model, Run, Step


class Node:
    """A step of a run in flight, or the end of one (`step` is None then)."""

    def __init__(self, run: Run, place: int) -> None:
        self.run = run
        self.place = place
        self.step = run.steps[place] if place < len(run.steps) else None
        self.after: set[Node] = set()  # what must be done right before it


def is_determined(model: Model) -> bool:
    """Tell whether every order in which the device may do things leads to the same end."""
    nodes = [*_chains(model)]
    signals = [node for node in nodes if node.step is not None and node.step.kind == "signal"]
    for node in nodes:
        if node.step is not None and node.step.kind == "wait":
            if not _add_signals(model, node, signals):
                return False
    order = {node: _all_before(node) for node in nodes}
    return all(
        a in order[b] or b in order[a]
        for a, b in combinations((node for node in nodes if node.step), 2)
        if a.run is not b.run and _conflict(a.step, b.step)
    )


def _chains(model: Model) -> Iterator[Node]:
    """Yield the steps of each run, after those of the runs before it on its stream or schedule."""
    ends: list[Node] = []
    for run in model.runs:
        before = {
            end
            for end in ends
            if end.run.stream == run.stream
            or (run.schedule is not None and end.run.schedule == run.schedule)
        }
        for place in range(len(run.steps) + 1):
            node = Node(run, place)
            node.after = before
            before = {node}
            yield node
        ends.append(node)


def _add_signals(model: Model, wait: Node, signals: list[Node]) -> bool:
    """Order a wait after the one signal that ends it; False: it may end well or badly."""
    assert wait.step is not None
    event, value = model.events[wait.step.event], wait.step.number
    if event.known_value >= value:
        return True
    own = [node for node in signals if node.step and node.step.event == wait.step.event]
    enough = [node for node in own if node.step and node.step.number >= value]
    fails = event.known_failed or any(node.run.fails_signal(node.place) for node in own)
    if fails and any(not node.run.fails_signal(node.place) for node in enough):
        return False
    if len(enough) == 1 and not fails:
        wait.after = wait.after | {enough[0]}
    return True


def _all_before(node: Node) -> set[Node]:
    found: set[Node] = set()
    pending = [*node.after]
    while pending:
        other = pending.pop()
        if other not in found:
            found.add(other)
            pending += other.after
    return found


def _conflict(a: Step | None, b: Step | None) -> bool:
    assert a is not None and b is not None
    return any(
        one.overlaps(other)
        for written, used in ((a.writes, b.reads + b.writes), (b.writes, a.reads))
        for one in written
        for other in used
    )
