"""The type of one element of a buffer: every spelling of it, its size, and NumPy's type for it."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from nexus._internal import property_path
from nexus.bindings._internal.words import shown
from nexus.bindings.enums import DATA_TYPE_INFO, DataType

DTypeLike: TypeAlias = Any  # a spelling, a DataType, whatever np.dtype() takes, torch.float32


class Element(NamedTuple):
    """The type of one element.

    Attributes:
        name: the name in DataType, "F32"; NumPy's own for a type that is not in it, "complex64".
        bits: of one element.
        numpy: NumPy's type; None where NumPy has none that lies in memory as the element does.
        data_type: the member of DataType; Undefined for a type that is only NumPy's.
    """

    name: str
    bits: int
    numpy: np.dtype[Any] | None
    data_type: DataType

    def nbytes_of(self, n_elements: int) -> int:
        """Return the bytes of so many elements; small ones are packed."""
        return (n_elements * self.bits + 7) // 8

    def numpy_or_raise(self, what: str) -> np.dtype[Any]:
        """Return NumPy's type, or say what to do without it."""
        if self.numpy is not None:
            return self.numpy
        missing = DATA_TYPE_INFO[self.data_type].numpy and self.bits >= 8
        remedy = (
            "install ml_dtypes, which adds it to NumPy"
            if missing
            else "copy the bytes into an array of uint8"
        )
        raise TypeError(f"cannot {what}: NumPy has no type for {self.name}; {remedy}")


def element_of(dtype: DTypeLike) -> Element:
    """Return the element type of any spelling.

    >>> element_of("half").name, element_of(np.float32).name, element_of("c8").name
    ('F16', 'F32', 'complex64')

    Raises:
        TypeError: the type is unknown, holds Python objects or has no fixed size.
        ValueError: its bytes are in the other order.
    """
    if isinstance(dtype, Element):
        return dtype
    try:
        return _element_of(dtype)
    except TypeError:
        if _is_hashable(dtype):
            raise
    return _element_of_numpy(_numpy_dtype(dtype))  # a list of fields, which NumPy takes


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


# Digits are bits here and bytes in NumPy: where both have a type, neither is guessed.
_AMBIGUOUS: dict[Any, str] = {
    "f4": "is 4 bits here and 4 bytes in NumPy; write 'fp4' or 'float32'",
    "f8": "is 8 bits here and 8 bytes in NumPy; write 'fp8' or 'float64'",
    "i4": "is 4 bits here and 4 bytes in NumPy; write 'int4' or 'int32'",
    "u4": "is 4 bits here and 4 bytes in NumPy; write 'uint4' or 'uint32'",
}


@functools.lru_cache(maxsize=256, typed=True)  # DataType.F32 == 1
def _element_of(dtype: DTypeLike) -> Element:
    if isinstance(dtype, DataType):
        return _element_of_data_type(dtype)
    if dtype in _AMBIGUOUS:
        raise TypeError(f"{dtype!r} {_AMBIGUOUS[dtype]}")
    if isinstance(dtype, str) and dtype in _SPELLINGS:
        return _element_of_data_type(_SPELLINGS[dtype])
    if type(dtype).__module__ == "torch":
        return element_of(str(dtype).removeprefix("torch."))
    return _element_of_numpy(_numpy_dtype(dtype))


@functools.cache  # one object for each, so that `is` tells most of the time
def _element_of_data_type(data_type: DataType) -> Element:
    info = DATA_TYPE_INFO[data_type]
    if not info.bits:
        raise TypeError("the data type Undefined has no size; give the type of the elements")
    # ml_dtypes keeps a 4-bit type in a byte each; here they are packed, so NumPy has no such type.
    numpy = _named_in_numpy(info.numpy) if info.bits >= 8 else None
    return Element(data_type.name, info.bits, numpy, data_type)


def _numpy_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    # NumPy would take the type of a value, None for float64 and "\0" for bool.
    is_value = isinstance(dtype, int | float | bytes | np.generic | np.ndarray | None)
    if is_value or (isinstance(dtype, str) and not dtype.isprintable()):
        raise TypeError(f"{shown(dtype)} is no data type; give one such as 'f32' or np.float32")
    try:
        return np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError):
        hint = property_path.suggestion(dtype, _SPELLINGS)
        raise TypeError(
            f"{shown(dtype)} is no data type; {hint}, and what numpy.dtype takes"
        ) from None


def _element_of_numpy(dtype: np.dtype[Any]) -> Element:
    if dtype.hasobject:
        raise TypeError(
            f"dtype {dtype} holds references to Python objects, which no device can use; "
            "convert the array with .astype to a type of numbers"
        )
    if dtype.itemsize == 0:
        raise TypeError(f"dtype {dtype} has no size; give one that has, such as 'S8'")
    if not dtype.isnative:
        raise ValueError(
            f"dtype {dtype} has the bytes of each number in the other order than this machine; "
            "convert the array with .astype(dtype.newbyteorder('='))"
        )
    data_type = _BY_NUMPY_NAME.get(dtype.name, DataType.Undefined)
    if data_type is not DataType.Undefined and DATA_TYPE_INFO[data_type].bits < 8:
        raise TypeError(
            f"NumPy keeps {dtype} in a byte each and devices keep it packed; pack it into an "
            f"array of uint8 and create the buffer with a shape and dtype={data_type.name!r}"
        )
    if data_type is DataType.Undefined:
        return Element(dtype.name, 8 * dtype.itemsize, dtype, data_type)
    known = _element_of_data_type(data_type)
    return known if known.numpy == dtype else known._replace(numpy=dtype)


def _named_in_numpy(name: str) -> np.dtype[Any] | None:
    if not name:
        return None
    if hasattr(np, name):
        return np.dtype(name)
    try:
        import ml_dtypes  # optional: registers bfloat16 and the small floats with NumPy
    except ImportError:
        return None
    return np.dtype(getattr(ml_dtypes, name)) if hasattr(ml_dtypes, name) else None


_SPELLINGS = {
    spelling: data_type
    for data_type, info in DATA_TYPE_INFO.items()
    for spelling in (*info.names, data_type.name)
    if info.bits
}
_BY_NUMPY_NAME = {info.numpy: data_type for data_type, info in DATA_TYPE_INFO.items() if info.bits}

BYTE = element_of(DataType.U8)

# NumPy's own types by themselves, for who has an array and no time.
NATIVE = {
    np.dtype(info.numpy): element_of(data_type)
    for data_type, info in DATA_TYPE_INFO.items()
    if info.numpy and hasattr(np, info.numpy)
}
