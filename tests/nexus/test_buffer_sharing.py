"""Memory that buffers share with NumPy and others: borrowed, viewed, pickled."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

import nexus


def test_borrowed_memory_is_used_in_place(device: nexus.Device) -> None:
    data = np.zeros(4, np.float32)
    buffer = device.create_buffer(data, copy=False)
    buffer.fill(3)
    assert data.tolist() == [3, 3, 3, 3]
    data[0] = 1
    assert buffer.numpy()[0] == 1
    assert nexus.from_dlpack(data).get_property_int("HostPointer") == data.ctypes.data


def test_borrowed_memory_that_is_read_only_is_not_written(device: nexus.Device) -> None:
    buffer = device.create_buffer(b"abcd", copy=False)
    assert buffer.readonly and buffer[1:].readonly
    with pytest.raises(ValueError, match="read-only"):
        buffer.fill(0)
    with pytest.raises(ValueError, match="read-only"):
        buffer.write(b"efgh")
    with pytest.raises(ValueError, match="read-only"):
        device.create_buffer(4).copy_to(buffer)
    with pytest.raises(TypeError, match="read-write"):
        io.BytesIO(b"1234").readinto(buffer)
    assert memoryview(buffer).readonly


def test_memory_with_gaps_is_not_borrowed(device: nexus.Device) -> None:
    with pytest.raises(ValueError, match="ascontiguousarray"):
        device.create_buffer(np.zeros((4, 4))[:, ::2], copy=False)
    with pytest.raises(TypeError, match="shares its memory"):
        device.create_buffer(device.create_buffer(4), copy=False)


def test_numpy_sees_host_memory_without_a_copy(device: nexus.Device) -> None:
    buffer = device.create_buffer(np.arange(6, dtype=np.float32).reshape(2, 3))
    view = np.asarray(buffer)
    assert (view.shape, view.dtype) == ((2, 3), np.dtype("f4"))
    buffer.fill(5)
    assert (view == 5).all()
    assert np.array(buffer, copy=True).base is None
    assert np.asarray(buffer, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="needs a copy"):
        buffer.__array__("i4", copy=False)


def test_a_closed_buffer_keeps_its_memory_until_the_views_are_gone(device: nexus.Device) -> None:
    buffer = device.create_buffer(np.arange(4))
    view = np.asarray(buffer)
    buffer.close()
    assert buffer.closed
    assert view.tolist() == [0, 1, 2, 3]
    with pytest.raises(nexus.ClosedError):
        memoryview(buffer)


def test_the_buffer_protocol_tells_type_and_shape(device: nexus.Device) -> None:
    with memoryview(device.create_buffer((2, 3), "i16")) as view:
        assert (view.format, view.shape, view.strides, view.itemsize) == ("h", (2, 3), (6, 2), 2)
    with memoryview(device.create_buffer((3, 3), "F4")) as view:
        assert (view.format, view.nbytes) == ("B", 5)
    with pytest.raises(BufferError, match="no name for BF16"):
        memoryview(device.create_buffer(4, "bf16"))


def test_elements_that_numpy_does_not_know_are_copied_as_bytes(device: nexus.Device) -> None:
    packed = device.create_buffer(4, "F4")
    with pytest.raises(TypeError, match="array of uint8"):
        packed.numpy()
    assert packed.dtype is nexus.data_type.F4
    raw = np.empty(2, np.uint8)
    packed.copy(raw)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_buffer_is_pickled_with_its_contents(device: nexus.Device, protocol: int) -> None:
    buffer = device.create_buffer(np.arange(6, dtype=np.int16).reshape(2, 3))
    again = pickle.loads(pickle.dumps(buffer, protocol))
    assert again.device is buffer.device
    np.testing.assert_array_equal(again.numpy(), buffer.numpy())


def test_protocol_5_passes_the_memory_out_of_band(device: nexus.Device) -> None:
    parts: list[pickle.PickleBuffer] = []
    stream = pickle.dumps(device.create_buffer(1 << 16), 5, buffer_callback=parts.append)
    assert len(stream) < 1000
    assert sum(len(part.raw()) for part in parts) == 1 << 16
    assert pickle.loads(stream, buffers=parts).nbytes == 1 << 16


def test_properties_are_those_of_the_python_object(device: nexus.Device) -> None:
    buffer = device.create_buffer((2, 3), "bf16")
    assert buffer.get_property_int("Size") == 12
    assert buffer.get_property_int(nexus.property.Rank) == 2
    assert buffer.get_property_int_vec("Shape") == [2, 3]
    assert buffer.get_property_int(["Shape", 1]) == 3
    assert buffer.get_property_str("DataType") == "BF16"
    keys = buffer.get_property_int_vec("Keys")
    assert {nexus.property.Shape, nexus.property.DataType, nexus.property.UseCount} <= {*keys}
    for key in keys:
        assert buffer.get_property(key) is not None


@pytest.mark.parametrize("command_of", ["fill", "copy"])
def test_no_command_writes_into_read_only_memory(device: nexus.Device, command_of: str) -> None:
    borrowed = device.create_buffer(b"hello world 1234", copy=False)
    other = device.create_buffer(16)
    schedule = device.create_schedule()
    with pytest.raises(ValueError, match="read-only"):
        if command_of == "fill":
            schedule.create_fill_command(borrowed, 65)
        else:
            schedule.create_copy_command(other, borrowed)
    fill, copy = (
        schedule.create_fill_command(other, 65),
        schedule.create_copy_command(borrowed, other),
    )
    with pytest.raises(ValueError, match="read-only"):
        fill.set_buffer(0, borrowed)
    with pytest.raises(ValueError, match="read-only"):
        copy.set_buffer(1, borrowed)
    assert bytes(borrowed.numpy()) == b"hello world 1234"


def test_only_an_array_is_borrowed_by_dlpack(device: nexus.Device) -> None:
    with pytest.raises(TypeError, match="no __dlpack__"):
        device.from_dlpack(5)


@pytest.mark.parametrize("name", ["f4", "f8", "i4", "u4"])
def test_a_name_that_numpy_reads_in_bytes_is_not_guessed(device: nexus.Device, name: str) -> None:
    with pytest.raises(TypeError, match="bits here and . bytes in NumPy"):
        device.create_buffer(4, name)
