"""Nothing stays of an object that was made and dropped, nor of a call that failed."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import nexus
from nexus._internal import compilers, parking
from nexus.bindings import nxs

SOURCE = """
#include <stdexcept>
#include <nexus/cpu_kernel.h>
NXS_CPU_KERNEL(add_one, inout(int, x)) {
  if (x[0] < 0) throw std::runtime_error("a negative number");
  x[0] += 1;
}
"""
WARM_UP, TURNS = 300, 1500
# What may stay of all turns together, in bytes: 8 a turn of Python's and of malloc's, whose lists
# keep some that is free, 1000 of pages. One object, handle or mapping a turn is more.
PYTHON_NBYTES, HEAP_NBYTES, PAGES_NBYTES = 8 * TURNS, 8 * TURNS, 1000 * TURNS
COUNTED = ("objects", "parked", "files", "threads", "children")

pytestmark = pytest.mark.skipif(
    "NEXUS_SANITIZE" in os.environ or not sys.platform.startswith("linux"),
    reason="reads /proc of Linux; a sanitizer keeps memory that was freed for a while",
)


class Heap(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = tuple((name, ctypes.c_size_t) for name in NAMES.split())


def heap_nbytes() -> int:
    """Return what malloc has given away and not got back; 0 where it does not say."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        return 0
    mallinfo.restype = Heap
    heap = mallinfo()
    return int(heap.uordblks + heap.hblkhd)


class Given:
    """What the bodies work with."""

    def __init__(self, device: nexus.Device, binary: bytes) -> None:
        self.device, self.binary = device, binary
        self.library = device.create_library(binary)
        self.kernel = self.library.get_kernel("add_one")
        self.stream = device.create_stream()
        self.array = np.zeros(256, np.int32)
        self.bad = np.full(1, -1, np.int32)

    def schedule(self, memory: object) -> nexus.Schedule:
        schedule = self.device.create_schedule()
        command = schedule.create_command(self.kernel)
        command.set_buffer(0, memory)
        command.finalize(1, 1)
        return schedule


def exported(given: Given) -> None:
    buffer = given.device.create_buffer(given.array)
    np.from_dlpack(buffer), np.asarray(buffer), memoryview(buffer)
    buffer.__dlpack__()  # a capsule that nobody takes
    given.device.from_dlpack(given.array)


def exported_by_two_threads(given: Given) -> None:
    buffer, read = given.device.create_buffer((1, 2, 3, 4), np.int32), nxs.get_buffer_property
    views = []

    def read_late(*arguments: int) -> object:  # the other thread is faster
        patch.undo()
        views.append(memoryview(buffer))
        return read(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nxs, "get_buffer_property", read_late)
        views.append(memoryview(buffer))
    assert [view.shape for view in views] == [(1, 2, 3, 4)] * 2


def dropped_in_flight(given: Given) -> None:
    given.schedule(given.array).run(given.stream, blocking=False)
    given.stream.synchronize()


def fails_in_flight(given: Given) -> None:
    event = given.device.create_event()
    schedule = given.schedule(given.bad)
    schedule.create_signal_command(event)
    run = schedule.run(given.device.create_stream(), blocking=False)  # one remembers failures
    assert run is not None
    for wait in (run.wait, event.wait):
        with contextlib.suppress(nexus.ExecutionError):
            wait()
    event.reset()


def closed_in_flight(given: Given) -> None:
    with given.device.create_event() as event, given.device.create_stream() as stream:
        waiting = given.device.create_schedule()
        waiting.create_wait_command(event)
        waiting.run(stream, blocking=False)
        with given.device.create_buffer(given.array) as buffer:
            buffer.write(given.array.copy(), stream=stream, blocking=False)
        event.signal()
        stream.synchronize()


def described(given: Given) -> None:
    device = given.device
    device.get_info(), device.get_property("Keys"), device.get_property_str("Name")
    nexus.lookup_device_info("gfx942").to_dict()


BODIES: dict[str, Callable[[Given], object]] = {
    "Buffer": lambda given: given.device.create_buffer(given.array)[1:].fill(0),
    "large Buffer": lambda given: given.device.create_buffer(1 << 20),
    "borrowed Buffer": lambda given: given.device.create_buffer(given.array, copy=False),
    "exports": exported,
    "exports by two threads": exported_by_two_threads,
    "Library": lambda given: given.device.create_library(given.binary).kernels,
    "Kernel": lambda given: given.library.get_kernel("add_one").info,
    "Stream": lambda given: given.device.create_stream().synchronize(),
    "Event": lambda given: given.device.create_event().signal(),
    "Schedule and Command": lambda given: given.schedule(given.array).run(given.stream),
    "Run": dropped_in_flight,
    "one launch": lambda given: given.kernel(given.array, grid=1),
    "closed in flight": closed_in_flight,
    "a run that fails": fails_in_flight,
    "Device and what is known of it": described,
}
FAILING: dict[str, Callable[[Given], object]] = {
    "no size": lambda given: given.device.create_buffer(-1),
    "no memory": lambda given: given.device.create_buffer(1 << 55),
    "no library": lambda given: given.device.create_library(given.binary[:500]),
    "no kernel": lambda given: given.library.get_kernel("none"),
    "no event type": lambda given: given.device.create_event(77),
    "no argument": lambda given: given.kernel(1, grid=1),
    "no grid": lambda given: given.kernel(given.array, grid=0),
    "a wait that times out": lambda given: given.device.create_event().wait(1, timeout=0),
    "a kernel that fails": lambda given: given.kernel(
        given.bad, grid=1, stream=given.device.create_stream()
    ),
    "a copy of another size": lambda given: given.device.create_buffer(4).copy(given.array),
    "a read-only target": lambda given: given.device.create_buffer(4).copy(b"1234"),
    "no property": lambda given: given.device.get_property("Nothing"),
    "no text in its file": lambda given: given.device.load_library(os.devnull),
}


def failing(call: Callable[[Given], object]) -> Callable[[Given], None]:
    def body(given: Given) -> None:
        with pytest.raises((TypeError, ValueError, KeyError, nexus.NexusError)):
            call(given)

    return body


ALL = BODIES | {name: failing(call) for name, call in FAILING.items()}


@pytest.fixture(scope="session")
def given() -> Given:
    device = nexus.get_runtime("cpu").get_device(0)
    return Given(device, compilers.get("cc").compile(SOURCE).binary)


def settled(given: Given) -> dict[str, int]:
    """Let go of what is not needed; return what there is."""
    given.stream.synchronize()
    gc.collect()
    device = given.device
    lists = (
        device.get_buffers(), device.get_events(), device.get_streams(), device.get_schedules(),
        device.get_libraries(),
    )  # fmt: skip
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "objects": sum(len(each) for each in lists),
        "parked": parking.sweep(),
        "files": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "children": len(Path("/proc/thread-self/children").read_text().split()),
        "pages": pages * os.sysconf("SC_PAGESIZE"),
        "heap": heap_nbytes(),
        "python": tracemalloc.get_traced_memory()[0],
    }


def growth(
    given: Given, body: Callable[[Given], object], warm_up: int, turns: int
) -> dict[str, int]:
    for _ in range(warm_up):
        body(given)
    before = settled(given)
    for _ in range(turns):
        body(given)
    after = settled(given)
    return {name: after[name] - before[name] for name in after}


@pytest.mark.parametrize("body", ALL.values(), ids=ALL.keys())
def test_nothing_stays(given: Given, body: Callable[[Given], object]) -> None:
    tracemalloc.start()
    try:
        grown = growth(given, body, WARM_UP, TURNS)
    finally:
        tracemalloc.stop()
    allowed = {"python": PYTHON_NBYTES, "heap": HEAP_NBYTES, "pages": PAGES_NBYTES}
    assert not {name: n for name, n in grown.items() if n > allowed.get(name, 0)}, grown


SLOW: dict[str, Callable[[Given], object]] = {
    "a compile": lambda given: given.device.compile(SOURCE).get_kernel("add_one"),
    "a compile that fails": failing(lambda given: given.device.compile("no C++")),
    "no runtime": failing(lambda given: nexus.get_runtime("nothing")),
    "no architecture": failing(lambda given: nexus.lookup_device_info("nothing")),
}


@pytest.mark.parametrize("body", SLOW.values(), ids=SLOW.keys())
def test_no_file_thread_or_child_stays(
    given: Given, body: Callable[[Given], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    grown = growth(given, body, 1, 3)
    assert not {name: n for name, n in grown.items() if n > 0 and name in COUNTED}, grown
    assert list(tmp_path.iterdir()) == []
