"""Waits: in slices of at most 50 ms that honour the whole timeout and let signals through."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from conformance.api_table import FUNCTIONS, Function
from doubles.stub_plugin import Stub
from nexus.bindings import nxs
from nexus.bindings.enums import RUN_SLICE_NS, RunFlags, Status
from nexus.bindings.errors import ExecutionError, WaitTimeoutError

from .samples import samples

WAITS = [function for function in FUNCTIONS if function.waits]
JOINS = [function for function in FUNCTIONS if function.joins]
waiting = pytest.mark.parametrize("function", WAITS, ids=lambda f: f.python_name)
joining = pytest.mark.parametrize("function", JOINS, ids=lambda f: f.python_name)


def call(function: Function, runtime: int, **changed: int) -> int | None:
    """Call the function with sample values, but for those in `changed`."""
    given = {name: value.given for name, value in samples(function).items()} | changed
    returned: int | None = getattr(nxs, function.python_name)(runtime, **given)
    return returned


def slices(stub: Stub) -> list[int]:
    """The timeouts of the calls since the last look, in ns."""
    return [int(line.rpartition("timeout_ns=")[2]) for line in stub.calls()]


@waiting
def test_a_short_wait_is_one_call(function: Function, runtime: int, stub: Stub) -> None:
    stub.time_out(-1)
    with pytest.raises(WaitTimeoutError):
        call(function, runtime, timeout_ns=1234567)
    assert slices(stub) == [1234567]


@waiting
def test_a_long_wait_is_honoured_whole(function: Function, runtime: int, stub: Stub) -> None:
    stub.time_out(-1)
    begin = time.monotonic()
    with pytest.raises(WaitTimeoutError, match=r"waited 0\.12 s"):
        call(function, runtime, timeout_ns=120_000_000)
    assert 0.12 <= time.monotonic() - begin
    taken = slices(stub)
    assert taken[:2] == [RUN_SLICE_NS, RUN_SLICE_NS]
    assert len(taken) >= 3
    assert max(taken) <= RUN_SLICE_NS


@waiting
def test_a_wait_without_end_goes_on(function: Function, runtime: int, stub: Stub) -> None:
    stub.time_out(3)
    call(function, runtime, timeout_ns=2**64 - 1)
    assert slices(stub) == [RUN_SLICE_NS] * 4


@waiting
def test_a_wait_ends_with_the_failure_it_finds(
    function: Function, runtime: int, stub: Stub
) -> None:
    stub.time_out(1, then=Status.ExecutionFailed)
    with pytest.raises(ExecutionError):
        call(function, runtime, timeout_ns=2**63)


def test_the_message_tells_of_the_whole_wait(runtime: int, stub: Stub) -> None:
    stub.time_out(-1)
    stub.answer(0, "waited 50 ms for event 7 to reach 1; it is at 0")
    with pytest.raises(
        WaitTimeoutError, match=r"^waited 0\.06 s for event 7 to reach 1; it is at 0"
    ):
        nxs.wait_event(runtime, 7, 1, 60_000_000)


@joining
def test_a_run_that_goes_on_is_waited_for(function: Function, runtime: int, stub: Stub) -> None:
    stub.answer(99)
    stub.time_out(2)
    assert call(function, runtime, stream=6, flags=RunFlags.Blocking) == 99
    wait = "nxsWaitRun stream=6 ticket=99 timeout_ns="
    assert stub.calls()[1:] == [wait + "0", wait + str(RUN_SLICE_NS), wait + str(RUN_SLICE_NS)]


@joining
def test_a_run_that_fails_later_raises(function: Function, runtime: int, stub: Stub) -> None:
    stub.answer(99, "the kernel threw")
    stub.time_out(1, then=Status.ExecutionFailed)
    with pytest.raises(ExecutionError, match="the kernel threw"):
        call(function, runtime, stream=6, flags=RunFlags.Blocking)


def test_other_threads_run_during_a_wait(runtime: int, stub: Stub) -> None:
    stub.time_out(4)
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    nxs.wait_event(runtime, 1)
    done.set()
    thread.join()
    assert counted > 20  # 200 ms, at 1 ms each


INTERRUPTED = """
import sys
sys.path.insert(0, {tests!r})
from doubles.stub_plugin import Stub
from pathlib import Path
from nexus.bindings import nxs
path = Path({library!r})
stub = Stub(path)
runtime = nxs.load_runtime(path)
stub.answer(5)
stub.time_out(-1)
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(
    "call", ["nxs.wait_event(runtime, 1)", "nxs.run_schedule(runtime, 1, 2, 1)"]
)
def test_ctrl_c_ends_a_wait(call: str, stub_library: Path, repository: Path) -> None:
    program = textwrap.dedent(INTERRUPTED).format(
        tests=str(repository / "tests"), library=str(stub_library), call=call
    )
    package = Path(nxs.__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(package)},
    )
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.2)
    sent = time.monotonic()
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=20)[0] == "interrupted\n"
    assert child.returncode == 0
    assert time.monotonic() - sent < 5  # a slice and the end of an interpreter
