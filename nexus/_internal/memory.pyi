"""Buffers: their memory, and host memory that goes in and out of them."""

from typing import Any, TypeVar

import numpy as np

from nexus._internal.dtypes import DTypeLike, Element
from nexus._internal.handle import DeviceBase, Handle
from nexus._internal.run import Run
from nexus.bindings.enums import DataType
from nexus.stream import Stream

_B = TypeVar("_B", bound=BufferBase)

class HostView: ...

class BufferBase(Handle):
    @property
    def nbytes(self) -> int: ...
    @property
    def readonly(self) -> bool: ...
    @property
    def element(self) -> Element: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any] | DataType: ...
    def _stream_handle(self, stream: Stream | None) -> int: ...
    def _transfer(
        self, array: object, to_host: bool, stream: Stream | None, blocking: bool
    ) -> Run | None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

def make_buffer(
    cls: type[_B], device: DeviceBase, data: object, dtype: DTypeLike, copy: bool
) -> _B: ...
def sub_buffer(
    buffer: _B, offset: int, nbytes: int, element: Element, shape: tuple[int, ...]
) -> _B: ...
