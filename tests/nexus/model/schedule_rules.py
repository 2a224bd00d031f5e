"""Rules about schedules and commands: recorded, changed between runs, run."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from .base import NUMBER, RARELY, VALUE
from .event_rules import EventRules
from .kernels import BUFFERS
from .memory_rules import BLOCKING, INTS, NBYTES, OFFSET, PATTERN, MemoryRules
from .objects import Buffer, Command, pick
from .recording import Recording
from .simple import Span

KERNELS = st.sampled_from(sorted(BUFFERS))
GRID = st.sampled_from([1, 2, 3, 4, 4, 4, 8])
INDEX = st.integers(0, 3)
PAIR = st.tuples(NUMBER, NUMBER)


class ScheduleRules(MemoryRules, EventRules, Recording):
    """Rules about schedules."""

    @initialize(kinds=st.lists(st.sampled_from(["i32", "f32", "lent", "readonly"]), max_size=3))
    def begin(self, kinds: list[str]) -> None:
        """Begin with some of each, so that there is something to do."""
        for kind in ["i32", "i32", *kinds]:
            if kind in ("lent", "readonly"):
                self.borrow([1, 0, 5, 6, 7, 8], kind == "readonly")
            else:
                self.make([2, 0, 3, 4, 5, 6, 7, 8], kind)
        for _ in range(2):
            self.make_event(0)
            self.make_stream()
            self.make_schedule()

    @rule()
    def make_schedule(self) -> None:
        self.add_schedule()

    @precondition(lambda self: len(self.objects.schedules) > 3)
    @rule(which=NUMBER)
    def close_schedule(self, which: int) -> None:
        pick(self.objects.schedules, which).close()

    @precondition(lambda self: len(self.objects.commands()) > 4)
    @rule(which=NUMBER)
    def close_command(self, which: int) -> None:
        """Close a command; it stays recorded."""
        pick(self.objects.commands(), which).close()

    def three_buffers(self, which: int) -> list[Buffer]:
        return [pick(self.objects.buffers, which + n) for n in range(3)]

    @precondition(lambda self: self.objects.schedules and self.objects.buffers)
    @rule(which=NUMBER, name=KERNELS, buffer=NUMBER, grid=GRID, unready=RARELY)
    def launch(self, which: int, name: str, buffer: int, grid: int, unready: bool) -> None:
        schedule = pick(self.objects.schedules, which)
        buffers = [] if unready else self.three_buffers(buffer)
        self.record_launch(schedule, name, buffers, buffer, grid)

    @precondition(lambda self: self.objects.schedules and self.objects.buffers)
    @rule(which=NUMBER, buffers=PAIR, offsets=st.tuples(OFFSET, OFFSET), nbytes=NBYTES)
    def copy(
        self, which: int, buffers: tuple[int, int], offsets: tuple[int, int], nbytes: int
    ) -> None:
        a, b = (pick(self.objects.buffers, each) for each in buffers)
        self.record_copy(pick(self.objects.schedules, which), a, b, offsets, nbytes)

    @precondition(lambda self: self.objects.schedules and self.objects.buffers)
    @rule(which=NUMBER, buffer=NUMBER, value=PATTERN, offset=OFFSET, nbytes=NBYTES)
    def set(self, which: int, buffer: int, value: int, offset: int, nbytes: int) -> None:
        schedule, target = pick(self.objects.schedules, which), pick(self.objects.buffers, buffer)
        self.record_set(schedule, target, value, offset, nbytes)

    @precondition(lambda self: self.objects.schedules and self.objects.events)
    @rule(which=NUMBER, event=NUMBER, value=VALUE, kind=st.sampled_from(["signal", "wait"]))
    def event(self, which: int, event: int, value: int, kind: str) -> None:
        schedule, thing = pick(self.objects.schedules, which), pick(self.objects.events, event)
        value += self.model.events[thing.number].value
        self.record_event(schedule, thing, value, kind)

    # ---- changing --------------------------------------------------------------------------------

    def commands(self, *kinds: str) -> list[Command]:
        return [command for command in self.objects.commands() if command.kind in kinds]

    def run_what_changed(self, command: Command, stream: int) -> None:
        """Run the schedule of a command, to see that the run has what was set."""
        owner = next(each for each in self.objects.schedules if command in each.commands)
        self.run_schedule(owner, self.any_stream(stream), blocking=stream % 2 == 0)

    @precondition(lambda self: self.commands(*BUFFERS) and self.objects.buffers)
    @rule(which=NUMBER, index=INDEX, buffer=NUMBER, stream=NUMBER)
    def change_buffer(self, which: int, index: int, buffer: int, stream: int) -> None:
        command = pick(self.commands(*BUFFERS), which)
        self.set_argument(command, index, pick(self.objects.buffers, buffer))
        self.run_what_changed(command, stream)

    @precondition(lambda self: self.commands(*BUFFERS))
    @rule(which=NUMBER, index=INDEX, values=INTS, stream=NUMBER)
    def lend(self, which: int, index: int, values: list[int], stream: int) -> None:
        """Set an array as an argument, which the command then borrows."""
        command = pick(self.commands(*BUFFERS), which)
        array = np.array(values, np.int32)
        memory = self.add_memory(array)
        self.lent.append((array, memory))
        self.set_argument(command, index, Buffer(array, span=Span(memory, 0, array.nbytes)))
        self.run_what_changed(command, stream)

    @precondition(lambda self: self.commands("bump"))
    @rule(which=NUMBER, index=st.sampled_from([0, 0, 0, 1, 3]), value=PATTERN, stream=NUMBER)
    def change_number(self, which: int, index: int, value: int, stream: int) -> None:
        command = pick(self.commands("bump"), which)
        self.set_number(command, index, value)
        self.run_what_changed(command, stream)

    @precondition(lambda self: self.commands(*BUFFERS))
    @rule(which=NUMBER, group=st.integers(1, 5), grid=GRID, stream=NUMBER)
    def change_sizes(self, which: int, group: int, grid: int, stream: int) -> None:
        command = pick(self.commands(*BUFFERS), which)
        self.set_sizes(command, group, grid)
        self.run_what_changed(command, stream)

    @precondition(lambda self: self.commands("signal", "wait"))
    @rule(which=NUMBER, value=VALUE, stream=NUMBER)
    def change_value(self, which: int, value: int, stream: int) -> None:
        command = pick(self.commands("signal", "wait"), which)
        assert command.step is not None
        self.set_value(command, value + self.model.events[command.step.event].value)
        self.run_what_changed(command, stream)

    @precondition(lambda self: self.commands("copy", "set", *BUFFERS))
    @rule(which=NUMBER)
    def change_what_has_no_value(self, which: int) -> None:
        self.set_value(pick(self.commands("copy", "set", *BUFFERS), which), 1)

    # ---- running ---------------------------------------------------------------------------------

    @precondition(lambda self: self.objects.schedules)
    @rule(which=NUMBER, stream=NUMBER, blocking=BLOCKING, timing=st.booleans())
    def run(self, which: int, stream: int, blocking: bool, timing: bool) -> None:
        schedule = pick(self.objects.schedules, which)
        self.run_schedule(schedule, self.any_stream(stream), blocking=blocking, timing=timing)

    @precondition(lambda self: self.objects.schedules)
    @rule(streams=st.tuples(NUMBER, NUMBER, NUMBER), which=NUMBER)
    def run_again_and_again(self, streams: tuple[int, ...], which: int) -> None:
        """Run one schedule on several streams: its runs do not overlap."""
        schedule = pick(self.objects.schedules, which)
        for stream in streams:
            self.run_schedule(schedule, self.any_stream(stream), blocking=False)

    @precondition(lambda self: self.objects.buffers and self.objects.events)
    @rule(
        streams=PAIR, event=NUMBER, buffer=NUMBER, late=st.booleans(),
        names=st.lists(st.sampled_from(["bump", "trip", "bump"]), min_size=1, max_size=2),
    )  # fmt: skip
    def hand_over(
        self, streams: tuple[int, int], event: int, buffer: int, late: bool, names: list[str]
    ) -> None:
        """One schedule works on a buffer and signals, another waits and works on it."""
        thing = pick(self.objects.events, event)
        value = self.model.events[thing.number].value + 1
        waiting, working = self.add_schedule(), self.add_schedule()
        self.record_event(waiting, thing, value, "wait")
        for name in names:
            for schedule in (waiting, working):
                self.record_launch(schedule, name, self.three_buffers(buffer), buffer, 4)
        self.record_event(working, thing, value, "signal")
        order = [waiting, working] if late else [working, waiting]
        for schedule, stream in zip(order, streams, strict=True):
            self.run_schedule(schedule, self.any_stream(stream), blocking=False)
