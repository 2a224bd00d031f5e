"""Calls the C functions of a runtime themselves, with any bits, and checks what they answer."""

from __future__ import annotations

import ctypes
from typing import Any

from conformance.api_table import FUNCTIONS, Function
from nexus.bindings import nxs
from nexus.bindings.enums import Status

TABLE = {function.name: function for function in FUNCTIONS}


class Dim3(ctypes.Structure):
    """`nxs_dim3`."""

    _fields_ = (("x", ctypes.c_uint32), ("y", ctypes.c_uint32), ("z", ctypes.c_uint32))


class Init(ctypes.Structure):
    """`nxs_init`."""

    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("api_version", ctypes.c_uint32),
        ("runtime", ctypes.c_uint32),
    )


class PropertyInfo(ctypes.Structure):
    """`nxs_property_info`."""

    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("type", ctypes.c_int32),
        ("name", ctypes.c_char_p),
    )


TYPES: dict[str, Any] = {
    "nxs_int": ctypes.c_int32,
    "nxs_uint": ctypes.c_uint32,
    "nxs_flags": ctypes.c_uint32,
    "nxs_status": ctypes.c_int32,
    "nxs_handle": ctypes.c_int64,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "const char *": ctypes.c_char_p,
    "nxs_dim3": Dim3,
}


class CApi:
    """The functions of one runtime by their C names."""

    def __init__(self, runtime: int) -> None:
        self._addresses = nxs._inspect_function_pointers(runtime)

    def has(self, name: str) -> bool:
        """Tell whether the plugin has the function."""
        return self._addresses[name] != 0

    def call(self, name: str, *values: Any) -> int:
        """Call a function. A failure has a declared status and a sentence."""
        function = TABLE[name]
        result = int(self._pointer(function)(*values))
        if result < 0:
            status = Status(result).name
            assert status in function.statuses, f"{name} answered {status}: {self.last_error()}"
            assert self.last_error().strip(), f"{name} answered {status} without a sentence"
        return result

    def last_error(self) -> str:
        """Return the text of the last failing call of this thread."""
        text: bytes = self._pointer(TABLE["nxsGetLastError"])()
        return text.decode()

    def _pointer(self, function: Function) -> Any:
        argtypes = [TYPES.get(arg.c_type, ctypes.c_void_p) for arg in function.args]
        prototype = ctypes.CFUNCTYPE(TYPES[function.c_returns], *argtypes)
        return prototype(self._addresses[function.name])
