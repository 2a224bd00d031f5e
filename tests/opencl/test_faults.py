"""Any call of a driver may fail: an exception says so, nothing is left behind, and life goes on."""

from __future__ import annotations

import textwrap

import pytest

from doubles import opencl_double

# What a program does with a device, from the source to the result. Every object is gone after it.
WORK = """
def work():
    device = nexus.device("opencl")
    stream, other = device.create_stream(), device.create_stream()
    x, y, z = floats(np.arange(64)), floats(np.zeros(64)), floats(np.zeros(64))
    kernel = device.compile(SAXPY).get_kernel("saxpy")
    schedule, event = device.create_schedule(), device.create_event()
    for part in (slice(0, 64), slice(33, 43)):  # a view that the driver makes no object at
        command = schedule.create_command(kernel)
        command.set_arguments(2.0, x[part], y[part])
        command.finalize(2, len(x[part]))
    schedule.create_signal_command(event, 1)
    schedule.create_copy_command(y, x, 128, target_offset=128)
    schedule.create_fill_command(x[0:3], 7.0)
    run = schedule.run(stream, blocking=False, timing=TIMED)
    behind = device.create_schedule()
    behind.create_wait_command(event, 1)
    behind.create_copy_command(y, z)
    later = behind.run(other, blocking=False)
    run.wait(60)
    later.wait(60)
    event.wait(1, 60)
    assert z.numpy().tolist() == FIRST, z.numpy()
    schedule.run(stream)
    assert x.numpy().tolist() == EXPECTED, x.numpy()
a, b, FIRST = np.arange(64.0), np.zeros(64), []
for _ in range(2):  # the same by hand
    b += 2 * a
    b[33:43] += 2 * a[33:43]
    FIRST = FIRST or b.tolist()
    a[32:] = b[:32]
    a[:3] = 7
EXPECTED = a.tolist()
def after(n):
    try:
        with control.failing(n, STATUS):
            work()
    except nexus.NexusError as error:
        return error.with_traceback(None)  # which holds what was made
"""


@pytest.mark.parametrize(("status", "options"), [(-6, {}), (-5, {"svm": 1, "unified": 1})])
def test_whichever_call_fails_nothing_is_left_and_the_next_one_works(
    status: int, options: dict[str, object]
) -> None:
    program = """
    with control.failing(0): work()  # makes what is made once
    rest = dict.fromkeys(opencl_control.KINDS, 0) | {"context": 1, "queue": 1}  # of the device
    told = {}
    n = n_more = 0
    while n_more < 3:  # calls whose turn never came: the work makes fewer
        n += 1
        error = after(n)
        left = control.settled(rest)
        assert left == rest, (n, control.failed, left, rest)
        n_more = 0 if control.failed else n_more + 1
        if error:
            asked_how_it_went = control.failed == "clGetEventInfo"
            expected = nexus.ExecutionError if asked_how_it_went else MemoryError
            assert isinstance(error, expected), (n, control.failed, repr(error))
            told[control.failed] = why = str(error)
            assert ": CL_" in why or "answers CL_" in why, (n, control.failed, why)
        if n % 10 == 0 or not control.failed:
            work()
    print(n, *sorted(told))
    """
    constants = f"STATUS, TIMED = {status}, {status == -6}\n"
    printed = opencl_double.run(constants + WORK + textwrap.dedent(program), **options)
    for function in ("clBuildProgram", "clCreateKernel", "clEnqueueNDRangeKernel"):
        assert function in printed


def test_a_command_that_the_device_gives_up_is_the_cause_that_everybody_is_told() -> None:
    program = """
    device = nexus.device("opencl")
    x, event, stream = zeros(8), device.create_event(), device.create_stream()
    schedule = device.create_schedule()
    command = schedule.create_command(device.compile(ADD_ONE).get_kernel("add_one"))
    command.set_arguments(x)
    command.finalize(8, 8)
    schedule.create_signal_command(event, 1)
    waiting = device.create_schedule()
    waiting.create_wait_command(event, 1)
    for attempt in range(3):
        control.fail_command(1, -9999)
        calls = [lambda: schedule.run(stream, blocking=False).wait(30), lambda: event.wait(1, 30)]
        for call in [*calls, waiting.run]:
            try:
                call()
            except nexus.NexusError as error:
                why = str(error)
                print(type(error).__name__, "gave a command of the run up: status (-9999)" in why)
        event.reset(0)
        schedule.run(stream)  # the stream goes on
        event.wait(1, 30)
        event.reset(0)
    print(x.numpy().tolist())
    """
    printed = opencl_double.run(program).splitlines()
    assert printed[:9] == ["ExecutionError True"] * 9
    assert printed[9] == str([3] * 8)


@pytest.mark.parametrize("options", [{}, {"svm": 1, "unified": 1}])
def test_a_device_that_is_lost_ends_every_call_with_a_sentence(options: dict[str, object]) -> None:
    program = """
    device = nexus.device("opencl")
    x, kernel = zeros(8), device.compile(ADD_ONE).get_kernel("add_one")
    schedule, stream = device.create_schedule(), device.create_stream()
    event = device.create_event()
    command = schedule.create_command(kernel)
    command.set_arguments(x)
    command.finalize(8, 8)
    schedule.create_signal_command(event, 1)
    runs = [schedule.run(stream, blocking=False) for _ in range(5)]
    control.lose()
    calls = [lambda run=run: run.wait(30) for run in runs]
    calls += [lambda: event.wait(2, 0.01), schedule.run, lambda: schedule.run(stream)]
    calls += [lambda: device.compile(ADD_ONE), lambda: kernel(x, grid=8, group=8)]
    failed = 0
    for call in calls:
        try:
            call()
        except nexus.NexusError as error:
            failed += 1
            assert str(error), call
    print(failed >= 9)
    del runs, calls, call, schedule, command, kernel, x, stream, event
    rest = dict.fromkeys(opencl_control.KINDS, 0) | {"context": 1, "queue": 1}
    left = control.settled(rest)
    print({kind: n for kind, n in left.items() if n})
    """
    printed = opencl_double.run(program, pause_us=20000, **options)
    assert printed == "True\n{'context': 1, 'queue': 1}\n"
