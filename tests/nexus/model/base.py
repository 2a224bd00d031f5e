"""What the rules of the machine share: how a call is made, and how the worlds are compared."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

import nexus
from nexus._internal import parking

from .objects import Buffer, Objects, Thing
from .order import is_determined
from .simple import Model, Run, Step

NUMBER = st.integers(0, 999)  # which of the things that there are
VALUE = st.integers(0, 2)  # of an event, above what it has
RARELY = st.integers(0, 5).map(lambda n: n == 5)
LONG = 60  # seconds: a call that ends at once when all is well, on the busiest machine
SHORT = 0.002  # seconds: a call that must time out


class Base(RuleBasedStateMachine):
    """A device and its model, side by side."""

    seen: ClassVar[Counter[str]] = Counter()  # of all examples: what the rules came to

    def __init__(self) -> None:
        super().__init__()
        self.device = nexus.get_runtime("cpu").get_device(0)
        self.model = Model()
        self.objects = Objects()
        self.n_runs = 0
        self.lent: list[tuple[npt.NDArray[Any], int]] = []  # arrays that are a memory of the model
        self.views: list[tuple[npt.NDArray[Any], Buffer]] = []  # of buffers that may be closed
        self.rescues: list[nexus.Schedule] = []  # signal closed events, at the end
        self.before = self.listed()

    # ---- calls -----------------------------------------------------------------------------------

    def expect(self, error: type[Exception] | None, call: Callable[[], Any]) -> Any:
        """Make a call that must raise exactly this error, or none."""
        if error is None:
            return call()
        with pytest.raises(error) as caught:
            call()
        assert type(caught.value) is error, repr(caught.value)
        assert len(str(caught.value).split()) > 3
        return None

    def submit(
        self,
        steps: tuple[Step, ...] | None,
        stream: Thing | None,
        call: Callable[[Any, bool], Any],
        *,
        blocking: bool,
        schedule: int | None = None,
    ) -> None:
        """Submit work, when there is only one end to which it can come.

        Args:
            steps: what the work is.
            stream: where; None: the default stream.
            call: submits it to a real stream, blocking or not.
            blocking: wait for it; not when that would take forever.
            schedule: of which it is a run.
        """
        if steps is None:
            return
        number = -1 if stream is None else stream.number
        run = self.tried(lambda: Run(self.n_runs, number, schedule, steps))
        if run is None:
            return
        self.n_runs += 1
        self.seen["failed" if run.failed else "finished" if run.finished else "waits"] += 1
        blocks = blocking and run.finished
        error = nexus.ExecutionError if blocks and run.failed else None
        real = self.expect(error, lambda: call(None if stream is None else stream.real, blocks))
        if blocks:
            assert real is None
            self.model.finished(run)
        else:
            assert isinstance(real, nexus.Run)
            self.objects.runs.append(Thing(real, run.number))

    def tried(self, make: Callable[[], Run]) -> Run | None:
        """Add a run to the model; None, and nothing done, when chance would decide how it ends."""
        for _ in range(2):
            attempt, run = self.model.copy(), make()
            attempt.runs.append(run)
            attempt.settle()
            if is_determined(attempt):
                self.model = attempt
                return run
            self.catch_up()
        return None

    def catch_up(self) -> None:
        """Wait for every run that can be finished."""
        for thing in self.objects.runs:
            run = self.model.run(thing.number)
            if run is not None and run.finished:
                self.end_of(thing, failed=run.failed)
                self.model.finished(run)

    def end_of(self, run: Thing, *, failed: bool) -> None:
        """Wait for a run that must end, and how."""
        self.expect(nexus.ExecutionError if failed else None, lambda: run.real.wait(LONG))

    def is_idle(self, memory: int) -> bool:
        """Wait for the runs that use a memory; false: one of them does not end."""
        if any(run.uses(memory) for run in self.model.blocked()):
            return False
        self.catch_up()
        return True

    # ---- comparisons -----------------------------------------------------------------------------

    def listed(self) -> list[list[Any]]:
        """Return what the device lists."""
        device = self.device
        schedules = [each for each in device.get_schedules() if each not in self.rescues]
        return [device.get_buffers(), device.get_events(), device.get_streams(), schedules]

    @invariant()
    def lists_are_what_is_open(self) -> None:
        made = self.objects
        kinds: tuple[list[Any], ...] = (made.buffers, made.events, made.streams, made.schedules)
        expected = [
            [*before, *(thing.real for thing in things if not thing.closed)]
            for before, things in zip(self.before, kinds, strict=True)
        ]
        if self.listed() != expected:
            gc.collect()  # tracebacks of errors that were expected keep what was dropped
        assert self.listed() == expected

    @invariant()
    def runs_that_wait_are_not_done(self) -> None:
        for thing in self.objects.runs:
            run = self.model.run(thing.number)
            if run is None:
                assert thing.real.done
                assert thing.real.status == (
                    "failed" if self.model.outcomes[thing.number] else "complete"
                )
            elif not run.finished:
                assert not thing.real.done and thing.real.status == "running"

    def compare(self, buffer: Buffer, found: npt.NDArray[Any]) -> None:
        """Compare what was read of a buffer with the model."""
        assert found.tobytes() == self.model.bytes_of(buffer.span).tobytes()

    @invariant()
    def arrays_are_what_the_model_says(self) -> None:
        for array, memory in self.lent:
            if not any(run.uses(memory) for run in self.model.runs):
                assert array.tobytes() == self.model.memories[memory].tobytes()
        for array, buffer in self.views:
            if not any(run.uses(buffer.span.memory) for run in self.model.runs):
                self.compare(buffer, array)

    def teardown(self) -> None:
        """Let everything end, and compare all that can be compared then."""
        self.catch_up()
        self.arrays_are_what_the_model_says()
        for buffer in self.objects.buffers:
            if not buffer.closed and self.is_idle(buffer.span.memory):
                self.compare(buffer, np.frombuffer(buffer.real.numpy().tobytes(), np.uint8))
        for event in self.objects.events:
            self.rescue(event)
        for schedule in self.rescues:
            with self.device.create_stream() as stream:
                schedule.run(stream)
        for thing in self.objects.runs:
            with contextlib.suppress(nexus.ExecutionError):
                thing.real.wait(LONG)
        for thing in self.objects.everything():
            thing.close()
        self.objects = Objects()
        self.lent.clear()
        self.views.clear()
        self.rescues.clear()
        parking.sweep()

    def rescue(self, event: Thing) -> None:
        """Record what will end every wait for an event, which may be closed afterwards."""
        if not event.closed:
            schedule = self.device.create_schedule()
            self.rescues.append(schedule)
            schedule.create_signal_command(event.real, (1 << 64) - 1)
