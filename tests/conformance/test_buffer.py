"""Buffers: every byte comes back; views and wrapped memory are the memory itself."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.harness import Lab, refused
from nexus.bindings.enums import BufferFlags, CopyFlags, Property, Status
from nexus.bindings.nxs import Backend

# Around an alignment, a page and a huge page; one prime.
SIZES = [1, 2, 15, 63, 64, 65, 4095, 4097, 1_000_003, (4 << 20) + 1]


def random_bytes(n: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Return bytes that are the same each time."""
    return np.random.default_rng(n).integers(0, 256, n, dtype=np.uint8)


@pytest.mark.parametrize("n", SIZES)
def test_round_trip_returns_every_byte(lab: Lab, n: int) -> None:
    sent = random_bytes(n)
    np.testing.assert_array_equal(lab.read(lab.buffer(sent)), sent)


@pytest.mark.parametrize("n", SIZES)
def test_a_copy_from_the_host_replaces_every_byte(lab: Lab, n: int) -> None:
    sent = random_bytes(n)
    buffer = lab.buffer(n)
    lab.api.copy_buffer(buffer, sent, CopyFlags.HostToDevice)
    np.testing.assert_array_equal(lab.read(buffer), sent)


@pytest.mark.parametrize("n", [1, 63, 4097])
def test_a_copy_to_the_host_writes_nothing_beside_its_memory(lab: Lab, n: int) -> None:
    host = np.full(n + 32, 0xEE, np.uint8)
    lab.api.copy_buffer(lab.buffer(np.full(n, 7, np.uint8)), host[16:-16])
    expected = np.full(n + 32, 0xEE, np.uint8)
    expected[16:-16] = 7
    np.testing.assert_array_equal(host, expected)


def test_the_bytes_are_taken_before_create_returns(lab: Lab) -> None:
    sent = random_bytes(1000)
    kept = sent.copy()
    buffer = lab.buffer(sent)
    sent[:] = 0
    np.testing.assert_array_equal(lab.read(buffer), kept)


def test_many_living_buffers_keep_their_own_bytes(lab: Lab) -> None:
    buffers = [lab.buffer(np.full(5, n, np.int64)) for n in range(1100)]
    for n, buffer in enumerate(buffers):
        assert lab.read(buffer, np.int64).tolist() == [n] * 5


@pytest.mark.parametrize("nbytes", [0, 2**62, 2**63, 2**64 - 64, 2**64 - 1])
def test_sizes_of_zero_and_beyond_any_memory_are_refused(lab: Lab, nbytes: int) -> None:
    with refused(Status.InvalidBufferSize, Status.MemObjectAllocationFailure):
        lab.api.create_buffer(lab.device, nbytes)


def test_a_buffer_above_the_devices_limit_is_refused(lab: Lab) -> None:
    limit = lab.api.get_device_property(lab.device, Property.MaxBufferSize)
    with refused(Status.InvalidBufferSize):
        lab.api.create_buffer(lab.device, limit + 1)


@pytest.mark.parametrize("nbytes", [1, 15, 17, 2**63])
@pytest.mark.parametrize("direction", CopyFlags)
def test_host_memory_of_another_size_is_refused(
    lab: Lab, nbytes: int, direction: CopyFlags
) -> None:
    buffer = lab.buffer(b"sixteen letters.")
    host = np.full(17, 0xEE, np.uint8)
    with refused(Status.InvalidBufferSize):
        lab.api.copy_buffer(buffer, host.ctypes.data, direction, nbytes)
    assert bytes(lab.read(buffer)) == b"sixteen letters."
    assert (host == 0xEE).all()


@pytest.mark.parametrize("flags", [0, BufferFlags.OnHost, BufferFlags.OnDevice])
def test_a_buffer_tells_its_size_device_and_handle(lab: Lab, flags: int) -> None:
    buffer = lab.buffer(123, flags)
    assert lab.get("buffer", buffer, Property.Size) == 123
    assert lab.get("buffer", buffer, Property.Device) == lab.device
    assert lab.get("buffer", buffer, Property.ID) == buffer
    assert lab.get("buffer", buffer, Property.Offset) == 0
    assert lab.get("buffer", buffer, Property.UseCount) == 0


# ---- sub-buffers -------------------------------------------------------------------------------


def test_a_sub_buffer_shows_its_part(lab: Lab) -> None:
    sent = random_bytes(1024)
    root = lab.buffer(sent)
    part = lab.part(root, 256, 100)
    np.testing.assert_array_equal(lab.read(part), sent[256:356])
    assert lab.get("buffer", part, Property.Size) == 100
    assert lab.get("buffer", part, Property.Offset) == 256


def test_writing_to_a_sub_buffer_writes_to_its_root(lab: Lab) -> None:
    root = lab.buffer(1024)
    part = lab.part(root, 512, 256)
    lab.api.copy_buffer(part, np.full(256, 9, np.uint8), CopyFlags.HostToDevice)
    expected = np.zeros(1024, np.uint8)
    expected[512:768] = 9
    np.testing.assert_array_equal(lab.read(root), expected)


def test_a_sub_buffer_of_a_sub_buffer_counts_from_its_parent(lab: Lab) -> None:
    sent = random_bytes(2048)
    inner = lab.part(lab.part(lab.buffer(sent), 512, 1024), 256, 300)
    np.testing.assert_array_equal(lab.read(inner), sent[768:1068])
    assert lab.get("buffer", inner, Property.Offset) == 768


def test_a_sub_buffer_may_begin_at_any_byte(lab: Lab) -> None:
    lab.needs("unaligned_sub_buffers")
    sent = random_bytes(64)
    root = lab.buffer(sent)
    for offset in (1, 3, 63):
        np.testing.assert_array_equal(
            lab.read(lab.part(root, offset, 1)), sent[offset : offset + 1]
        )


def test_a_sub_buffer_keeps_the_memory_of_its_released_root(lab: Lab) -> None:
    sent = random_bytes(4096)
    root = lab.buffer(sent)
    outer = lab.part(root, 1024, 2048)
    inner = lab.part(outer, 512, 512)
    lab.api.release_buffer(root)
    lab.api.release_buffer(outer)
    lab.buffer(np.full(4096, 0xEE, np.uint8))  # takes the memory, if it were free
    np.testing.assert_array_equal(lab.read(inner), sent[1536:2048])


@pytest.mark.parametrize(
    ("offset", "nbytes"),
    [(0, 0), (0, 1025), (1024, 1), (512, 513), (2**64 - 256, 512), (256, 2**64 - 1), (2**63, 1)],
)
def test_a_part_outside_of_the_buffer_is_refused(lab: Lab, offset: int, nbytes: int) -> None:
    with refused(Status.InvalidBufferSize, Status.MisalignedSubBufferOffset):
        lab.api.create_sub_buffer(lab.buffer(1024), offset, nbytes)


def test_a_part_outside_of_its_parent_is_refused_though_inside_the_root(lab: Lab) -> None:
    part = lab.part(lab.buffer(1024), 256, 256)
    with refused(Status.InvalidBufferSize):
        lab.api.create_sub_buffer(part, 0, 257)


def test_sub_buffers_count_as_owners(lab: Lab) -> None:
    root = lab.buffer(1024)
    part = lab.part(root, 0, 256)
    assert lab.get("buffer", root, Property.UseCount) == 1
    lab.api.release_buffer(part)
    assert lab.get("buffer", root, Property.UseCount) == 0


# ---- wrapped memory ----------------------------------------------------------------------------


def test_wrapped_memory_is_the_buffer(lab: Lab) -> None:
    lab.needs("wrap")
    host = random_bytes(1000)
    buffer = lab.buffer(host, BufferFlags.Wrap)
    assert lab.get("buffer", buffer, Property.HostPointer) == host.ctypes.data
    host[:] = 5
    assert (lab.read(buffer) == 5).all()
    lab.api.copy_buffer(buffer, np.full(1000, 6, np.uint8), CopyFlags.HostToDevice)
    assert (host == 6).all()


def test_a_part_of_wrapped_memory_is_that_part_of_it(lab: Lab) -> None:
    lab.needs("wrap")
    host = random_bytes(1024)
    part = lab.part(lab.buffer(host, BufferFlags.Wrap), 256, 256)
    assert lab.get("buffer", part, Property.HostPointer) == host.ctypes.data + 256


@pytest.mark.parametrize(("first", "to"), [(0, 100), (100, 0), (0, 0)])
def test_wrapped_memory_can_be_copied_to_where_it_lies(lab: Lab, first: int, to: int) -> None:
    lab.needs("wrap")
    host = random_bytes(600)
    expected = host.copy()
    expected[to : to + 500] = host[first : first + 500]
    buffer = lab.buffer(host[first : first + 500], BufferFlags.Wrap)
    lab.api.copy_buffer(buffer, host[to : to + 500])
    np.testing.assert_array_equal(host, expected)


def test_wrapping_needs_memory(lab: Lab) -> None:
    lab.needs("wrap")
    with refused(Status.InvalidHostPtr):
        lab.api.create_buffer(lab.device, 16, BufferFlags.Wrap)


def test_wrapped_memory_is_in_use_until_its_last_owner_is_gone(lab: Lab) -> None:
    lab.needs("wrap")
    host = np.zeros(256, np.uint8)
    buffer = lab.buffer(host, BufferFlags.Wrap)
    schedule = lab.schedule()
    command = lab.fill(schedule, buffer, 1)
    assert lab.get("buffer", buffer, Property.UseCount) > 0
    stream = lab.stream()
    gate = lab.hold(stream)
    lab.api.run_schedule(schedule, stream)
    lab.api.release_command(command)
    lab.api.release_schedule(schedule)
    assert lab.get("buffer", buffer, Property.UseCount) > 0  # the run in flight
    lab.api.signal_event(gate)
    lab.api.synchronize_stream(stream)
    assert lab.get("buffer", buffer, Property.UseCount) == 0
    assert (host == 1).all()


def test_a_replaced_argument_lets_its_buffer_go(lab: Lab, api: Backend) -> None:
    first, second, target = lab.buffer(64), lab.buffer(64), lab.buffer(64)
    schedule = lab.schedule()
    command = lab.own("command", api.create_copy_command(schedule, first, 0, target, 0, 64))
    assert lab.get("buffer", first, Property.UseCount) == 1
    api.set_command_argument(command, 0, second)
    assert lab.get("buffer", first, Property.UseCount) == 0
    assert lab.get("buffer", second, Property.UseCount) == 1
