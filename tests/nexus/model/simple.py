"""A simple model of a device: arrays for memory, ints for events, lists for schedules and streams.

What can be done is done at once; a run that waits for an event stays in flight. Whether the real
device, on which things happen at the same time, must come to the same end, `order` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

UNLUCKY = 3  # the kernel `trip` fails when it finds a multiple of this number


class Span(NamedTuple):
    """A part of a memory, in bytes."""

    memory: int
    start: int
    stop: int

    def overlaps(self, other: Span) -> bool:
        same = self.memory == other.memory
        return same and self.start < other.stop and other.start < self.stop


class Step(NamedTuple):
    """One thing that a run does.

    Attributes:
        kind: bump, total and trip are kernels; copy; fill sets bytes and set sets int32; signal and
            wait.
        reads: what it reads.
        writes: what it writes.
        number: what is added or set; the value of a signal or wait.
        event: of a signal or wait.
    """

    kind: str
    reads: tuple[Span, ...] = ()
    writes: tuple[Span, ...] = ()
    number: int = 0
    event: int = -1


@dataclass
class Event:
    """An event, as it is when all is done that can be, and as the host knows it to be by now."""

    value: int = 0
    failed: bool = False
    known_value: int = 0
    known_failed: bool = False


@dataclass
class Run:
    """A submission that the host does not know to be finished.

    Attributes:
        stream: where it was submitted; -1: the default stream.
        schedule: whose run it is; None: a copy or fill of its own.
        done: how many of its steps are done; -1: it has not begun.
        failed_at: the step that failed, itself or as a wait; -1: none.
    """

    number: int
    stream: int
    schedule: int | None
    steps: tuple[Step, ...]
    done: int = -1
    failed_at: int = -1

    @property
    def failed(self) -> bool:
        return self.failed_at >= 0

    @property
    def finished(self) -> bool:
        return self.done == len(self.steps)

    def fails_signal(self, place: int) -> bool:
        """Tell whether a signal fails its event, by its place in the run."""
        return 0 <= self.failed_at < place

    def uses(self, memory: int) -> bool:
        """Tell whether the run was given this memory, all of it or a part."""
        return any(
            span.memory == memory for step in self.steps for span in step.reads + step.writes
        )

    def refers_to(self, event: int) -> bool:
        return any(step.event == event for step in self.steps)


@dataclass
class Model:
    """Memory, events and the runs in flight, in the order submitted."""

    memories: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    outcomes: dict[int, bool] = field(default_factory=dict)  # of runs known to be finished: failed?

    def copy(self) -> Model:
        events = [Event(**vars(event)) for event in self.events]
        runs = [Run(**vars(run)) for run in self.runs]
        memories = [memory.copy() for memory in self.memories]
        return Model(memories, events, runs, {**self.outcomes})

    def run(self, number: int) -> Run | None:
        """Return a run by its number; None: it is known to be finished."""
        return next((run for run in self.runs if run.number == number), None)

    def bytes_of(self, span: Span) -> npt.NDArray[np.uint8]:
        return self.memories[span.memory][span.start : span.stop]

    def numbers(self, span: Span) -> npt.NDArray[np.int32]:
        return self.bytes_of(span).view(np.int32)

    # ---- what happens ----------------------------------------------------------------------------

    def settle(self) -> None:
        """Do everything that can be done."""
        while any([self.advance(run) for run in self.runs if self.may_go_on(run)]):
            pass

    def may_go_on(self, run: Run) -> bool:
        """Tell whether nothing before it, on its stream or of its schedule, is still to be done."""
        if run.finished:
            return False
        before = (other for other in self.runs[: self.runs.index(run)] if not other.finished)
        return not any(
            other.stream == run.stream
            or (run.schedule is not None and other.schedule == run.schedule)
            for other in before
        )

    def advance(self, run: Run) -> bool:
        """Do the steps of a run until one waits; tell whether anything was done."""
        begin = run.done
        run.done = max(run.done, 0)
        while not run.finished and self.execute(run, run.steps[run.done]):
            run.done += 1
        return run.done > begin

    def execute(self, run: Run, step: Step) -> bool:
        """Do one step; False: it waits."""
        fails = False
        if step.kind == "signal":
            self.signal(step.event, step.number, failed=run.failed)
        elif step.kind == "wait" and not run.failed:
            event = self.events[step.event]
            fails = event.failed and event.value < step.number
            if event.value < step.number and not fails:
                return False
        elif not run.failed:
            fails = self.work(step)
        if fails:
            run.failed_at = run.done
        return True

    def work(self, step: Step) -> bool:
        """Do what touches memory; tell whether it fails."""
        if step.kind == "trip":
            return bool(self.numbers(step.reads[0])[0] % UNLUCKY == 0)
        if step.kind == "bump":
            self.numbers(step.writes[0])[:] += np.int32(step.number)
        elif step.kind == "total":
            a, b = (self.numbers(span) for span in step.reads)
            self.numbers(step.writes[0])[:] = a + b
        elif step.kind == "copy":
            self.bytes_of(step.writes[0])[:] = self.bytes_of(step.reads[0]).copy()
        elif step.kind == "set":
            self.numbers(step.writes[0])[:] = step.number
        else:
            self.bytes_of(step.writes[0])[:] = step.number
        return False

    def signal(self, number: int, value: int, *, failed: bool = False) -> None:
        """Raise an event, or fail it."""
        event = self.events[number]
        event.failed |= failed
        event.value = event.value if failed else max(event.value, value)

    # ---- what the host learns --------------------------------------------------------------------

    def finished(self, run: Run) -> None:
        """Note that the host knows a run to be finished, and what was before it on its stream."""
        last = self.runs.index(run)
        for other in [*self.runs[: last + 1]]:
            if other.stream != run.stream:
                continue
            assert other.finished
            self.runs.remove(other)
            self.outcomes[other.number] = other.failed
            for place, step in enumerate(other.steps):
                if step.kind == "signal":
                    self.learn(step, other.fails_signal(place))

    def learn(self, step: Step, failed: bool) -> None:
        event = self.events[step.event]
        event.known_failed |= failed
        if not failed:
            event.known_value = max(event.known_value, step.number)

    def blocked(self) -> Iterator[Run]:
        """Yield the runs that are not finished, now that all is done that can be."""
        return (run for run in self.runs if not run.finished)
