"""Whatever a driver answers, a function answers a status that it declares, and a sentence."""

from __future__ import annotations

import textwrap

import pytest

from doubles import opencl_double

# Buffers of every kind, commands of every kind, two devices, and every function that waits.
WORK = """
from conformance.api_table import FUNCTIONS
from conformance.harness import Lab
from nexus.bindings import nxs
from nexus.bindings.enums import BufferFlags, Property, RunFlags
api = nxs.Backend("opencl")
api.get_runtime_property(Property.Name)  # loads it; no context is made yet
def labs(n):  # what is open still is not built again: each has a source of its own
    source = f"{ADD_ONE} // {n}".encode()
    return [Lab(api, device, {}, lambda name: source, {}) for device in (0, 1)]
def work(lab, other):
    stream, event, schedule = lab.stream(), lab.event(), lab.schedule()
    host, there, away = np.arange(64, dtype=np.int32), lab.buffer(bytes(256)), other.buffer(256)
    wrapped = lab.buffer(host, BufferFlags.Wrap)
    library = lab.load()
    api.get_library_kernels(library)
    lab.get("library", library, Property.Count)
    kernel = lab.kernel("add_one", library)
    for part in (wrapped, there, lab.part(there, 12, 40)):
        lab.dispatch(schedule, kernel, [part], 10, 10)
    for source, target in ((wrapped, there), (there, away), (away, there), (there, wrapped)):
        api.create_copy_command(schedule, source, 0, target, 0, 256)
    lab.fill(schedule, lab.part(there, 13, 6), 9)
    lab.fill(schedule, away, 9)
    lab.signal(schedule, event)
    lab.run(schedule, stream, RunFlags.Timing)
    api.wait_event(event, 1, 30 * 10**9)
    api.wait_run(stream, api.copy_buffer_region(there, 0, wrapped, 0, 64, stream))
    api.wait_run(stream, api.fill_buffer(there, 0, 64, b"1", 1, stream))
    for _ in range(9):  # how many calls come before differs by a few
        lab.read(there)
        api.copy_buffer(there, bytes(256), 1)
    api.synchronize_stream(stream, 30 * 10**9)
"""
# Functions that must have failed at some call.
TOLD = {
    f"nxs{name}" for name in ("CreateBuffer", "CreateLibrary", "GetLibraryKernels", "GetKernel")
}
TOLD |= {f"nxs{name}" for name in ("RunSchedule", "WaitRun", "CopyBuffer")}


@pytest.mark.parametrize("status", [-2, -4, -5, -6, -38, -9999])
def test_whatever_a_driver_answers_the_status_is_a_declared_one(status: int) -> None:
    program = f"""
    declared = {{function.name: function.statuses for function in FUNCTIONS}}
    told, n, n_more = set(), 0, 0
    while n_more < 3:  # calls whose turn never came: the work makes fewer
        n += 1
        pair = labs(n)
        try:
            with control.failing(n, {status}):
                work(*pair)
        except nexus.NexusError as error:
            told.add(error.function)
            assert str(error), (n, control.failed)
            assert error.status.name in declared[error.function], (n, control.failed, repr(error))
        for lab in pair:
            lab.close()
        assert control.alive()["context"] <= 2, (n, control.failed)  # one a device
        n_more = 0 if control.failed else n_more + 1
    print(*sorted(told))
    """
    printed = opencl_double.run(WORK + textwrap.dedent(program))
    assert set(printed.split()) >= TOLD
