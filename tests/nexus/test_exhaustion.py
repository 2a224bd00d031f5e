"""Memory that cannot be had: a `MemoryError` with a sentence, and everything still works."""

from __future__ import annotations

import os
import sys

import pytest

from doubles import fresh

PROGRAM = """
import resource
import nexus
from nexus.bindings import nxs

device = nexus.device("cpu")
runtime, most = nxs.load_runtime("cpu"), device.get_property_int("MaxBufferSize")
kept = device.create_buffer(16)
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + most // 2,) * 2)

for ask in (
    lambda: device.create_buffer(most),
    lambda: device.create_buffer((most,), "u8"),
    lambda: nexus.create_buffer(most),
    lambda: nxs.create_buffer(runtime, 0, most),
):
    try:
        ask()
        print("there was memory")
    except MemoryError as error:
        print(type(error).__name__, f"allocate {most} bytes" in str(error), error.status.name)
    kept.fill(7)
    print(sum(kept.numpy()), len(device.get_buffers()))
"""


@pytest.mark.skipif(
    "NEXUS_SANITIZE" in os.environ or not sys.platform.startswith("linux"),
    reason="sanitizers end a process that lacks memory, and only Linux limits it so",
)
def test_memory_that_cannot_be_had_is_a_memory_error() -> None:
    lines = fresh.run(PROGRAM).splitlines()
    assert lines == ["OutOfMemoryError True MemObjectAllocationFailure", "112 1"] * 4
