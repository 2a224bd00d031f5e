"""Arguments of kernels: numbers as their bytes, and what is said of an argument that does not fit.

Each message names the argument and the kernel, and tells what to give instead: to a call of the
kernel, or to a command.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nexus._internal import scalars
from nexus._internal.dtypes import DTypeLike, Element, element_of
from nexus.bindings._internal.words import counted, kind, shown
from nexus.bindings.enums import Status
from nexus.bindings.errors import InvalidArgumentError


def packed(kernel: Any, argument: int, value: Any, dtype: DTypeLike) -> bytes:
    """Return a number as the bytes that an argument of a kernel takes.

    The type is `dtype`, else the NumPy scalar's, else what the kernel says of the argument.
    """
    info = kernel.info if kernel is not None else []
    if info and argument >= len(info):
        raise InvalidArgumentError(
            f"kernel {kernel.name} has {counted(len(info), 'argument')}, numbered from 0, and no "
            f"argument {argument}",
            Status.InvalidArgIndex,
        )
    if not scalars.is_number(value) and not isinstance(value, np.ndarray) and dtype is None:
        if not hasattr(value, "__index__") and not hasattr(value, "__float__"):
            raise _no_number(kernel, argument, value)
    if not info:
        return scalars.pack(value, dtype, f"argument {argument}")
    record, what = info[argument], Title(kernel, argument)
    if record.access != "value":
        raise TypeError(f"{what} is a buffer and got the number {shown(value)}; {wanted(record)}")
    known = scalars.element_of_c(record.type, record.nbytes)
    given = _type_of(value, dtype)
    if given is not None and known is not None and given != known:
        raise TypeError(f"{what} takes {known.name} and got {given.name}; convert the number")
    if given is None and known is None:
        of = f"a struct of {record.nbytes} bytes, or " if record.nbytes else ""
        raise TypeError(
            f"{what} is {of}of a type that nexus does not know: {wanted(record)}, or a NumPy scalar"
        )
    return scalars.pack_as(value, given or known, what)  # type: ignore[arg-type]  # one is there


def _no_number(kernel: Any, argument: int, value: Any) -> TypeError:
    """Return the exception for what is no number, where one was to be set."""
    if isinstance(value, str):
        advice = "give a number, as int() and float() make them of text"
        return TypeError(f"{Title(kernel, argument)} got {_told(value)}; {advice}")
    return TypeError(
        f"{Title(kernel, argument)} got {kind(value)}, which is no number; set_buffer takes memory "
        "and set_struct the bytes of a struct"
    )


class Title:
    """What messages call an argument; asked of the kernel only when there is a message.

    >>> str(Title(None, 2))
    'argument 2'
    """

    __slots__ = ("_argument", "_kernel")

    def __init__(self, kernel: Any, argument: int) -> None:
        self._kernel = kernel
        self._argument = argument

    def __str__(self) -> str:
        record = _record(self._kernel, self._argument)
        named = f" ({record.type} {record.name})" if record is not None else ""
        of = f" of kernel {self._kernel.name}" if self._kernel is not None else ""
        return f"argument {self._argument}{named}{of}"


def wanted(record: Any) -> str:
    """Return what to give as an argument."""
    known = scalars.element_of_c(record.type, record.nbytes)
    if record.access != "value":
        of = f" of {known.name}" if known is not None and known.bits > 8 else ""
        return f"give a buffer{of}, as device.create_buffer(array) makes it, or an array"
    if known is not None:
        return "give a number"
    return "give its bytes, as struct.pack or array.tobytes() make them"


def _wanted_for(record: Any, given: object) -> str:
    """Return what to give instead of this."""
    advice = wanted(record)
    if advice == "give a number" and isinstance(given, str):
        return f"{advice}, as int() and float() make them of text"
    if advice == "give a number" and isinstance(given, np.ndarray) and given.size == 1:
        return f"{advice}, as array.item() is one"
    return advice


def refused_memory(kernel: Any, argument: int, given: object, error: TypeError) -> TypeError:
    """Return the exception for an argument that is no memory that the device can use."""
    record = _record(kernel, argument)
    what = Title(kernel, argument)
    if record is None:
        return error
    if record.access == "value":
        return TypeError(f"{what} is a value and got {_told(given)}; {_wanted_for(record, given)}")
    if isinstance(given, str | list | tuple) or given is None or np.isscalar(given):
        return TypeError(f"{what} is a buffer and got {_told(given)}; {wanted(record)}")
    return TypeError(str(error).replace(f"argument {argument} ", f"{what} ", 1))


def with_remedy(
    error: InvalidArgumentError, kernel: Any, argument: int, given: object = None
) -> InvalidArgumentError:
    """Return the exception of a runtime that got a buffer for a value, or a value for a buffer."""
    record = _record(kernel, argument)
    if record is not None and error.status == Status.InvalidArgValue:
        error.message += f"; {_wanted_for(record, given)}"
    return error


def misfit(kernel: Any, argument: int, element: Element, wanted: Element) -> TypeError:
    """Return the exception for a buffer of another type than the kernel's."""
    return TypeError(
        f"{Title(kernel, argument)} is a buffer of {wanted.name} and got one of {element.name}: "
        "convert the data with .astype; or pass its bytes as they are, array.view('u1') or "
        "buffer.sub_buffer(0, buffer.nbytes)"
    )


def _record(kernel: Any, argument: int) -> Any:
    info = kernel.info if kernel is not None else []
    return info[argument] if argument < len(info) else None


def _told(given: object) -> str:
    """Return what was given: its value where that is short to tell, and its kind."""
    if isinstance(given, np.ndarray):
        return "an array"
    text = shown(given)
    return text if text in (kind(given), "None") else f"{text}, {kind(given)}"


def _type_of(value: Any, dtype: DTypeLike) -> Element | None:
    if dtype is not None:
        return element_of(dtype)
    return element_of(value.dtype) if isinstance(value, np.generic | np.ndarray) else None
