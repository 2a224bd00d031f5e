"""Memory of the host that a driver keeps a copy of, as discrete devices do: both stay the same."""

from __future__ import annotations

import textwrap

import pytest

from doubles import opencl_double

KINDS = [
    {"shadow": 1},
    {"shadow": 1, "alignment": 4096},
    {"unified": 1},
    {"unified": 1, "shadow": 1, "svm": 1},
]

# Only the C API takes memory of the host in place on a device that is no host.
LAB = """
from conformance.harness import Lab
from nexus.bindings import nxs
from nexus.bindings.enums import BufferFlags
lab = Lab(nxs.Backend("opencl"), 0, {}, lambda name: ADD_ONE.encode(), {})
host = np.arange(64, dtype=np.int32)
wrapped, there = lab.buffer(host, BufferFlags.Wrap), lab.buffer(256)
def copy(source, target): lab.api.wait_run(lab.api.get_default_stream(0),
    lab.api.copy_buffer_region(source, 0, target, 0, 256))
"""


@pytest.mark.parametrize("options", KINDS)
def test_memory_of_the_host_is_what_everybody_wrote(options: dict[str, object]) -> None:
    program = """
    lab.run_kernel("add_one", [wrapped], 64, 64)
    assert host.tolist() == list(range(1, 65)), host
    host += 10  # nothing is in flight: the host may write
    lab.run_kernel("add_one", [lab.part(wrapped, 12, 40)], 10, 10)
    assert host[:14].tolist() == [11, 12, 13, *range(15, 25), 24], host

    copy(wrapped, there)
    assert np.array_equal(lab.read(there, np.int32), host)
    filling = lab.schedule()
    lab.fill(filling, there, 5)
    lab.run(filling)
    copy(there, wrapped)
    assert host.tobytes() == bytes([5]) * 256
    partly = lab.schedule()
    lab.fill(partly, lab.part(wrapped, 13, 6), 9)
    lab.run(partly)
    assert host.tobytes()[12:20] == bytes([5, 9, 9, 9, 9, 9, 9, 5])

    other = np.zeros(64, np.int32)
    copy(wrapped, lab.buffer(other, BufferFlags.Wrap))
    assert np.array_equal(other, host)
    """
    opencl_double.run(LAB + textwrap.dedent(program), **options)


def test_kernels_and_copies_of_memory_of_the_host_stay_in_order() -> None:
    program = """
    schedule = lab.schedule()
    for _ in range(3):
        lab.dispatch(schedule, "add_one", [wrapped], 64, 64)
    lab.api.create_copy_command(schedule, wrapped, 0, there, 0, 256)
    lab.fill(schedule, wrapped, 7)
    lab.run(schedule)
    assert np.array_equal(lab.read(there, np.int32), np.arange(3, 67))
    assert host.tobytes() == bytes([7]) * 256
    """
    opencl_double.run(LAB + textwrap.dedent(program), shadow=1, pause_us=2000)
