"""Objects of nexus, each beside what the model knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import nexus

from .kernels import BUFFERS, N_ARGUMENTS, WRITTEN
from .simple import Span, Step

T = TypeVar("T", bound="Thing")


@dataclass(eq=False)
class Thing:
    """An object of nexus.

    Attributes:
        real: the object.
        number: of the stream, event, schedule or run in the model.
    """

    real: Any
    number: int = -1
    closed: bool = False

    def close(self) -> None:
        """Close it, in both worlds."""
        self.real.close()
        self.closed = True


@dataclass(eq=False)
class Buffer(Thing):
    """A buffer: a part of a memory."""

    span: Span = Span(-1, 0, 0)  # noqa: RUF009  # it cannot change
    dtype: str = "i32"
    readonly: bool = False

    @property
    def nbytes(self) -> int:
        return self.span.stop - self.span.start

    def part(self, offset: int, nbytes: int) -> Span:
        start = self.span.start + offset
        return Span(self.span.memory, start, start + nbytes)


@dataclass(eq=False)
class Command(Thing):
    """A recorded command.

    Attributes:
        kind: as in Step.
        arguments: what was set: spans of buffers, and numbers.
        grid: work-items; 0: not finalized.
        step: of a copy, fill, signal or wait.
    """

    kind: str = ""
    arguments: dict[int, Any] = field(default_factory=dict)
    grid: int = 0
    step: Step | None = None

    def missing(self) -> bool:
        """Tell whether a run is refused because of this command."""
        return self.step is None and (not self.grid or len(self.arguments) < N_ARGUMENTS[self.kind])

    def step_now(self) -> Step | None:
        """Return what a run that is submitted now does; None: what nobody may ask for.

        A kernel that is given less memory than items, or memory that it reads and writes at once,
        may do anything.
        """
        if self.step is not None:
            return self.step
        spans = {index: self.arguments[index] for index in BUFFERS[self.kind]}
        if any(span.stop - span.start < 4 * self.grid for span in spans.values()):
            return None
        used = {i: span._replace(stop=span.start + 4 * self.grid) for i, span in spans.items()}
        writes = tuple(used[index] for index in WRITTEN[self.kind])
        reads = tuple(span for index, span in used.items() if index not in WRITTEN[self.kind])
        if any(read.overlaps(written) for read in reads for written in writes):
            return None
        return Step(self.kind, reads, writes, self.arguments[0] if self.kind == "bump" else 0)


@dataclass(eq=False)
class Schedule(Thing):
    """A schedule with its commands."""

    commands: list[Command] = field(default_factory=list)

    def steps(self) -> tuple[Step, ...] | None:
        """Return what a run that is submitted now does; None: what nobody may ask for."""
        steps = [command.step_now() for command in self.commands]
        return None if None in steps else tuple(step for step in steps if step is not None)


@dataclass(eq=False)
class Objects:
    """Everything that was made, in the order in which it was made."""

    buffers: list[Buffer] = field(default_factory=list)
    events: list[Thing] = field(default_factory=list)
    streams: list[Thing] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    runs: list[Thing] = field(default_factory=list)

    def commands(self) -> list[Command]:
        return [command for schedule in self.schedules for command in schedule.commands]

    def everything(self) -> Iterator[Thing]:
        yield from (*self.buffers, *self.events, *self.streams, *self.schedules, *self.commands())


def pick(things: list[T], number: int) -> T:
    """Return one of the things, now and then one that was closed."""
    usable = [thing for thing in things if not thing.closed]
    if usable and number % 8:
        things = usable
    return things[number % len(things)]


def closed_error(*things: Thing | None) -> type[Exception] | None:
    """Return the error that using these gets, when one of them was closed."""
    is_closed = any(thing is not None and thing.closed for thing in things)
    return nexus.ClosedError if is_closed else None
