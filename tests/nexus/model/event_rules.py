"""Rules about events and streams, and about waiting for runs."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

import nexus

from .base import LONG, NUMBER, SHORT, VALUE, Base
from .objects import Thing, pick
from .order import is_determined
from .simple import Event

TYPES = [nexus.event_type.Shared, nexus.event_type.Signal, nexus.event_type.Fence]


class EventRules(Base):
    """Rules about events, streams and runs."""

    @rule(kind=st.sampled_from(TYPES))
    def make_event(self, kind: nexus.EventType) -> None:
        self.model.events.append(Event())
        real = self.device.create_event(kind)
        self.objects.events.append(Thing(real, len(self.model.events) - 1))

    @precondition(lambda self: len(self.objects.events) > 2)
    @rule(which=NUMBER)
    def close_event(self, which: int) -> None:
        event = pick(self.objects.events, which)
        self.rescue(event)
        event.close()

    @precondition(lambda self: self.objects.events)
    @rule(which=NUMBER, value=VALUE)
    def signal(self, which: int, value: int) -> None:
        event = pick(self.objects.events, which)
        value += self.model.events[event.number].value
        if event.closed:
            self.expect(nexus.ClosedError, lambda: event.real.signal(value))
            return
        attempt = self.model.copy()
        known = attempt.events[event.number]
        known.known_value = max(known.known_value, value)
        attempt.signal(event.number, value)
        attempt.settle()
        if is_determined(attempt):
            self.model = attempt
            event.real.signal(value)

    @precondition(lambda self: self.objects.events)
    @rule(which=NUMBER, value=VALUE)
    def wait(self, which: int, value: int) -> None:
        event = pick(self.objects.events, which)
        known = self.model.events[event.number]
        value += max(known.value - 1, 0)
        in_flight = any(run.refers_to(event.number) for run in self.model.runs)
        error: type[Exception] | None = None
        if event.closed:
            error = nexus.ClosedError
        elif known.value < value:
            error = nexus.ExecutionError if known.failed else nexus.WaitTimeoutError
        elif known.failed and in_flight:
            return  # it may fail before it is raised
        timeout = SHORT if error is nexus.WaitTimeoutError else LONG
        self.expect(error, lambda: event.real.wait(value, timeout))

    @precondition(lambda self: self.objects.events)
    @rule(which=NUMBER, value=VALUE)
    def reset(self, which: int, value: int) -> None:
        event = pick(self.objects.events, which)
        users = [run for run in self.model.runs if run.refers_to(event.number)]
        if event.closed:
            self.expect(nexus.ClosedError, lambda: event.real.reset(value))
        elif any(not run.finished for run in users):
            self.expect(nexus.NexusError, lambda: event.real.reset(value))
        else:
            self.catch_up()
            event.real.reset(value)
            self.model.events[event.number] = Event(value, False, value, False)

    @precondition(lambda self: self.objects.events)
    @rule(which=NUMBER)
    def look_at_event(self, which: int) -> None:
        event = pick(self.objects.events, which)
        known = self.model.events[event.number]
        if event.closed:
            self.expect(nexus.ClosedError, lambda: event.real.value)
        elif any(run.refers_to(event.number) for run in self.model.runs):
            assert known.known_value <= event.real.value <= known.value
        else:
            assert event.real.value == known.value
            assert event.real.status == ("error" if known.failed else "complete")

    # ---- streams and runs ------------------------------------------------------------------------

    @rule()
    def make_stream(self) -> None:
        number = len(self.objects.streams)
        self.objects.streams.append(Thing(self.device.create_stream(), number))

    @precondition(lambda self: len(self.objects.streams) > 2)
    @rule(which=NUMBER)
    def close_stream(self, which: int) -> None:
        pick(self.objects.streams, which).close()

    @precondition(lambda self: self.objects.streams)
    @rule(which=NUMBER)
    def synchronize(self, which: int) -> None:
        stream = pick(self.objects.streams, which)
        runs = [run for run in self.model.runs if run.stream == stream.number]
        waits = any(not run.finished for run in runs)
        error: type[Exception] | None = nexus.WaitTimeoutError if waits else None
        error = nexus.ClosedError if stream.closed else error
        self.expect(error, lambda: stream.real.synchronize(SHORT if waits else LONG))
        if error is None and runs:
            self.model.finished(runs[-1])

    @precondition(lambda self: self.objects.runs)
    @rule(which=NUMBER)
    def wait_for_run(self, which: int) -> None:
        in_flight = [each for each in self.objects.runs if self.model.run(each.number)]
        thing = pick(in_flight if in_flight and which % 4 else self.objects.runs, which)
        run = self.model.run(thing.number)
        if run is None:
            self.end_of(thing, failed=self.model.outcomes[thing.number])
        elif run.finished:
            self.end_of(thing, failed=run.failed)
            self.model.finished(run)
        else:
            self.expect(nexus.WaitTimeoutError, lambda: thing.real.wait(SHORT))

    @precondition(lambda self: self.objects.runs)
    @rule(which=NUMBER)
    def drop_run(self, which: int) -> None:
        """Let a Run go that is known to be finished; the run itself does not need it."""
        place = which % len(self.objects.runs)
        if self.model.run(self.objects.runs[place].number) is None:
            self.objects.runs.pop(place)
