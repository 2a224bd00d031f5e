"""Lifetime: handles go back in any order, also with work in flight, and nothing is lost."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conformance.harness import LONG_NS, SHORT_NS, Lab, refused
from nexus.bindings.enums import BufferFlags, Property, Status

KINDS = ("buffer", "library", "kernel", "stream", "event", "schedule", "command")
# Each kind first, each last, and neighbours both ways.
ORDERS = [
    order
    for n in range(len(KINDS))
    for order in ((KINDS[n:] + KINDS[:n]), (KINDS[n:] + KINDS[:n])[::-1])
]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_a_run_in_flight_keeps_what_it_uses(lab: Lab, order: tuple[str, ...]) -> None:
    schedule, stream, event = lab.schedule(), lab.stream(), lab.event()
    numbers, library = lab.buffer(np.arange(10, dtype=np.int64)), lab.load()
    kernel = lab.kernel("twice_and_add", library)
    view = lab.part(numbers, 0, 80)
    gate, done = lab.hold(stream), lab.event()
    command = lab.dispatch(schedule, kernel, [numbers, np.int64(1)], grid=10, group=3)
    lab.signal(schedule, event)
    lab.wait(schedule, event)
    lab.signal(schedule, done)
    lab.api.run_schedule(schedule, stream)
    handles = {
        "buffer": numbers,
        "library": library,
        "kernel": kernel,
        "stream": stream,
        "event": event,
        "schedule": schedule,
        "command": command,
    }
    for kind in order:
        getattr(lab.api, f"release_{kind}")(handles[kind])
    lab.api.signal_event(gate)
    lab.api.wait_event(done, 1, LONG_NS)
    lab.needs("kernels_compute")
    np.testing.assert_array_equal(lab.read(view, np.int64), 2 * np.arange(10) + 1)


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_what_was_never_run_is_released_in_any_order(lab: Lab, order: tuple[str, ...]) -> None:
    schedule, library, buffer = lab.schedule(), lab.load(), lab.buffer(16)
    kernel = lab.kernel("count", library)
    handles = {
        "buffer": buffer,
        "library": library,
        "kernel": kernel,
        "stream": lab.stream(),
        "event": lab.event(),
        "schedule": schedule,
        "command": lab.dispatch(schedule, kernel, [buffer]),
    }
    lab.signal(schedule, handles["event"])
    for kind in order:
        getattr(lab.api, f"release_{kind}")(handles[kind])
        with refused(Status[f"Invalid{kind.capitalize()}"]):
            lab.get(kind, handles[kind], Property.Keys)


@pytest.mark.parametrize("kind", ["schedule", "stream", "event", "buffer"])
def test_a_release_does_not_wait_for_runs_in_flight(lab: Lab, kind: str) -> None:
    stream, schedule, event, buffer = lab.stream(), lab.schedule(), lab.event(), lab.buffer(8)
    done = lab.event()
    gate = lab.hold(stream)
    lab.signal(schedule, event)
    lab.fill(schedule, buffer, 1)
    lab.signal(schedule, done)
    lab.api.run_schedule(schedule, stream)
    handles = {"schedule": schedule, "stream": stream, "event": event, "buffer": buffer}
    getattr(lab.api, f"release_{kind}")(handles[kind])  # returns while the gate is shut
    with refused(Status.Timeout):
        lab.api.wait_event(done, 1, SHORT_NS)
    lab.api.signal_event(gate)
    lab.api.wait_event(done, 1, LONG_NS)


def test_the_memory_of_a_released_buffer_can_be_had_again(lab: Lab) -> None:
    nbytes = 16 << 20
    for _ in range(200):  # 3.2 GB one after the other
        lab.api.release_buffer(lab.api.create_buffer(lab.device, nbytes))
    buffer = lab.buffer(np.full(nbytes, 3, np.uint8))
    assert int(lab.read(buffer)[-1]) == 3


def test_wrapped_memory_is_let_go_whatever_is_released_first(lab: Lab) -> None:
    lab.needs("wrap")
    for first in itertools.permutations(("buffer", "view", "schedule")):
        host = np.zeros(64, np.uint8)
        root = lab.buffer(host, BufferFlags.Wrap)
        watch = lab.part(root, 0, 64)  # sees how many others there are
        view, schedule = lab.part(root, 0, 32), lab.schedule()
        lab.api.release_command(lab.fill(schedule, view, 1))
        handles = {"buffer": root, "view": view, "schedule": schedule}
        counts = [lab.get("buffer", watch, Property.UseCount)]
        for what in first:
            kind = "schedule" if what == "schedule" else "buffer"
            getattr(lab.api, f"release_{kind}")(handles[what])
            counts.append(lab.get("buffer", watch, Property.UseCount))
        assert counts[0] > 0
        assert counts == sorted(counts, reverse=True)
        assert counts[-1] == 0


def test_a_schedule_keeps_everything_that_it_records(lab: Lab) -> None:
    schedule, out, event = lab.schedule(), lab.buffer(8), lab.event()
    buffer = lab.buffer(8)
    commands = [
        lab.fill(schedule, buffer, 7),
        lab.own("command", lab.api.create_copy_command(schedule, buffer, 0, out, 0, 8)),
        lab.signal(schedule, event, 3),
        lab.wait(schedule, event, 3),
    ]
    for command in commands:
        lab.api.release_command(command)
    lab.api.release_buffer(buffer)
    lab.api.release_event(event)
    for _ in range(2):
        lab.run(schedule)
    assert set(lab.read(out)) == {7}
