"""Schedules and commands: recorded once, run many times, changed between runs."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import nexus


@pytest.fixture
def schedule(device: nexus.Device) -> nexus.Schedule:
    return device.create_schedule()


def recorded(schedule: nexus.Schedule, kernel: nexus.Kernel, *arguments: Any) -> nexus.Command:
    """Record a launch of 4 items."""
    command = schedule.create_command(kernel)
    command.set_arguments(*arguments)
    command.finalize(2, 4)
    return command


def test_a_schedule_is_run_again_and_changed_between_runs(
    device: nexus.Device, schedule: nexus.Schedule, add: nexus.Kernel
) -> None:
    a, b = (device.create_buffer(np.full(4, n, np.float32)) for n in (1, 10))
    out = device.create_buffer((4,), "f32")
    command = recorded(schedule, add, a, b, out)
    schedule.run()
    schedule.run()
    assert out.numpy().tolist() == [11] * 4
    command.set_buffer(1, a)
    schedule.run()
    assert out.numpy().tolist() == [2] * 4
    out.fill(0)
    command.finalize([1], [2])
    schedule.run()
    assert out.numpy().tolist() == [2, 2, 0, 0]


def test_commands_keep_what_they_use(
    device: nexus.Device, schedule: nexus.Schedule, compiled: nexus.Library
) -> None:
    buffer = device.create_buffer(np.zeros(4, np.int32))
    kernel = compiled.get_kernel("increment")
    recorded(schedule, kernel, buffer)
    view = buffer[:]
    buffer.close()
    kernel.close()
    del kernel
    schedule.run()
    assert view.numpy().tolist() == [1] * 4


def test_arrays_are_borrowed_and_kept_by_the_command(
    schedule: nexus.Schedule, add: nexus.Kernel
) -> None:
    out = np.zeros(4, np.float32)
    given = np.ones(4, np.float32)
    gone = weakref.ref(given)
    command = recorded(schedule, add, given, given, out)
    del given
    gc.collect()
    assert gone() is not None
    schedule.run()
    assert out.tolist() == [2] * 4
    command.set_arguments(out, out)
    schedule.run()
    assert out.tolist() == [4] * 4
    assert gone() is None


def test_an_array_that_is_read_only_is_not_written(
    schedule: nexus.Schedule, add: nexus.Kernel, device: nexus.Device
) -> None:
    fixed = np.ones(4, np.float32)
    fixed.flags.writeable = False
    command = schedule.create_command(add)
    command.set_buffer(0, fixed)
    command.set_buffer(1, device.create_buffer(fixed, copy=False))
    for wrong in (fixed, fixed.tobytes(), device.create_buffer(fixed, copy=False)):
        with pytest.raises(ValueError, match=r"writes argument 2 \(c\).*read-only"):
            command.set_buffer(2, wrong)


@pytest.mark.parametrize(
    ("index", "value", "error", "words"),
    [
        (-1, b"", IndexError, "numbered from 0"),
        (1 << 40, b"", IndexError, "numbered from 0"),
        (9, np.zeros(4, "f4"), ValueError, "argument index 9"),
        ("0", np.zeros(4, "f4"), TypeError, "index is a str"),
        (0.0, np.zeros(4, "f4"), TypeError, "index is a float"),
        (None, np.zeros(4, "f4"), TypeError, "index is None"),
        (0, None, TypeError, "is a buffer and got None"),
        (0, 5, TypeError, "is a buffer and got 5, an int"),
        (0, [1.0], TypeError, r"is a buffer and got \[1.0\], a list"),
        (0, np.zeros((4, 4), "f4")[:, ::2], ValueError, "ascontiguousarray"),
        (0, np.zeros(0, "f4"), ValueError, "no elements"),
        (0, np.zeros(4, ">f4"), ValueError, "other order"),
        (0, np.array([None]), TypeError, "Python objects"),
    ],
)
def test_what_is_no_buffer_argument_is_refused(
    schedule: nexus.Schedule,
    add: nexus.Kernel,
    index: Any,
    value: Any,
    error: type[Exception],
    words: str,
) -> None:
    command = schedule.create_command(add)
    with pytest.raises(error, match=words):
        command.set_buffer(index, value)


def test_buffers_and_kernels_of_another_runtime_are_refused(
    schedule: nexus.Schedule, add: nexus.Kernel, null_device: nexus.Device
) -> None:
    command = schedule.create_command(add)
    with pytest.raises(ValueError, match="buffer is of null:0"):
        command.set_buffer(0, null_device.create_buffer(4))
    with pytest.raises(ValueError, match="kernel is of cpu:0"):
        null_device.create_schedule().create_command(add)
    with pytest.raises(ValueError, match="event is of null:0"):
        schedule.create_signal_command(null_device.create_event())
    with pytest.raises(ValueError, match="source is of null:0"):
        schedule.create_copy_command(null_device.create_buffer(4), null_device.create_buffer(4))
    with pytest.raises(TypeError, match="kernel is a Buffer, not a Kernel"):
        schedule.create_command(null_device.create_buffer(4))  # type: ignore[arg-type]


# ---- runs --------------------------------------------------------------------------------------


def test_a_run_that_is_not_ready_is_refused(
    schedule: nexus.Schedule, increment: nexus.Kernel
) -> None:
    command = schedule.create_command(increment)
    with pytest.raises(nexus.NexusError):
        schedule.run()
    command.finalize(1, 1)
    with pytest.raises(nexus.NexusError, match="argument"):
        schedule.run()


def test_a_blocking_run_returns_none_and_another_a_run(
    schedule: nexus.Schedule, increment: nexus.Kernel
) -> None:
    x = np.zeros(4, np.int32)
    recorded(schedule, increment, x)
    assert schedule.run() is None
    run = schedule.run(blocking=False)
    assert isinstance(run, nexus.Run)
    assert run.wait() is None  # type: ignore[func-returns-value]
    assert run.wait(timeout=1) is None  # type: ignore[func-returns-value]
    assert run.done
    assert repr(run) == f"<Run {run.ticket} on cpu:0>"
    assert x.tolist() == [2] * 4
    assert schedule.status == "complete"


@pytest.mark.parametrize("blocking", [None, "yes", 2.0, []])
def test_blocking_is_true_or_false(schedule: nexus.Schedule, blocking: Any) -> None:
    with pytest.raises(TypeError, match="blocking is .*; it is True or False"):
        schedule.run(None, blocking)


def test_times_are_taken_when_asked_for(schedule: nexus.Schedule, compiled: nexus.Library) -> None:
    x = np.zeros(4, np.int32)
    command = recorded(schedule, compiled.get_kernel("spin"), 100_000, x)
    schedule.run()
    with pytest.raises(nexus.NexusError, match="time"):
        _ = schedule.elapsed_ms
    schedule.run(timing=True)
    assert 0 < command.elapsed_ms <= schedule.elapsed_ms < 10_000
    run = schedule.run(blocking=False, timing=True)
    assert run is not None
    run.wait()
    assert 0 < run.elapsed_ms < 10_000


def test_copies_and_fills_are_commands(device: nexus.Device, schedule: nexus.Schedule) -> None:
    a, b = device.create_buffer((8,), "u8"), device.create_buffer((8,), "u8")
    b.fill(0)
    fill = schedule.create_fill_command(a, 7)
    copy = schedule.create_copy_command(a, b, 3, source_offset=1, target_offset=4)
    schedule.run()
    assert b.numpy().tolist() == [0, 0, 0, 0, 7, 7, 7, 0]
    assert fill.get_property_str("Type") == "fill"
    assert copy.get_property_int_vec("Arguments") == [a.handle, b.handle]
    schedule.create_fill_command(b, -1, "i16", offset=2, nbytes=4)
    schedule.run()
    assert b.numpy().tolist() == [0, 0, 255, 255, 255, 255, 7, 0]
    for call in (
        lambda: schedule.create_copy_command(a, b, 9),
        lambda: schedule.create_copy_command(a, b, target_offset=1),
        lambda: schedule.create_copy_command(a, a),
        lambda: schedule.create_fill_command(a, 0, offset=8),
        lambda: schedule.create_fill_command(a, 0, "i32", nbytes=3),
        lambda: schedule.create_fill_command(a, 256),
    ):
        with pytest.raises(ValueError):
            call()  # type: ignore[no-untyped-call]


def test_the_values_of_signals_and_waits_can_be_changed(
    device: nexus.Device, schedule: nexus.Schedule
) -> None:
    event = device.create_event()
    signal = schedule.create_signal_command(event)
    assert signal.get_event() is event
    schedule.run()
    assert event.value == 1
    signal.set_value(9)
    schedule.run()
    assert event.value == 9
    assert signal.get_property_int("Value") == 9
    with pytest.raises(ValueError, match="2\\*\\*64-1"):
        signal.set_value(-1)
    with pytest.raises(nexus.NexusError, match="signal command does not take"):
        signal.finalize(1, 1)


def test_a_dispatch_has_no_event(schedule: nexus.Schedule, increment: nexus.Kernel) -> None:
    command = schedule.create_command(increment)
    assert command.kernel is increment
    for call in (command.get_event, lambda: command.set_value(1)):
        with pytest.raises(TypeError, match="no event"):
            call()


def test_a_run_that_fails_says_why_and_the_next_one_runs(
    device: nexus.Device, schedule: nexus.Schedule
) -> None:
    library = device.compile(
        """
        #include <stdexcept>
        #include <nexus/cpu_kernel.h>
        NXS_CPU_KERNEL(fail, inout(int, x)) { if (x[0] == 1) throw std::runtime_error("no luck"); }
        """
    )
    x = np.ones(1, np.int32)
    command = schedule.create_command(library.get_kernel("fail"))
    command.set_buffer(0, x)
    command.finalize(1, 1)
    event = device.create_event()
    schedule.create_signal_command(event)
    with pytest.raises(nexus.ExecutionError, match="no luck"):
        schedule.run()
    assert schedule.status == "failed"
    with pytest.raises(nexus.ExecutionError, match="no luck"):
        event.wait(1, timeout=20)
    run = schedule.run(blocking=False)
    assert run is not None
    with pytest.raises(nexus.ExecutionError, match="no luck"):
        run.wait()
    assert run.done and run.status == "failed"
    event.reset()
    x[0] = 0
    schedule.run()
    event.wait(1, timeout=20)


def test_closed_schedules_and_commands_cannot_be_used(
    device: nexus.Device, increment: nexus.Kernel
) -> None:
    with device.create_schedule() as schedule:
        command = recorded(schedule, increment, np.zeros(4, np.int32))
    for call in (
        schedule.run,
        lambda: schedule.create_command(increment),
        lambda: schedule.create_signal_command(device.create_event()),
        lambda: schedule.create_fill_command(device.create_buffer(1), 0),
    ):
        with pytest.raises(nexus.ClosedError, match="this Schedule was closed"):
            call()
    command.close()
    for use in (
        lambda: command.set_buffer(0, np.zeros(4, np.int32)),
        lambda: command.set_scalar(0, np.int32(1)),
        lambda: command.finalize(1, 1),
        lambda: command.get_property_int("ID"),
    ):
        with pytest.raises(nexus.ClosedError, match="this Command was closed"):
            use()
