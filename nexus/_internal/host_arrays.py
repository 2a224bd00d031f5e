"""Host memory of any kind - NumPy arrays, bytes, arrays of other libraries - as NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nexus._internal.dtypes import BYTE, DTypeLike, Element, element_of
from nexus._internal.interop import foreign
from nexus.bindings._internal.words import counted, kind, shown

if TYPE_CHECKING:
    import numpy.typing as npt  # takes a millisecond

    Array: TypeAlias = npt.NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

_formats: dict[Element, bytes] = {}


# ---- what a buffer is made of --------------------------------------------------------------------


def plan(data: object, dtype: DTypeLike) -> tuple[Array | None, Element, Shape]:
    """Return contents (None: none), element type and shape of the buffer that `data` asks for.

    Raises:
        TypeError: `data` is neither a size, nor a shape, nor host memory.
        ValueError: a size is not positive, or `dtype` is not the type of the data.
    """
    if isinstance(data, tuple):
        return None, BYTE if dtype is None else element_of(dtype), _checked_shape(data)
    if not isinstance(data, np.ndarray) and hasattr(data, "__index__"):
        return None, BYTE if dtype is None else element_of(dtype), _checked_shape((data,))
    array = as_array(
        data, "data", "give an array (numpy.asarray), bytes, a size, or a tuple of sizes as shape"
    )
    element = element_of(array.dtype)
    if array.size == 0:
        raise ValueError(f"data has no elements (shape {array.shape}); a buffer has at least one")
    wanted = element if dtype is None else element_of(dtype)
    if wanted == element:
        return array, element, array.shape
    if element is BYTE or element == BYTE:
        return array, wanted, _reinterpreted(array.shape, wanted)
    raise ValueError(
        f"data has the type {element.name} and dtype is {wanted.name}: convert the data with "
        ".astype, or leave dtype away"
    )


def _reinterpreted(shape: Shape, element: Element) -> Shape:
    """Return the shape of bytes as elements of another type, along the last dimension."""
    bits = 8 * (shape[-1] if shape else 1)
    if bits % element.bits:
        raise ValueError(
            f"{bits // 8} bytes are not a whole number of {element.name}, which has "
            f"{element.bits} bits"
        )
    return (*shape[:-1], bits // element.bits)


def _checked_shape(shape: tuple[Any, ...]) -> Shape:
    """Return a shape as plain ints, each at least 1."""
    try:
        sizes = tuple(index(n) for n in shape)
    except TypeError:
        raise TypeError(
            f"a shape has ints and this one is {shown(shape)}; give data as an array "
            "(numpy.asarray)"
        ) from None
    if any(isinstance(n, bool | np.bool_) for n in shape):
        raise TypeError(f"a size is an int and this one is {shown(shape)}")
    if any(n < 1 for n in sizes):
        raise ValueError(
            f"a buffer has at least one element in each dimension; asked for {shown(sizes)}"
        )
    if math.prod(sizes) >= 1 << 60:
        raise ValueError(f"a buffer of {shown(sizes)} elements is larger than any device's memory")
    return sizes


def nbytes_of(element: Element, shape: Shape) -> int:
    """Return the bytes that so many elements take."""
    return element.nbytes_of(math.prod(shape))


# ---- arrays in and out ---------------------------------------------------------------------------


def as_array(
    data: object, name: str, advice: str = "give a NumPy array, bytes, or an array with DLPack"
) -> Array:
    """Return host memory as a NumPy array that shares it.

    Raises:
        TypeError: `data` has no memory on the host; the message says what to do.
    """
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; devices know no masks: use .filled()")
    if isinstance(data, np.ndarray | np.generic):
        return np.asarray(data)
    array = foreign.host_array(data, name)
    if array is not None:
        return array
    view: object = None
    try:
        view = memoryview(data)  # type: ignore[arg-type]  # asks whether it is one
        return np.asarray(view)
    except (TypeError, BufferError, ValueError) as error:
        if view is None and isinstance(error, TypeError):
            why = "which is no host memory"
        else:
            why = f"whose memory cannot be used ({error})"
        raise TypeError(f"{name} is {kind(data)}, {why}; {advice}") from None


def source(data: object, buffer: Any) -> Array:
    """Return the array whose bytes go into `buffer`, checked."""
    return _checked_size(as_array(data, "host_array"), buffer)


def target(data: object, buffer: Any) -> Array:
    """Return the array that takes the bytes of `buffer`, checked."""
    array = _checked_size(as_array(data, "host_array"), buffer)
    if isinstance(data, np.generic) or not array.flags.writeable:
        raise ValueError("host_array is read-only; give an array that can be written into")
    return array


def _checked_size(array: Array, buffer: Any) -> Array:
    element_of(array.dtype)  # raises for types that are no plain bytes
    if array.nbytes != buffer.nbytes:
        raise ValueError(
            f"host_array has {counted(array.nbytes, 'byte')} and the buffer {buffer.nbytes}: give "
            "an array of the same size, or copy a part of the buffer: buffer[:n].copy(...)"
        )
    return array


def contiguous(array: Array) -> Array:
    """Return the array itself when its bytes lie in C order without gaps, else a copy that does."""
    if array.flags.c_contiguous:
        return array
    return np.ascontiguousarray(array)


def scatter(staged: Array, array: Array) -> None:
    """Write a contiguous copy back into an array with gaps or in another order."""
    np.copyto(array, staged)


def bytes_of(array: Array) -> Array:
    """Return a contiguous array's memory in one dimension, for types no buffer can describe."""
    return array.reshape(-1).view(np.uint8) if array.dtype.kind in "VMm" else array


# ---- borrowed memory -----------------------------------------------------------------------------


def borrow(data: object, device: Any, name: str) -> Array:
    """Return the array that `device` may use in place.

    Raises:
        TypeError: the device cannot use host memory, or `data` is none.
        ValueError: the array has gaps.
    """
    array = as_array(data, name)
    check_borrowable(array, device)
    return array


def check_borrowable(array: Array, device: Any) -> None:
    """Raise unless `device` can use the array's memory in place."""
    element_of(array.dtype)
    if not device.host_memory:
        raise TypeError(
            f"{device.spec} cannot use memory of the host in place; device.create_buffer(array) "
            "makes a copy there"
        )
    if array.size == 0:
        raise ValueError(f"the array has no elements (shape {array.shape})")
    if not array.flags.c_contiguous:
        raise ValueError(
            "the array has gaps or another order, so it cannot be used in place; pass "
            "numpy.ascontiguousarray(array), or make a buffer of it, which copies"
        )


_WRITTEN = {"fill": 0, "copy": 1}  # the buffer that a command without a kernel writes


def check_not_written(command: Any, argument: int, what: str) -> None:
    """Raise when the command writes this argument, which is read-only: as the kernel says it."""
    if command.kernel is None and _WRITTEN.get(command.get_property_str("Type")) == argument:
        raise ValueError(
            f"the command writes buffer {argument} and the {what} is read-only; give one that can "
            "be written, or a copy"
        )
    info = command.kernel.info if command.kernel is not None else []
    if argument < len(info) and info[argument].access in ("out", "inout"):
        raise ValueError(
            f"kernel {command.kernel.name} writes argument {argument} ({info[argument].name}) and "
            f"the {what} is read-only; give one that can be written, or a copy"
        )


# ---- small things --------------------------------------------------------------------------------


def sequence_of_size(size: object, name: str) -> Sequence[Any]:
    """Return a group or grid size that is neither int, list nor tuple, as a sequence."""
    if isinstance(size, np.ndarray) and size.ndim == 1:
        return list(size)
    if hasattr(size, "__index__"):
        return (size,)
    raise TypeError(f"{name} is {kind(size)}; it is an int or up to three ints")


def format_of(element: Element) -> bytes:
    """Return what PEP 3118 calls the type; the bytes live as long as the process."""
    known = _formats.get(element)
    if known is None:
        if element.bits < 8:
            known = b"B"
        else:
            try:
                known = memoryview(np.empty(1, element.numpy_or_raise("share it"))).format.encode()
            except (TypeError, ValueError):
                raise BufferError(
                    f"the buffer protocol has no name for {element.name}; use numpy.asarray"
                ) from None
        _formats[element] = known
    return known
