"""Buffers: made of sizes, shapes and host memory; copied, filled and viewed."""

from __future__ import annotations

import array
import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import nexus

TYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]
ODD_TYPES = ["S3", "U2", "M8[ns]", "m8[s]", [("x", "i4"), ("y", "f8")]]


def sample(dtype: Any, shape: tuple[int, ...] = (3, 4)) -> npt.NDArray[Any]:
    """Return an array of any type with arbitrary bytes."""
    dtype = np.dtype(dtype)
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    limit = 2 if dtype == np.bool_ else 100
    raw = np.random.default_rng(7).integers(0, limit, n_bytes, dtype=np.uint8)
    array: npt.NDArray[Any] = raw.view(dtype).reshape(shape)
    return array


# ---- making ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*TYPES, *ODD_TYPES])
def test_an_array_of_any_type_comes_back(device: nexus.Device, dtype: Any) -> None:
    sent = sample(dtype)
    buffer = device.create_buffer(sent)
    got = buffer.numpy()
    assert buffer.dtype == got.dtype == sent.dtype
    assert buffer.shape == got.shape == sent.shape
    assert got.tobytes() == sent.tobytes()


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_the_small_floats_of_ml_dtypes_come_back(device: nexus.Device, name: str) -> None:
    import ml_dtypes

    sent = np.arange(6).astype(getattr(ml_dtypes, name)).reshape(2, 3)
    buffer = device.create_buffer(sent)
    assert buffer.numpy().tobytes() == sent.tobytes()
    assert buffer.get_property_str("DataType") in ("BF16", "F8", "BF8")
    assert np.asarray(buffer).dtype == sent.dtype
    assert np.shares_memory(np.asarray(buffer), np.asarray(buffer))
    borrowed = device.create_buffer(sent, copy=False)
    borrowed.fill(2)
    assert (sent == 2).all()


def test_a_size_is_bytes_and_a_shape_has_a_type(device: nexus.Device) -> None:
    assert device.create_buffer(4096).nbytes == 4096
    assert device.create_buffer(np.int64(4096)).shape == (4096,)
    assert device.create_buffer(10, dtype="f32").nbytes == 40
    buffer = device.create_buffer((1024, 1024), dtype="fp16")
    assert (buffer.nbytes, buffer.dtype, len(buffer)) == (2 << 20, np.dtype("f2"), 1024)
    assert device.create_buffer((3, 3), dtype="F4").nbytes == 5  # packed, rounded up
    assert device.create_buffer((), dtype="f64").nbytes == 8


@pytest.mark.parametrize(
    "spelling",
    ["fp16", "f16", "float16", "half", "F16", np.float16, np.dtype("f2"), nexus.data_type.F16],
)
def test_every_spelling_of_a_type_is_the_same_type(device: nexus.Device, spelling: Any) -> None:
    assert device.create_buffer((2,), dtype=spelling).get_property_str("DataType") == "F16"


@pytest.mark.parametrize(
    "data",
    [
        b"abcdefgh",
        bytearray(b"abcdefgh"),
        memoryview(b"abcdefgh"),
        array.array("h", [1, 2, 3, 4]),
        (ctypes.c_uint16 * 4)(1, 2, 3, 4),
        np.arange(4, dtype=np.int16),
    ],
    ids=lambda data: type(data).__name__,
)
def test_host_memory_of_any_kind_is_taken(device: nexus.Device, data: Any) -> None:
    buffer = device.create_buffer(data)
    assert buffer.nbytes == 8
    assert buffer.numpy().tobytes() == bytes(data)
    buffer.fill(0)
    buffer.write(data)
    assert buffer.numpy().tobytes() == bytes(data)


def test_bytes_are_taken_as_elements_of_a_type(device: nexus.Device) -> None:
    data = np.arange(6, dtype=np.float32)
    assert device.create_buffer(data.tobytes(), dtype="f32").numpy().tolist() == data.tolist()
    packed = device.create_buffer(np.zeros((2, 4), np.uint8), dtype="F4")
    assert packed.shape == (2, 8)


def test_a_scalar_array_is_one_element(device: nexus.Device) -> None:
    buffer = device.create_buffer(np.array(2.5))
    assert buffer.shape == ()
    assert buffer.numpy().item() == 2.5


@pytest.mark.parametrize(
    ("data", "dtype", "error", "words"),
    [
        (0, None, ValueError, "at least one element"),
        (-1, None, ValueError, "at least one element"),
        ((4, 0), "f32", ValueError, "at least one element"),
        (1 << 70, None, ValueError, "larger than any device"),
        (1 << 61, None, ValueError, "device takes 1 to"),
        (True, None, TypeError, "a size is an int"),
        (2.5, None, TypeError, "no host memory"),
        (None, None, TypeError, "give an array"),
        ("text", None, TypeError, "give an array"),
        ([1, 2], None, TypeError, "numpy.asarray"),
        ((1.5, 2), None, TypeError, "a shape has ints"),
        (np.empty(0), None, ValueError, "no elements"),
        (np.array([object()]), None, TypeError, "references to Python objects"),
        (np.arange(3, dtype=">i4"), None, ValueError, "in the other order"),
        (np.ma.array([1, 2], mask=[False, True]), None, TypeError, "masked"),
        (np.arange(3.0), "f32", ValueError, r"F64 and dtype is F32: convert"),
        (b"abc", "f32", ValueError, "not a whole number of F32"),
        (4, "no-type", TypeError, "no data type"),
        (4, 3, TypeError, "no data type"),
        (4, "O", TypeError, "references to Python objects"),
        (4, ">f4", ValueError, "in the other order"),
        (4, "Undefined", TypeError, "no data type"),
        (4, nexus.data_type.Undefined, TypeError, "has no size"),
        (4, "S", TypeError, "has no size"),
    ],
)
def test_what_is_no_buffer_is_refused_with_a_sentence(
    device: nexus.Device, data: Any, dtype: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        device.create_buffer(data, dtype)


# ---- copies ------------------------------------------------------------------------------------

VIEWS = {
    "transposed": lambda a: a.T,
    "every second": lambda a: a[:, ::2],
    "backwards": lambda a: a[::-1],
    "inner": lambda a: a[1:-1, 1:-1],
    "Fortran": np.asfortranarray,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_arrays_with_gaps_are_copied_right_both_ways(device: nexus.Device, view: Any) -> None:
    sent = view(np.arange(48, dtype=np.int32).reshape(6, 8))
    buffer = device.create_buffer(sent)
    np.testing.assert_array_equal(buffer.numpy(), sent)
    whole = np.full((6, 8), -1, np.int32)
    got = view(whole)
    buffer.copy(got)
    np.testing.assert_array_equal(got, sent)
    buffer.fill(0)
    buffer.write(sent)
    np.testing.assert_array_equal(buffer.numpy(), sent)


def test_only_the_size_of_the_target_is_compared(device: nexus.Device) -> None:
    buffer = device.create_buffer(np.arange(4, dtype=np.float32))
    raw = bytearray(16)
    buffer.copy(raw)
    assert np.frombuffer(raw, np.float32).tolist() == [0, 1, 2, 3]
    integers = np.empty((2, 2), np.uint32)
    buffer.copy(integers)
    assert integers.tobytes() == bytes(raw)


@pytest.mark.parametrize("blocking", [True, False])
def test_copies_in_the_order_of_a_stream(device: nexus.Device, blocking: bool) -> None:
    sent, got = np.arange(1000), np.empty(1000, int)
    buffer = device.create_buffer((1000,), "i64")
    with device.create_stream() as stream:
        runs = [
            buffer.write(sent, stream=stream, blocking=blocking),
            buffer.copy(got, stream=stream, blocking=blocking),
        ]
        assert all(run is None for run in runs) == blocking
        stream.synchronize()
    np.testing.assert_array_equal(got, sent)


def test_a_copy_that_does_not_block_keeps_the_array(device: nexus.Device) -> None:
    buffer = device.create_buffer((1 << 16,), "u8")
    for n in range(20):
        run = buffer.write(np.full(1 << 16, n, np.uint8), blocking=False)
    assert run is not None
    run.wait()
    assert run.done and run.status == "complete"
    assert (buffer.numpy() == 19).all()


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        (np.empty(3, np.uint8), ValueError, "3 bytes and the buffer 16"),
        (np.empty(0, np.uint8), ValueError, "0 bytes and the buffer 16"),
        (b"0123456789abcdef", ValueError, "read-only"),
        (np.broadcast_to(np.uint8(1), 16), ValueError, "read-only"),
        (np.empty(2, object), TypeError, "Python objects"),
        (np.empty(4, ">f4"), ValueError, "in the other order"),
        ([0] * 16, TypeError, "give a NumPy array"),
        (None, TypeError, "give a NumPy array"),
        (7, TypeError, "no host memory"),
    ],
)
def test_a_target_that_cannot_be_is_refused(
    device: nexus.Device, target: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        device.create_buffer(16).copy(target)


def test_a_copy_that_does_not_block_needs_an_array_without_gaps(device: nexus.Device) -> None:
    buffer = device.create_buffer(8)
    with pytest.raises(ValueError, match="blocking=True"):
        buffer.copy(np.empty(16, np.uint8)[::2], blocking=False)
    with pytest.raises(TypeError, match="stream is a str"):
        buffer.copy(bytearray(8), stream="s")  # type: ignore[arg-type]


def test_copies_between_buffers_and_their_parts(device: nexus.Device) -> None:
    source = device.create_buffer(np.arange(8, dtype=np.uint8))
    target = device.create_buffer(np.zeros(8, np.uint8))
    source.copy_to(target, offset=2, other_offset=4, nbytes=3)
    assert target.numpy().tolist() == [0, 0, 0, 0, 2, 3, 4, 0]
    run = source.copy_to(target, blocking=False)
    assert run is not None
    run.wait()
    assert target.numpy().tolist() == list(range(8))
    for wrong in (dict(offset=9), dict(nbytes=9), dict(other_offset=1), dict(nbytes=0)):
        with pytest.raises(ValueError, match="bytes"):
            source.copy_to(target, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="overlap"):
        source.copy_to(source, nbytes=4, other_offset=2)
    with pytest.raises(TypeError, match="not a Buffer"):
        source.copy_to(np.empty(8))  # type: ignore[arg-type]


def test_copies_cross_runtimes(device: nexus.Device, null_device: nexus.Device) -> None:
    data = np.arange(6, dtype=np.int16).reshape(2, 3)
    there = null_device.copy_buffer(device.create_buffer(data))
    assert there.device is null_device
    assert (there.shape, there.dtype) == ((2, 3), np.dtype("i2"))
    back = device.create_buffer(there)
    np.testing.assert_array_equal(back.numpy(), data)
    with pytest.raises(TypeError, match="not a Buffer"):
        device.copy_buffer(data)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="leave dtype away"):
        device.create_buffer(there, "f32")


def test_fill_repeats_a_value(device: nexus.Device) -> None:
    buffer = device.create_buffer((8,), "f32")
    buffer.fill(1.5)
    assert (buffer.numpy() == 1.5).all()
    buffer.fill(value=-1, dtype="i64", stream=None)
    assert (buffer.numpy().view(np.int64) == -1).all()
    buffer.fill(b"\1\2")
    assert buffer.numpy().tobytes() == b"\1\2" * 16
    buffer.fill(np.float64(2))
    assert (buffer.numpy() == 2).all()
    run = buffer.fill(3, blocking=False)
    assert run is not None
    run.wait()
    assert (buffer.numpy() == 3).all()
    for value, dtype, error in (
        (1e300, None, ValueError),
        (300, "u8", ValueError),
        (1.5, "i32", TypeError),
        ("x", None, TypeError),
        (b"abc", None, ValueError),
        ([], "c16", TypeError),
    ):
        with pytest.raises(error):
            buffer.fill(value, dtype)


# ---- views -------------------------------------------------------------------------------------


def test_parts_share_the_memory(device: nexus.Device) -> None:
    buffer = device.create_buffer(np.arange(12, dtype=np.int32).reshape(4, 3))
    part = buffer[1:3]
    assert (part.shape, part.dtype) == ((2, 3), np.dtype("i4"))
    part.fill(0)
    assert buffer.numpy().tolist() == [[0, 1, 2], [0, 0, 0], [0, 0, 0], [9, 10, 11]]
    tail = buffer.sub_buffer(36, 12, "i32")
    buffer.close()
    assert tail.numpy().tolist() == [9, 10, 11]


@pytest.mark.parametrize("part", [slice(2, 2), slice(3, 1), slice(0, 4, 2), slice(9, 10)])
def test_a_part_that_is_empty_or_has_gaps_is_refused(device: nexus.Device, part: slice) -> None:
    with pytest.raises(ValueError, match="empty or has gaps"):
        device.create_buffer((4, 3), "i32")[part]


def test_what_is_no_part_is_refused(device: nexus.Device) -> None:
    buffer = device.create_buffer((4, 3), "i32")
    for key in (0, "a", (slice(1), slice(1)), None):
        with pytest.raises(TypeError, match="indexed with one slice"):
            buffer[key]  # type: ignore[index]
    with pytest.raises(TypeError, match="not iterated"):
        iter(buffer)
    for offset, nbytes in ((0, 49), (48, 1), (-1, 4), (0, 0), (1 << 64, 1)):
        with pytest.raises(ValueError, match="bytes"):
            buffer.sub_buffer(offset, nbytes)
    with pytest.raises(ValueError, match="inside of a byte"):
        device.create_buffer((3, 3), "F4")[1:2]
