"""Recording commands and changing them, in both worlds; the rules choose what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nexus

from .base import Base
from .kernels import BUFFERS, N_ARGUMENTS, kernel
from .memory_rules import copied_spans
from .objects import Buffer, Command, Schedule, Thing, closed_error
from .simple import Step


class Recording(Base):
    """What can be done to a schedule and its commands."""

    def add_schedule(self) -> Schedule:
        schedule = Schedule(self.device.create_schedule(), len(self.objects.schedules))
        self.objects.schedules.append(schedule)
        return schedule

    def record(
        self,
        schedule: Schedule,
        error: type[Exception] | None,
        call: Callable[[], Any],
        kind: str,
        step: Step | None = None,
    ) -> Command | None:
        """Record a command; None: it was refused, as it should be."""
        real = self.expect(closed_error(schedule) or error, call)
        if real is None:
            return None
        schedule.commands.append(Command(real, kind=kind, step=step))
        return schedule.commands[-1]

    def record_launch(
        self, schedule: Schedule, name: str, buffers: list[Buffer], number: int, grid: int
    ) -> None:
        """Record a launch that is ready to run, unless a buffer cannot be taken."""
        command = self.record(
            schedule, None, lambda: schedule.real.create_command(kernel(name)), name
        )
        if command is None:
            return
        for index, buffer in zip(BUFFERS[name], buffers, strict=False):
            self.set_argument(command, index, buffer)
        if name == "bump":
            self.set_number(command, 0, number)
        self.set_sizes(command, 2, grid)

    def record_copy(
        self, schedule: Schedule, a: Buffer, b: Buffer, offsets: tuple[int, int], nbytes: int
    ) -> None:
        error, spans = copied_spans(a, b, offsets, nbytes)
        self.record(
            schedule,
            closed_error(a, b) or error,
            lambda: schedule.real.create_copy_command(
                a.real, b.real, nbytes, source_offset=offsets[0], target_offset=offsets[1]
            ),
            "copy",
            Step("copy", spans[:1], spans[1:]),
        )

    def record_set(
        self, schedule: Schedule, buffer: Buffer, value: int, offset: int, nbytes: int
    ) -> None:
        error = closed_error(buffer)
        if error is None and (buffer.readonly or not 0 < nbytes <= buffer.nbytes - offset):
            error = ValueError
        self.record(
            schedule,
            error,
            lambda: schedule.real.create_fill_command(
                buffer.real, value, "i32", offset=offset, nbytes=nbytes
            ),
            "set",
            Step("set", (), (buffer.part(offset, nbytes),), value),
        )

    def record_event(self, schedule: Schedule, event: Thing, value: int, kind: str) -> None:
        real = schedule.real
        call = real.create_signal_command if kind == "signal" else real.create_wait_command
        step = Step(kind, number=value, event=event.number)
        self.record(schedule, closed_error(event), lambda: call(event.real, value), kind, step)

    # ---- changing --------------------------------------------------------------------------------

    def set_argument(self, command: Command, index: int, buffer: Buffer) -> None:
        """Set a buffer of a launch."""
        error: type[Exception] | None = closed_error(command, buffer)
        reads_only = command.kind == "trip" or (command.kind == "total" and index < 2)
        if error is not None:
            pass
        elif index not in BUFFERS[command.kind]:
            error = nexus.InvalidArgumentError
        elif buffer.dtype == "f32":
            error = TypeError
        elif buffer.readonly and not reads_only:
            error = ValueError
        self.expect(error, lambda: command.real.set_buffer(index, buffer.real))
        if error is None:
            command.arguments[index] = buffer.span

    def set_number(self, command: Command, index: int, value: int) -> None:
        """Set a number of a launch."""
        error = closed_error(command)
        if error is None and index >= N_ARGUMENTS[command.kind]:
            error = nexus.InvalidArgumentError
        elif error is None and index in BUFFERS[command.kind]:
            error = TypeError
        self.expect(error, lambda: command.real.set_scalar(index, value))
        if error is None:
            command.arguments[index] = value

    def set_sizes(self, command: Command, group: int, grid: int) -> None:
        """Set group and grid of a launch."""
        error = closed_error(command)
        self.expect(error, lambda: command.real.finalize(group, grid))
        if error is None:
            command.grid = grid

    def set_value(self, command: Command, value: int) -> None:
        """Set the value of a signal or wait."""
        error = closed_error(command)
        if error is None and command.kind not in ("signal", "wait"):
            error = TypeError
        self.expect(error, lambda: command.real.set_value(value))
        if error is None and command.step is not None:
            command.step = command.step._replace(number=value)

    # ---- running ---------------------------------------------------------------------------------

    def run_schedule(
        self, schedule: Schedule, where: Thing | None, *, blocking: bool, timing: bool = False
    ) -> None:
        """Run a schedule, when chance does not decide how that ends."""

        def call(real: Any, blocks: bool) -> Any:
            return schedule.real.run(real, blocks, timing=timing)

        error = closed_error(schedule, where)
        if error is None and any(command.missing() for command in schedule.commands):
            error = nexus.InvalidArgumentError
        if error is not None:
            self.expect(error, lambda: call(None if where is None else where.real, blocking))
            return
        self.submit(schedule.steps(), where, call, blocking=blocking, schedule=schedule.number)
