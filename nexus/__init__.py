"""Finds every accelerator of a machine, moves memory, loads or compiles kernels and runs them.

    import nexus, numpy as np

    device = nexus.device()
    buffer = device.create_buffer(np.ones(1024, np.float32))
    kernel = device.load_library("kernel.so").get_kernel("add_vectors")
    kernel(buffer, grid=1024)
    buffer.numpy()

Importing opens no plugin and no driver.
"""

# No class may be defined in this module: `nexus.property` is a module here, and would be found
# instead of the decorator.
from nexus._internal import main_interpreter as _main_interpreter  # noqa: F401  # may refuse

# isort: split
import importlib
from typing import TYPE_CHECKING

from nexus import data_type, event_type, property, status
from nexus._version import __version__
from nexus.bindings.enums import DataType, EventType, Property, Status
from nexus.bindings.errors import (
    BackendUnavailableError,
    BinaryFormatError,
    ClosedError,
    CompileError,
    CompilerNotFoundError,
    DeviceInfoError,
    DeviceLostError,
    ExecutionError,
    FunctionNotFoundError,
    InvalidArgumentError,
    KernelNotFoundError,
    MissingFigureError,
    NexusError,
    OutOfMemoryError,
    PropertyNotFoundError,
    PropertyTypeError,
    WaitTimeoutError,
)
from nexus.buffer import Buffer
from nexus.device import Device
from nexus.device_info import add_device_info
from nexus.event import Event
from nexus.library import Argument, Kernel, Library
from nexus.library_info import inspect
from nexus.properties import Properties
from nexus.runtime import Runtime
from nexus.schedule import Command, Run, Schedule
from nexus.stream import Stream
from nexus.system import (
    create_buffer,
    device,
    from_dlpack,
    get_device_info,
    get_include,
    get_runtime,
    get_runtimes,
    lookup_device_info,
    unavailable_runtimes,
)

if TYPE_CHECKING:
    from nexus._internal.inspecting import ArgumentInfo, KernelInfo, LibraryInfo
    from nexus.advice import Advice, advise
else:
    # Imported when they are first asked for: a fourth of what importing nexus would take.
    _LATER = {
        "Advice": "nexus.advice",
        "ArgumentInfo": "nexus._internal.inspecting",
        "KernelInfo": "nexus._internal.inspecting",
        "LibraryInfo": "nexus._internal.inspecting",
        "advise": "nexus.advice",
    }

    def __getattr__(name):
        if name not in _LATER:
            raise AttributeError(f"module 'nexus' has no attribute {name!r}")
        globals()[name] = value = getattr(importlib.import_module(_LATER[name]), name)
        return value

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = [
    "Advice",
    "Argument",
    "ArgumentInfo",
    "BackendUnavailableError",
    "BinaryFormatError",
    "Buffer",
    "ClosedError",
    "Command",
    "CompileError",
    "CompilerNotFoundError",
    "DataType",
    "Device",
    "DeviceInfoError",
    "DeviceLostError",
    "Event",
    "EventType",
    "ExecutionError",
    "FunctionNotFoundError",
    "InvalidArgumentError",
    "Kernel",
    "KernelInfo",
    "KernelNotFoundError",
    "Library",
    "LibraryInfo",
    "MissingFigureError",
    "NexusError",
    "OutOfMemoryError",
    "Properties",
    "Property",
    "PropertyNotFoundError",
    "PropertyTypeError",
    "Run",
    "Runtime",
    "Schedule",
    "Status",
    "Stream",
    "WaitTimeoutError",
    "__version__",
    "add_device_info",
    "advise",
    "create_buffer",
    "data_type",
    "device",
    "event_type",
    "from_dlpack",
    "get_device_info",
    "get_include",
    "get_runtime",
    "get_runtimes",
    "inspect",
    "lookup_device_info",
    "property",
    "status",
    "unavailable_runtimes",
]
