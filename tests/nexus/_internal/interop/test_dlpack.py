"""Arrays of other libraries, stood in for by NumPy behind a class that has DLPack only."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

import nexus
from nexus._internal import parking
from nexus._internal.interop import dlpack


class Foreign:
    """An array of another library; `old` ones know nothing of DLPack 1.0."""

    def __init__(self, array: npt.NDArray[Any], *, old: bool = False, kind: int = 1) -> None:
        self.array, self.old, self.kind = array, old, kind

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.kind, 0

    def __dlpack__(self, **asked: Any) -> object:
        if self.old and asked:
            raise TypeError("unexpected keyword")
        return self.array.__dlpack__(**asked)


class OnCuda:
    """An array that only says where it is."""

    __cuda_array_interface__ = {"version": 3}  # noqa: RUF012


TYPES = ["?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("dtype", TYPES)
def test_an_array_is_shared(dtype: str, old: bool) -> None:
    array = np.ones((2, 3), dtype)
    shared = dlpack.array_of(Foreign(array, old=old))
    assert (shared.dtype, shared.shape) == (array.dtype, array.shape)
    shared[1, 2] = 0
    assert array[1, 2] == 0


@pytest.mark.parametrize(
    "part", [np.s_[::2], np.s_[::-1], np.s_[:, 1], np.s_[1:, ::-2], np.s_[2, 3], np.s_[:0]]
)
def test_an_array_with_gaps_is_shared(part: Any) -> None:
    array = np.arange(20).reshape(4, 5)[part]
    if not isinstance(array, np.ndarray):
        array = np.asarray(array)
    np.testing.assert_array_equal(dlpack.array_of(Foreign(array)), array)


def test_what_is_read_only_stays_so() -> None:
    array = np.ones(3)
    array.flags.writeable = False
    assert not dlpack.array_of(Foreign(array)).flags.writeable


def test_the_owner_is_kept_and_let_go() -> None:
    array = np.ones(3)
    gone = weakref.ref(array)
    shared = dlpack.array_of(Foreign(array))[1:]
    del array
    gc.collect()
    assert gone() is not None and shared.tolist() == [1, 1]
    del shared
    gc.collect()
    assert gone() is None


def test_arrays_of_others_are_taken_wherever_memory_is(
    device: nexus.Device, add: nexus.Kernel
) -> None:
    a, out = Foreign(np.ones(4, np.float32)), Foreign(np.zeros(4, np.float32))
    buffer = device.create_buffer(a)
    add(buffer, a, out, grid=4)
    assert out.array.tolist() == [2] * 4
    buffer.copy(out)
    assert out.array.tolist() == [1] * 4
    buffer.write(Foreign(np.full(4, 5, np.float32)))
    assert buffer.numpy().tolist() == [5] * 4
    lent = device.from_dlpack(out)
    lent.fill(7)
    assert out.array.tolist() == [7] * 4
    assert nexus.from_dlpack(out).numpy().tolist() == [7] * 4


def test_memory_that_is_not_the_hosts_is_refused(device: nexus.Device) -> None:
    for array, where in ((Foreign(np.ones(1), kind=2), "CUDA"), (OnCuda(), "CUDA"),
                         (Foreign(np.ones(1), kind=10), "ROCm"),
                         (Foreign(np.ones(1), kind=99), "DLPack device 99")):  # fmt: skip
        for call in (device.create_buffer, device.from_dlpack, device.create_buffer(8).copy):
            with pytest.raises(TypeError, match=f"in {where} memory"):
                call(array)


# ---- out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TYPES)
def test_numpy_takes_a_buffer(device: nexus.Device, dtype: str) -> None:
    sent = np.ones((2, 3), dtype)
    buffer = device.create_buffer(sent)
    got = np.from_dlpack(buffer)
    np.testing.assert_array_equal(got, sent)
    buffer.fill(0)
    assert not got.any() and got.flags.writeable


def test_small_floats_go_both_ways(device: nexus.Device) -> None:
    buffer = device.create_buffer(np.arange(4).astype(ml_dtypes.bfloat16))
    shared = dlpack.array_of(buffer)
    assert shared.dtype == ml_dtypes.bfloat16 and shared.tolist() == [0, 1, 2, 3]


def test_a_closed_buffer_stays_until_who_took_it_lets_go(device: nexus.Device) -> None:
    array = np.arange(4)
    gone = weakref.ref(array)
    buffer = device.create_buffer(array, copy=False)
    view = np.from_dlpack(buffer)
    buffer.close()
    del array
    gc.collect()
    assert view.tolist() == [0, 1, 2, 3] and gone() is not None
    del view
    gc.collect()
    parking.sweep()
    assert gone() is None


def test_a_capsule_that_nobody_takes_lets_go(device: nexus.Device) -> None:
    buffer = device.create_buffer(4)
    for version in (None, (1, 0), (2, 1)):
        capsule = buffer.__dlpack__(max_version=version)
        assert ("dltensor_versioned" in repr(capsule)) == (version is not None)
        del capsule
    gone = weakref.ref(buffer)
    del buffer
    assert gone() is None


def test_a_copy_is_another_memory(device: nexus.Device) -> None:
    buffer = device.create_buffer(np.ones(4))
    copied = np.from_dlpack(buffer, copy=True)
    buffer.fill(0)
    assert copied.tolist() == [1] * 4


def test_what_cannot_be_given_is_refused(device: nexus.Device) -> None:
    buffer = device.create_buffer((4,), "f32")
    assert buffer.__dlpack_device__() == (1, 0)
    with pytest.raises(ValueError, match="stream is 1"):
        buffer.__dlpack__(stream=1)
    with pytest.raises(BufferError, match="is not moved to"):
        buffer.__dlpack__(dl_device=(2, 0))
    with pytest.raises(BufferError, match="no name for elements of type F4"):
        device.create_buffer(4, "F4").__dlpack__()
    fixed = device.create_buffer(b"abcd", copy=False)
    with pytest.raises(BufferError, match="read-only"):
        fixed.__dlpack__()
    assert not np.from_dlpack(fixed).flags.writeable
    buffer.close()
    with pytest.raises(nexus.ClosedError):
        buffer.__dlpack__()


def test_what_is_no_tensor_is_refused() -> None:
    class Wrong:
        def __dlpack__(self, **asked: Any) -> object:
            return 5

        def __dlpack_device__(self) -> tuple[int, int]:
            return 1, 0

    with pytest.raises(TypeError, match="no tensor"):
        dlpack.array_of(Wrong())
