"""Devices: what memory is made on, kernels are loaded on and run on."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nexus import device_info
from nexus._internal import compilers, logs
from nexus._internal.compilers import container
from nexus._internal.event import make_event
from nexus._internal.handle import DeviceBase, adopt
from nexus._internal.launch import make_schedule
from nexus._internal.memory import make_buffer
from nexus.bindings import nxs
from nexus.bindings._internal.words import kind, shown
from nexus.bindings.enums import EventType
from nexus.bindings.errors import (
    CompileError,
    CompilerNotFoundError,
    InvalidArgumentError,
    NexusError,
)
from nexus.buffer import Buffer
from nexus.event import Event
from nexus.library import Library
from nexus.properties import Properties
from nexus.schedule import Schedule
from nexus.stream import Stream

if TYPE_CHECKING:
    from typing_extensions import Buffer as SupportsBuffer

    from nexus._internal.compilers.options import Options
    from nexus._internal.compilers.sources import Source
    from nexus._internal.dtypes import DTypeLike
    from nexus.runtime import Runtime


# By spec: a device lives as long as the process. With what the answer depends on.
_infos: dict[str, tuple[object, Properties]] = {}


class Device(DeviceBase):
    """One device of a runtime. It is there once: the same device is the same object.

    >>> import nexus
    >>> device = nexus.device("cpu")
    >>> device.spec, device.get_property_str("Type")
    ('cpu:0', 'cpu')
    """

    __slots__ = ()

    @property
    def name(self) -> str:
        """What the device is called."""
        return self.get_property_str("Name")

    def get_info(self) -> Properties:
        """Return the properties of the device, over what the device library knows of its kind.

        Properties that change are read anew each time. The entry of the library, with the product
        that the device is, is looked up once.

        Raises:
            DeviceInfoError: the entry is a file of yours that cannot be read or breaks the schema.
        """
        state = device_info.state()
        known = _infos.get(self.spec)
        if known is None or known[0] != state:
            known = _infos[self.spec] = (state, Properties(self, self._entry()))
        return known[1]

    def _entry(self) -> Mapping[str, Any] | None:
        facts = (self.get_property_str(key) for key in ("Vendor", "Type", "Architecture"))
        entry = device_info.entry_of(*facts)
        if not entry or "Variants" not in entry:
            return entry
        sizes = (self.get_property_int("CoreCount"), self.get_property_int("GlobalMemorySize"))
        return device_info.entry_with_product(entry, self.name, sizes)

    # ---- memory ----------------------------------------------------------------------------------

    def create_buffer(self, data: Any, dtype: DTypeLike = None, *, copy: bool = True) -> Buffer:
        """Make a buffer of a size, a shape, or the contents of host memory.

        Args:
            data: an int is a number of elements (bytes, when no dtype is given) and a tuple a
                shape, whose contents are undefined; anything else is host memory: a NumPy array,
                with gaps as well, bytes, or an array with DLPack. Another Buffer is copied.
            dtype: type of the elements, in any spelling: "fp16", numpy.float32,
                nexus.data_type.BF16. Data of another type is refused, but bytes are taken as
                elements of it.
            copy: False: use the memory itself, without a copy, and keep its owner alive.

        Raises:
            ValueError: a size is not positive; or `copy=False` and the array has gaps.
            TypeError: `data` is no host memory; its type cannot be used; or `copy=False` and the
                device cannot use memory of the host.
            OutOfMemoryError: the device has not enough memory.
        """
        return make_buffer(Buffer, self, data, dtype, copy)

    def copy_buffer(self, buffer: Buffer) -> Buffer:
        """Return a copy, on this device, of a buffer of any device and runtime."""
        if not isinstance(buffer, Buffer):
            raise TypeError(f"buffer is {kind(buffer)}, not a Buffer")
        _ = buffer.handle  # a closed buffer says that it is closed
        copied = make_buffer(Buffer, self, buffer.shape, buffer.element, True)
        buffer.copy_to(copied)
        return copied

    def from_dlpack(self, array: Any) -> Buffer:
        """Return a buffer that is the memory of another library's array, without a copy.

        Raises:
            TypeError: the device cannot use that memory.
            ValueError: the array has gaps.
        """
        if not any(hasattr(array, name) for name in ("__dlpack__", "__cuda_array_interface__")):
            raise TypeError(
                f"array is {shown(array)}, which has no __dlpack__; create_buffer(data, "
                "copy=False) borrows other memory of the host"
            )
        return make_buffer(Buffer, self, array, None, False)

    def _copied(self, buffer: Buffer, dtype: DTypeLike, copy: bool) -> Buffer:
        """Return a copy of a buffer that was given to `create_buffer`."""
        if not copy:
            raise TypeError("a Buffer cannot be borrowed again; buffer[:] shares its memory")
        if dtype is not None:
            raise TypeError("a Buffer is copied with its own type; leave dtype away")
        return self.copy_buffer(buffer)

    # ---- kernels ---------------------------------------------------------------------------------

    def load_library(self, filepath: str | os.PathLike[str]) -> Library:
        """Load a library of kernels from a file; the file may change or go afterwards.

        Args:
            filepath: of any kind of binary that the runtime takes (its property BinaryKinds). A
                library is code, and runs with your rights.

        Raises:
            FileNotFoundError: there is no such file.
            CompileError: it is source, which the driver does not compile.
            InvalidArgumentError: it is no library that the device can load.
        """
        path: object = os.fspath(filepath) if hasattr(filepath, "__fspath__") else filepath
        if not isinstance(path, str):
            is_library = isinstance(path, bytes | bytearray | memoryview)
            advice = "; create_library takes the bytes of a library" * is_library
            raise TypeError(f"filepath is {shown(path)}; it is a str or a Path{advice}")
        if not os.path.exists(path):
            raise FileNotFoundError(errno.ENOENT, "there is no such library file", path)
        if path.endswith(container.SUFFIX):
            with open(path, "rb") as file:
                return self._unpacked(file.read(), path)
        try:  # as bytes: a path need not be UTF-8
            handle = nxs.create_library_from_file(self.runtime_number, self.id, os.fsencode(path))
        except (InvalidArgumentError, CompileError) as error:
            raise self._refusal(error, path) from None
        return adopt(Library, self, handle)

    def create_library(self, data: SupportsBuffer) -> Library:
        """Load a library of kernels from bytes, which are copied.

        Raises:
            CompileError: it is source, which the driver does not compile.
            InvalidArgumentError: it is no library that the device can load.
        """
        given: object = data
        if given is None or isinstance(given, int | float | str | list | tuple | os.PathLike):
            # The binding would take some of these for an address.
            advice = "; load_library takes a file" * isinstance(given, str | os.PathLike)
            raise TypeError(f"data is {shown(given)}; it is the bytes of a library{advice}")
        if container.is_container(data):
            return self._unpacked(data, "the library in memory")
        try:
            return self._loaded(data)
        except CompileError as error:
            raise self._refusal(error, data) from None

    def _loaded(self, data: SupportsBuffer) -> Library:
        try:
            handle = nxs.create_library(self.runtime_number, self.id, data)
        except InvalidArgumentError as error:
            raise self._refusal(error, data) from None
        return adopt(Library, self, handle)

    def _refusal(self, error: InvalidArgumentError | CompileError, library: object) -> NexusError:
        """Return why a library was refused: what it is, where it is for another device."""
        from nexus._internal.inspecting import refusal

        kinds = self.runtime.get_property_str_vec("BinaryKinds")
        taker = refusal.Taker(self.spec, self.get_property_str("Architecture"), kinds)
        if isinstance(error, CompileError):
            return refusal.of_source(error, library, taker)
        return refusal.explained(error, library, taker)

    def _unpacked(self, data: SupportsBuffer, name: str) -> Library:
        """Load what `nexus compile` has written."""
        compiler = self.runtime.get_property_str("Compiler")
        contained = container.unpack_for(data, name, self.runtime.name, compiler)
        if not compilers.is_of_driver(compiler):
            return self._loaded(contained.binary)
        from nexus._internal.compilers import built

        return built.from_container(self, self._loaded, contained, name)

    def compile(self, source: Source, options: Options = None) -> Library:
        """Compile source to a library, with the compiler of the runtime.

        Args:
            source: with `#include <nexus/kernel.h>`, or what the compiler takes; several, by name,
                are compiled as one.
            options: flags, or a mapping such as `{"defines": {"TILE": 16}}`.

        Raises:
            CompileError: it does not compile; the compiler's words are in its `log`.
            CompilerNotFoundError: the runtime has no compiler, or none is installed.
        """
        from nexus._internal.compilers import cached

        name = self.runtime.get_property_str("Compiler")
        if not name:
            raise CompilerNotFoundError(
                f"cannot compile for {self.spec}: its runtime has no compiler; load a library that "
                "is compiled already"
            )
        if compilers.is_of_driver(name):
            from nexus._internal.compilers import built

            return built.from_source(self, self._loaded, source, options)
        arch = self.get_property_str("Architecture")
        result = cached.compile(compilers.get(name), source, options, arch=arch)
        logs.debug("compiled for %s: %s", self.spec, result.command)
        return self._loaded(result.binary)

    # ---- running ---------------------------------------------------------------------------------

    def create_event(self, event_type: EventType | int = EventType.Shared) -> Event:
        """Make an event, which starts at 0.

        Args:
            event_type: Shared: any stream and device of this runtime, and the host; Signal: this
                device and the host; Fence: this device.
        """
        if not isinstance(event_type, int) or isinstance(event_type, bool):
            raise TypeError(
                f"event_type is {shown(event_type)}; it is a member of nexus.event_type"
            )
        if not 0 <= event_type < 1 << 31:
            raise ValueError(
                f"event_type is {shown(event_type)}; it is a member of nexus.event_type"
            )
        return make_event(Event, self, event_type)

    def create_schedule(self) -> Schedule:
        """Make an empty schedule."""
        return make_schedule(Schedule, self)

    def create_stream(self) -> Stream:
        """Make a stream beside the default one."""
        return adopt(Stream, self, nxs.create_stream(self.runtime_number, self.id))

    def __reduce__(self) -> tuple[Any, ...]:  # type: ignore[override]  # what is here once is named
        return _device_of, (self.runtime, self.id)

    def __repr__(self) -> str:
        return f"<Device {self.spec}>"


def _device_of(runtime: Runtime, ordinal: int) -> Device:
    """Return the device again that was pickled."""
    return runtime.get_device(ordinal)
