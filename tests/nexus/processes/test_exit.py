"""The end of a process: soon, and without a word, whatever is still going on."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable

import pytest

# Seconds between the last line of a program and its end: 2 are promised. A machine on which many
# other things run may need another try, but never this long.
PROMISED, LONGEST = 2, 30
N_TRIES = 4

IN_FLIGHT = {
    "a kernel that never ends": 'run = recorded("forever", np.zeros(1, "i4")).run(blocking=False)',
    "one in a thread that waits": """
        schedule = recorded("forever", np.zeros(1, "i4"))
        threading.Thread(target=schedule.run, daemon=True).start()
    """,
    "waits of every kind in threads": """
        event, schedule = waiting()
        buffer, stream = device.create_buffer(64), device.create_stream()
        schedule.create_fill_command(buffer, 1)
        run = schedule.run(stream, blocking=False)
        for call in (event.wait, run.wait, stream.synchronize, buffer.numpy, schedule.run,
                     lambda: buffer.fill(1, stream=stream), lambda: memoryview(buffer)):
            threading.Thread(target=call, daemon=True).start()
    """,
    "threads that work": """
        def work():
            x, y = np.zeros(64, "u1"), device.create_buffer(64)
            while True:
                y.copy(x), y.fill(3), device.create_buffer(64), device.create_event()
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
    """,
    "arrays that runs borrow": """
        event, schedule = waiting()
        stream = device.create_stream()
        schedule.run(stream, blocking=False)
        for n in range(50):
            device.create_buffer(8).write(np.full(8, n, "u1"), stream=stream, blocking=False)
    """,
    "capsules that nobody took": """
        kept = [device.create_buffer(8).__dlpack__() for _ in range(3)]
        sys.kept = [np.from_dlpack(device.create_buffer(8)), memoryview(device.create_buffer(8))]
    """,
}


@pytest.mark.parametrize("program", IN_FLIGHT.values(), ids=IN_FLIGHT.keys())
def test_a_process_ends_with_work_in_flight(program: str, output: Callable[[str], str]) -> None:
    taken: list[float] = []
    while not taken or (taken[-1] > PROMISED and len(taken) < N_TRIES):
        last = output(textwrap.dedent(program) + "\ntime.sleep(0.1)\nprint(time.time())")
        taken.append(time.time() - float(last))
        assert taken[-1] < LONGEST
    assert min(taken) < PROMISED


SUBINTERPRETER = """
import importlib
try:
    interpreters = importlib.import_module("_interpreters")
except ImportError:
    interpreters = importlib.import_module("_xxsubinterpreters")
def refused(how):
    made = interpreters.create(*how)
    code = ("try: import nexus\\nexcept ImportError as error:"
            "\\n import os; os.write(1, str(error)[:45].encode() + b'\\\\n')")
    interpreters.run_string(made, code)
    interpreters.destroy(made)
for how in KINDS:
    refused(how)
event = device.create_event()
event.signal(3)
print(event.value)
"""


def test_a_subinterpreter_is_refused_and_the_main_one_goes_on(
    output: Callable[[str], str],
) -> None:
    kinds = '[("isolated",), ("legacy",)]' if sys.version_info >= (3, 13) else "[(), ()]"
    said = output(SUBINTERPRETER.replace("KINDS", kinds)).splitlines()
    assert said == ["nexus cannot be imported in a subinterpreter:"] * 2 + ["3"]
