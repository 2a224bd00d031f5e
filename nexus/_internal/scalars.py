"""Numbers as the bytes that a kernel takes, range-checked."""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable
from operator import index
from typing import Any, NamedTuple, NoReturn

import numpy as np

from nexus._internal import checks
from nexus._internal.dtypes import DTypeLike, Element, element_of
from nexus.bindings._internal.words import counted, kind, shown
from nexus.bindings.enums import DataType

# What the C of a kernel calls a type, beside the spellings of dtypes.
_C_TYPES = {
    "signed char": "i8",
    "unsigned char": "u8",
    "unsigned short": "u16",
    "unsigned": "u32",
    "unsigned int": "u32",
    "long long": "i64",
    "unsigned long": "u64",
    "unsigned long long": "u64",
    "size_t": "u64",
    "ptrdiff_t": "i64",
    "_Bool": "bool",
    "_Float16": "f16",
    "__half": "f16",
    "nxs_half": "f16",
    "__nv_bfloat16": "bf16",
} | {
    name.format(f"{sign}int{bits}"): f"{sign or 'i'}{bits}"
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
    for name in ("{}_t", "nxs_{}")
}

_PACKERS = {
    name: struct.Struct(f"={letter}")
    for name, letter in {
        **{"F16": "e", "F32": "f", "F64": "d", "Bool": "?"},
        **{"I8": "b", "I16": "h", "I32": "i", "I64": "q"},
        **{"U8": "B", "U16": "H", "U32": "I", "U64": "Q"},
    }.items()
}


def element_of_c(name: str, nbytes: int) -> Element | None:
    """Return the element type that the C of a kernel calls `name`; None for a struct.

    >>> element_of_c("unsigned int", 4).name
    'U32'
    """
    words = " ".join(word for word in name.split() if word not in ("const", "volatile"))
    try:
        element = element_of(_C_TYPES.get(words, words))
    except TypeError:
        return None
    if element.bits == 8 * nbytes:
        return element
    same = {"I": "i", "U": "u"}.get(element.name[0])  # `long` has 4 bytes on some machines
    return element_of(f"{same}{8 * nbytes}") if same and nbytes in (4, 8) else None


def pack(value: Any, dtype: DTypeLike, what: object) -> bytes:
    """Return a number as bytes: of `dtype`, else of its own type when it is NumPy's.

    Raises:
        TypeError: it is no number, or it has no type and none is given.
        ValueError: it does not fit the type.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(dtype, Element):
        return pack_as(value, dtype, what)
    if dtype is None:
        if isinstance(value, np.generic):
            element_of(value.dtype)
            return value.tobytes()
        raise TypeError(
            f"{what} is {shown(value)} and its type is not known: give dtype, such as 'f32', or a "
            "NumPy scalar, such as numpy.float32(1)"
        )
    return pack_as(value, element_of(dtype), what)


def pack_as(value: Any, element: Element, what: object) -> bytes:
    """Return a number as bytes of one type."""
    if isinstance(value, np.generic):
        if value.dtype == element.numpy:
            return value.tobytes()
        value = value.item()
    if element.name[0] in "IU" and element.data_type is not DataType.Undefined:
        return _packed_integer(value, element, what)
    if element.data_type is DataType.Bool:
        if value not in (0, 1):
            raise ValueError(f"{what} is {shown(value)}, which is neither true nor false")
        return b"\1" if value else b"\0"
    return _packed_float(value, element, what)


def _packed_integer(value: Any, element: Element, what: object) -> bytes:
    try:
        number = index(value)
    except TypeError:
        raise TypeError(
            f"{what} is {shown(value)}, {kind(value)}, and {element.name} is an integer; convert "
            "it with int()"
        ) from None
    low = -(1 << element.bits - 1) if element.name[0] == "I" else 0
    high = low + (1 << element.bits) - 1
    if not low <= number <= high:
        raise ValueError(f"{what} is {shown(number)}, and {element.name} holds {low} to {high}")
    if element.bits < 8:
        raise TypeError(f"{what}: {element.name} is packed, so there is no value of one alone")
    return _PACKERS[element.name].pack(number)


def _packed_float(value: Any, element: Element, what: object) -> bytes:
    if element.name not in _PACKERS:
        return _packed_by_numpy(value, element, what)
    try:
        return _PACKERS[element.name].pack(value)
    except (struct.error, OverflowError):
        if isinstance(value, int | float):  # an int may be beyond every float
            _too_large(value, element, what)
        raise TypeError(
            f"{what} is {shown(value)}, {kind(value)}, and {element.name} is a number"
        ) from None


def _too_large(value: Any, element: Element, what: object) -> NoReturn:
    raise ValueError(f"{what} is {shown(value)}, which is too large for {element.name}") from None


def _packed_by_numpy(value: Any, element: Element, what: object) -> bytes:
    dtype = element.numpy_or_raise(f"pack {shown(value)}")
    try:
        with np.errstate(over="ignore"):
            packed = np.array(value).astype(dtype) if np.isscalar(value) else np.array(value, dtype)
    except OverflowError:
        _too_large(value, element, what)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} is {shown(value)}, which is no {element.name} ({error})") from None
    if packed.ndim != 0:
        raise TypeError(f"{what} has the shape {packed.shape}; it is one value")
    is_real = element.data_type is not DataType.Undefined
    if is_real and math.isfinite(value) and not math.isfinite(float(packed)):
        _too_large(value, element, what)
    return packed.tobytes()


def extent(buffer: Any, offset: Any, nbytes: Any, name: str) -> tuple[int, int]:
    """Return first byte and byte count of a part of a buffer; None is up to its end."""
    start = checks.nbytes(offset, f"the offset in {name}")
    n = max(buffer.nbytes - start, 0) if nbytes is None else checks.nbytes(nbytes, "nbytes")
    if n < 1 or start + n > buffer.nbytes:
        raise ValueError(
            f"{counted(n, 'byte')} from offset {start} are no part of {name}, which has "
            f"{counted(buffer.nbytes, 'byte')}"
        )
    return start, n


def pattern(value: Any, dtype: DTypeLike, element: Element) -> bytes:
    """Return what a fill repeats: a number of `dtype`, else of the buffer's type; or bytes."""
    if isinstance(value, bytes | bytearray | memoryview) and dtype is None:
        packed = bytes(value)
    else:
        packed = pack(value, element if dtype is None else dtype, "value")
    if len(packed) not in (1, 2, 4, 8, 16):
        raise ValueError(f"value has {len(packed)} bytes; a fill repeats 1, 2, 4, 8 or 16")
    return packed


def struct_bytes(value: Any) -> bytes:
    """Return the bytes of a struct: bytes, a ctypes structure, a NumPy record, any buffer."""
    if isinstance(value, np.ndarray | np.generic):
        element_of(value.dtype)
        return value.tobytes()
    try:
        return memoryview(value).tobytes()
    except TypeError:
        raise TypeError(
            f"value is {kind(value)}; give the bytes of the struct, a ctypes structure or a NumPy "
            "record"
        ) from None


_NUMBER = (int, float, complex, np.number, np.bool_)  # a union would be made at each call


def is_number(value: object) -> bool:
    """Tell whether an argument is a number, and not memory."""
    return isinstance(value, _NUMBER) or (
        isinstance(value, np.generic) and not isinstance(value, np.void | np.character)
    )


def buffer_elements(info: list[Any]) -> tuple[Element | None, ...]:
    """Return the element type of each argument that is a buffer of a type nexus knows, else None.

    Buffers of bytes take anything, as do those of structs.
    """
    elements = (None if r.access == "value" else element_of_c(r.type, r.nbytes) for r in info)
    return tuple(None if element is None or element.bits <= 8 else element for element in elements)


class Packer(NamedTuple):
    """How a number becomes the bytes of a type, when nothing can be wrong with it."""

    pack: Callable[[Any], bytes]
    numpy: type
    is_integer: bool


def packers(info: list[Any]) -> tuple[Packer | None, ...]:
    """Return the packer of each argument that is a number, else None."""
    return tuple(_packer(record) for record in info)


def _packer(record: Any) -> Packer | None:
    element = element_of_c(record.type, record.nbytes) if record.access == "value" else None
    if element is None or element.name not in _PACKERS or element.numpy is None:
        return None
    pack = _PACKERS[element.name].pack
    return Packer(pack, element.numpy.type, element.name[0] in "IU")


# Integers that hold the bits of floats for which C has no type.
_CARRIERS = {("F16", "U16"), ("BF16", "U16")}


@functools.lru_cache(maxsize=256)
def fits(element: Element, wanted: Element) -> bool:
    """Tell whether a buffer of one type may be an argument of another: signs do not matter."""
    if element == wanted or element.data_type is DataType.Undefined:  # a struct, or complex
        return True
    both_whole = element.name[0] in "IU" and wanted.name[0] in "IU"
    same_size = element.bits == wanted.bits
    return same_size and (both_whole or (element.name, wanted.name) in _CARRIERS)
