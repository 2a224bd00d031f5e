"""Threads: every function from any of them; each object does what it does alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from conformance.harness import LONG_NS, Lab, refused
from nexus.bindings.enums import CopyFlags, Property, RunFlags, Status
from nexus.bindings.errors import NexusError

N_THREADS = 4


@pytest.fixture(autouse=True)
def takes_threads(lab: Lab) -> None:
    """Leave these tests out where a driver ends the process."""
    lab.needs("threads")


def at_once(work: Callable[[int], None], n_threads: int = N_THREADS) -> None:
    """Call `work(0)`, `work(1)`, ... at the same time; raise the first failure."""
    failures: list[BaseException] = []
    begin = threading.Barrier(n_threads)

    def run(n: int) -> None:
        begin.wait()
        try:
            work(n)
        except BaseException as failure:  # raised again where the test sees it
            failures.append(failure)

    threads = [threading.Thread(target=run, args=[n]) for n in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.parametrize("flags", [0, RunFlags.Blocking, RunFlags.Timing])
def test_each_thread_has_its_streams_and_schedules(lab: Lab, flags: int) -> None:
    def work(n: int) -> None:
        stream, schedule, buffer = lab.stream(), lab.schedule(), lab.buffer(256)
        out = lab.buffer(256)
        command = lab.fill(schedule, buffer, 0)
        lab.own("command", lab.api.create_copy_command(schedule, buffer, 0, out, 0, 256))
        for turn in range(50):
            lab.api.copy_buffer(buffer, bytes([n]) * 256, CopyFlags.HostToDevice)
            ticket = lab.api.run_schedule(schedule, stream, flags)
            lab.api.wait_run(stream, ticket, LONG_NS)
            assert set(lab.read(out)) == {0}
            lab.api.fill_buffer(out, 0, 256, bytes([turn]), stream=stream)
            assert set(lab.read(out)) == {turn}
        lab.api.set_command_argument(command, 0, out)

    at_once(work)


@pytest.mark.parametrize("flags", [0, RunFlags.Blocking])
def test_runs_from_many_threads_are_all_counted(lab: Lab, flags: int) -> None:
    lab.needs("kernels_compute")
    counter, kernel = lab.buffer(np.zeros(1, np.int32)), lab.kernel("count")

    def work(n: int) -> None:
        schedule, stream = lab.schedule(), lab.stream()
        lab.dispatch(schedule, kernel, [counter], grid=100 + n, group=7)
        for _ in range(50):
            lab.api.run_schedule(schedule, stream, flags)
        lab.api.synchronize_stream(stream, LONG_NS)

    at_once(work)
    expected = 50 * sum(100 + n for n in range(N_THREADS))
    assert lab.read(counter, np.int32).tolist() == [expected]


def test_one_schedule_can_be_run_from_many_threads(lab: Lab) -> None:
    lab.needs("kernels_compute")
    schedule, state = lab.schedule(), lab.buffer(np.zeros(3, np.int32))
    lab.dispatch(schedule, "alone", [state, np.int32(500)])

    def work(n: int) -> None:
        stream = lab.stream() if n % 2 else lab.api.get_default_stream(lab.device)
        for turn in range(50):
            flags = RunFlags.Blocking if (turn + n) % 3 == 0 else 0
            ticket = lab.api.run_schedule(schedule, stream, flags)
        lab.api.wait_run(stream, ticket, LONG_NS)

    at_once(work)
    lab.api.wait_buffer(state, LONG_NS)
    assert lab.read(state, np.int32).tolist() == [0, 0, N_THREADS * 50 * 500]


def test_a_handle_that_many_threads_release_is_released_once(lab: Lab) -> None:
    for _ in range(50):
        buffer = lab.api.create_buffer(lab.device, 64)
        succeeded: list[int] = []

        def work(n: int, buffer: int = buffer, succeeded: list[int] = succeeded) -> None:
            try:
                lab.api.release_buffer(buffer)
            except NexusError as error:
                assert error.status == Status.InvalidBuffer
            else:
                succeeded.append(n)

        at_once(work)
        assert len(succeeded) == 1


def test_a_release_beside_use_either_works_or_is_refused(lab: Lab) -> None:
    for _ in range(30):
        buffer = lab.buffer(np.full(4096, 5, np.uint8))

        def work(n: int, buffer: int = buffer) -> None:
            if n == 0:
                lab.api.release_buffer(buffer)
                return
            out = np.full(4096, 5, np.uint8)
            for _ in range(20):
                try:
                    lab.api.copy_buffer(buffer, out)
                except NexusError as error:
                    assert error.status == Status.InvalidBuffer
                    break
            assert (out == 5).all()

        at_once(work)


def test_threads_pass_the_turn_through_events(lab: Lab) -> None:
    event, turns = lab.event(), []

    def work(n: int) -> None:
        for turn in range(n, 200, N_THREADS):
            lab.api.wait_event(event, turn, LONG_NS)
            turns.append(turn)
            lab.api.signal_event(event, turn + 1)

    at_once(work)
    assert turns == list(range(200))


def test_each_thread_has_its_last_error(lab: Lab) -> None:
    def work(n: int) -> None:
        kind = ("buffer", "event", "stream", "schedule")[n]
        for _ in range(100):
            with refused(Status[f"Invalid{kind.capitalize()}"], match=kind):
                getattr(lab.api, f"release_{kind}")(-1)

    at_once(work)


def test_objects_made_at_once_are_all_different(lab: Lab) -> None:
    made: list[list[int]] = [[] for _ in range(N_THREADS)]

    def work(n: int) -> None:
        made[n] = [lab.buffer(bytes([n] * 16)) for _ in range(300)]

    at_once(work)
    assert len({buffer for buffers in made for buffer in buffers}) == 300 * N_THREADS
    for n, buffers in enumerate(made):
        for buffer in buffers:
            assert set(lab.read(buffer)) == {n}
            assert lab.get("buffer", buffer, Property.Size) == 16
