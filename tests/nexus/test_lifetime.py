"""Who keeps what alive: any order of closing, memory that is borrowed, threads, and the exit."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import nexus
from nexus._internal import parking


@pytest.fixture(autouse=True)
def nothing_is_parked() -> None:
    gc.collect()
    parking.sweep()


def test_an_owner_is_let_go_when_no_command_uses_its_memory(
    device: nexus.Device, increment: nexus.Kernel
) -> None:
    x = np.zeros(4, np.int32)
    gone = weakref.ref(x)
    before = parking.sweep()
    schedule = device.create_schedule()
    command = schedule.create_command(increment)
    command.set_buffer(0, x)
    command.finalize(4, 4)
    del x
    schedule.run()
    assert gone() is not None and parking.sweep() == before + 1
    command.close()
    schedule.close()
    assert parking.sweep() == before
    assert gone() is None


def test_a_run_that_nobody_can_end_lets_its_memory_go(device: nexus.Device) -> None:
    x = np.zeros(4, np.int32)
    gone = weakref.ref(x)
    event, schedule = device.create_event(), device.create_schedule()
    schedule.create_wait_command(event)
    schedule.create_fill_command(device.create_buffer(x, copy=False), 1)
    run = schedule.run(device.create_stream(), blocking=False)
    assert run is not None
    del x
    schedule.close()
    parking.sweep()
    assert gone() is not None
    event.close()
    with pytest.raises(nexus.ExecutionError, match="nobody is left"):
        run.wait()
    parking.sweep()
    assert gone() is None


def test_borrowed_memory_is_kept_while_a_command_uses_it(
    device: nexus.Device, increment: nexus.Kernel
) -> None:
    x = np.zeros(4, np.int32)
    gone = weakref.ref(x)
    schedule = device.create_schedule()
    command = schedule.create_command(increment)
    command.set_buffer(0, device.create_buffer(x, copy=False))
    command.finalize(4, 4)
    schedule.run()
    assert x.tolist() == [1] * 4
    del x
    schedule.run()
    assert gone() is not None
    command.set_buffer(0, device.create_buffer((4,), "i32"))
    parking.sweep()
    assert gone() is None


def test_a_part_keeps_borrowed_memory(device: nexus.Device) -> None:
    x = np.arange(4)
    gone = weakref.ref(x)
    buffer = device.create_buffer(x, copy=False)
    part = buffer[2:]
    buffer.close()
    del x, buffer
    parking.sweep()
    assert part.numpy().tolist() == [2, 3]
    del part
    parking.sweep()
    assert gone() is None


def test_a_one_off_launch_leaves_nothing(increment: nexus.Kernel) -> None:
    x = np.zeros(4, np.int32)
    gone = weakref.ref(x)
    increment(x, grid=4)
    del x
    assert gone() is None


def test_many_owners_are_looked_after_a_few_at_a_time(device: nexus.Device) -> None:
    before = parking.sweep()
    stream = device.create_stream()
    event = device.create_event()
    schedule = device.create_schedule()
    schedule.create_wait_command(event)
    schedule.run(stream, blocking=False)
    buffer = device.create_buffer(8)
    for n in range(100):
        buffer.write(np.full(8, n, np.uint8), stream=stream, blocking=False)
    assert parking.sweep() == before + 100
    event.signal()
    stream.synchronize()
    assert buffer.numpy().tolist() == [99] * 8
    assert parking.sweep() == before


def test_lists_hold_nothing_alive(device: nexus.Device) -> None:
    n_before = len(device.get_buffers())
    buffer = device.create_buffer(4)
    gone = weakref.ref(buffer)
    assert device.get_buffers()[n_before:] == [buffer]
    del buffer
    assert gone() is None
    assert len(device.get_buffers()) == n_before


def test_an_object_in_a_cycle_is_given_back(device: nexus.Device) -> None:
    class Holder(list[object]):
        pass

    n_before = len(device.get_buffers())
    holder = Holder()
    holder.append(device.create_buffer(np.zeros(4), copy=False))
    holder.append(holder)
    del holder
    gc.collect()
    assert len(device.get_buffers()) == n_before


def test_everything_may_be_closed_in_any_order(
    device: nexus.Device, increment: nexus.Kernel
) -> None:
    for turn in range(5):
        buffer = device.create_buffer(np.zeros(4, np.int32))
        event, stream = device.create_event(), device.create_stream()
        schedule = device.create_schedule()
        command = schedule.create_command(increment)
        command.set_buffer(0, buffer)
        command.finalize(4, 4)
        signal = schedule.create_signal_command(event)
        run = schedule.run(stream, blocking=False)
        objects = [buffer, event, stream, schedule, command, signal]
        for object_ in objects[turn:] + objects[:turn]:
            object_.close()
            object_.close()
            assert object_.closed and repr(object_).endswith("closed>")
        assert run is not None
        run.wait(timeout=20)


def test_what_belongs_to_the_process_is_not_pickled(
    device: nexus.Device, increment: nexus.Kernel
) -> None:
    schedule = device.create_schedule()
    schedule.create_fill_command(device.create_buffer(4), 0)
    run = schedule.run(blocking=False)
    assert run is not None
    run.wait()
    for object_ in (increment, increment.parent, schedule, device.create_event(), run):
        for call in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="belongs to this process"):
                call(object_)
    assert copy.deepcopy(device) is device
    buffer = device.create_buffer(b"1234")
    assert copy.copy(buffer).numpy().tobytes() == b"1234"


def test_of_two_threads_that_close_one_does(device: nexus.Device) -> None:
    for _ in range(200):
        buffer = device.create_buffer(64)
        barrier = threading.Barrier(4)

        def close(buffer: nexus.Buffer = buffer, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            buffer.close()

        threads = [threading.Thread(target=close) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert buffer.closed


def test_use_beside_close_gets_a_sentence(device: nexus.Device) -> None:
    failures: list[BaseException] = []

    def use(buffer: nexus.Buffer, out: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> None:
        try:
            while True:
                buffer.copy(out)
                buffer.get_property_int("UseCount")
        except BaseException as error:
            failures.append(error)

    for _ in range(50):
        buffer = device.create_buffer((256,), "u8")
        threads = [
            threading.Thread(target=use, args=(buffer, np.empty(256, np.uint8))) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        buffer.close()
        for thread in threads:
            thread.join()
    assert len(failures) == 100
    assert {type(error) for error in failures} == {nexus.ClosedError}


def finished(program: str) -> str:
    """Run a program; return what it prints, and fail on anything in its stderr."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONFAULTHANDLER": "1"},
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


PROGRAMS: dict[str, str] = {
    "everything alive": """
        stream, event = device.create_stream(), device.create_event()
        buffer, lent = device.create_buffer(64), device.create_buffer(np.zeros(64), copy=False)
        view = np.asarray(buffer)
        schedule = device.create_schedule()
        command = schedule.create_fill_command(buffer, 1)
        schedule.create_signal_command(event, 1)
        run = schedule.run(stream, blocking=False)
    """,
    "a run that waits": """
        event, schedule = device.create_event(), device.create_schedule()
        schedule.create_wait_command(event)
        run = schedule.run(blocking=False)
    """,
    "a copy in flight": """
        buffer, event, schedule = device.create_buffer(8), device.create_event(), (
            device.create_schedule())
        schedule.create_wait_command(event)
        schedule.run(blocking=False)
        device.create_buffer(8).write(np.zeros(8, "u1"), blocking=False)
        buffer.copy(np.zeros(8, "u1"), stream=device.create_stream(), blocking=False)
    """,
    "a cycle": """
        cycle = [device.create_buffer(np.zeros(4), copy=False)]
        cycle.append(cycle)
        sys.cycle = cycle
    """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_the_interpreter_exits_with_objects_alive(program: str) -> None:
    lines = [line.strip() for line in program.strip().splitlines()]
    head = "import sys, numpy as np, nexus; device = nexus.device('cpu')"
    assert finished("\n".join([head, *lines, "print('done')"])) == "done\n"
