"""Waits of one stream for another inside the driver, and what becomes of those that fail."""

from __future__ import annotations

from doubles import opencl_double

# Each command takes 20 ms, so that a wait is handed over while its signal is still to come.
PROGRAM = """
    device = nexus.device("opencl")
    first, second = device.create_stream(), device.create_stream()
    x, y = zeros(8), zeros(8)
    given, passed_on = device.create_event(), device.create_event()
    adding, copying = device.create_schedule(), device.create_schedule()
    command = adding.create_command(device.compile(ADD_ONE).get_kernel("add_one"))
    command.set_arguments(x)
    command.finalize(8, 8)
    adding.create_signal_command(given, 1)
    copying.create_wait_command(given, 1)
    copying.create_copy_command(x, y)
    copying.create_signal_command(passed_on, 1)

    def both():
        adding.run(first, blocking=False)
        run = copying.run(second, blocking=False)
        print(given.value, end=" ")  # the signal is still to come
        return run

    def again():
        given.reset(0)
        passed_on.reset(0)
"""


def test_a_wait_for_what_the_driver_has_is_the_drivers() -> None:
    program = """
    for turn in range(3):
        run = both()
        print(control.waits(), end=" ")
        run.wait(30)
        print(y.numpy().tolist() == [turn + 1] * 8, passed_on.value)
        again()
    """
    printed = opencl_double.run(PROGRAM + program, pause_us=20_000).splitlines()
    assert printed == [f"0 {n} True 1" for n in (1, 2, 3)]


def test_a_run_whose_wait_fails_in_the_driver_fails_with_the_cause() -> None:
    program = """
    for attempt in range(3):
        control.fail_command(1, -9999)
        run = both()
        for call in (lambda: run.wait(30), lambda: passed_on.wait(1, 30)):
            try:
                call()
            except nexus.NexusError as error:
                why = str(error)
                print(type(error).__name__, "gave a command of the run up: status (-9999)" in why)
        again()
        both().wait(30)  # the streams go on
        print(passed_on.value)
        again()
    print(y.numpy().tolist())
    """
    printed = opencl_double.run(PROGRAM + program, pause_us=20_000).splitlines()
    assert printed[:9] == ["0 ExecutionError True", "ExecutionError True", "0 1"] * 3
    assert printed[9] == str([3] * 8)


def test_times_of_a_run_that_waits_are_those_of_the_host() -> None:
    program = """
    device.create_schedule().run(second, timing=True)  # the stream takes times from here on
    before = control.waits()
    adding.run(first, blocking=False)
    run = copying.run(second, blocking=False, timing=True)
    run.wait(30)
    print(control.waits() - before, run.elapsed_ms >= 20, y.numpy().tolist() == [1] * 8)
    """
    assert opencl_double.run(PROGRAM + program, pause_us=20_000).split() == ["0", "True", "True"]
