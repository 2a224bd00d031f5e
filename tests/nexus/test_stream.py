"""Streams: in order each, and beside one another."""

from __future__ import annotations

import time

import numpy as np
import pytest

import nexus


def test_what_is_submitted_runs_in_order(device: nexus.Device) -> None:
    buffer = device.create_buffer((1 << 12,), "i32")
    with device.create_stream() as stream:
        for n in range(50):
            buffer.fill(n, stream=stream, blocking=False)
        stream.synchronize(timeout=20)
    assert (buffer.numpy() == 49).all()


def test_a_run_goes_to_the_stream_that_was_asked_for(device: nexus.Device) -> None:
    event, streams = device.create_event(), [device.create_stream() for _ in range(3)]
    for stream in streams:
        gate = device.create_schedule()
        gate.create_wait_command(event, 1)
        gate.run(stream, blocking=False)
    runs = [device.create_schedule().run(stream, blocking=False) for stream in streams]
    elsewhere = device.create_schedule().run(blocking=False)
    assert elsewhere is not None
    elsewhere.wait(timeout=20)
    assert [run.done for run in runs if run] == [False] * 3, "each is behind its stream's gate"
    event.signal(1)
    for run in runs:
        assert run is not None
        run.wait(timeout=20)


def test_a_synchronization_is_over_after_its_timeout(device: nexus.Device) -> None:
    event = device.create_event()
    schedule = device.create_schedule()
    schedule.create_wait_command(event, 1)
    stream = device.create_stream()
    run = schedule.run(stream, blocking=False)
    start = time.monotonic()
    with pytest.raises(nexus.WaitTimeoutError):
        stream.synchronize(timeout=0.1)
    assert 0.05 < time.monotonic() - start < 5
    assert run is not None
    with pytest.raises(nexus.WaitTimeoutError):
        run.wait(timeout=0)
    event.signal(1)
    stream.synchronize()
    assert run.done


def test_a_run_outlives_the_stream_it_was_submitted_to(device: nexus.Device) -> None:
    before = device.get_streams()
    event = device.create_event()
    schedule = device.create_schedule()
    schedule.create_wait_command(event, 1)
    with device.create_stream() as stream:
        run = schedule.run(stream, blocking=False)
    assert run is not None and stream.closed and not run.done
    event.signal(1)
    run.wait(timeout=20)
    assert run.status == "complete"
    del run
    assert device.get_streams() == before


def test_a_stream_of_another_runtime_is_refused(
    device: nexus.Device, null_device: nexus.Device
) -> None:
    stream = null_device.create_stream()
    with pytest.raises(ValueError, match="stream is of null:0"):
        device.create_schedule().run(stream)
    with pytest.raises(ValueError, match="stream is of null:0"):
        device.create_buffer(4).copy(np.empty(4, "u1"), stream=stream)
    with pytest.raises(ValueError, match="stream is of null:0"):
        device.create_buffer(4).fill(0, stream=stream)


def test_what_is_no_stream_is_refused(device: nexus.Device) -> None:
    for wrong in (0, "default", device, device.create_event()):
        with pytest.raises(TypeError, match="not a Stream"):
            device.create_schedule().run(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="not a Stream"):
            device.create_buffer(4).fill(0, stream=wrong)  # type: ignore[arg-type]


def test_a_closed_stream_cannot_be_used(device: nexus.Device) -> None:
    stream = device.create_stream()
    stream.close()
    with pytest.raises(nexus.ClosedError, match="this Stream was closed"):
        stream.synchronize()
    with pytest.raises(nexus.ClosedError, match="this Stream was closed"):
        device.create_schedule().run(stream)
