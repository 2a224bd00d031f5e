"""Buffers: memory of one device, with a type and a shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nexus._internal import checks, host_arrays, memory, scalars
from nexus._internal.dtypes import DTypeLike, element_of
from nexus._internal.interop import dlpack
from nexus._internal.memory import BufferBase
from nexus._internal.run import run_flags, submitted
from nexus.bindings import nxs
from nexus.bindings._internal.words import kind

if TYPE_CHECKING:
    import numpy.typing as npt

    from nexus.device import Device
    from nexus.schedule import Run
    from nexus.stream import Stream


class Buffer(BufferBase):
    """Memory of one device. Type and shape are facts of this object over plain bytes.

    It is given back by `close()`, at the end of its `with` block, or with the last reference;
    commands and runs keep what they use.

    >>> import nexus, numpy as np
    >>> buffer = nexus.device("cpu").create_buffer(np.arange(6, dtype=np.float32).reshape(2, 3))
    >>> buffer
    <Buffer of 24 bytes, F32 (2, 3), on cpu:0>
    >>> out = np.empty((2, 3), np.float32)
    >>> buffer.copy(out)
    >>> out.tolist()
    [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    >>> buffer[1:].numpy().tolist()  # a view of the same memory
    [[3.0, 4.0, 5.0]]
    """

    __slots__ = ()

    # ---- to and from the host --------------------------------------------------------------------

    def copy(
        self, host_array: Any, *, stream: Stream | None = None, blocking: bool = True
    ) -> Run | None:
        """Copy the whole buffer into `host_array`.

        Without a stream it sees every run submitted before that uses this buffer, on any stream.

        Args:
            host_array: writable host memory of `nbytes` bytes: a NumPy array, with gaps as well, a
                bytearray, or an array with DLPack. Only the size is compared.
            stream: order the copy on this stream only.
            blocking: wait until it is done. Otherwise the array is kept alive until then.

        Returns:
            the Run when not blocking, else None.

        Raises:
            ValueError: `host_array` is read-only or of another size.
            TypeError: it is no host memory.
        """
        return self._transfer(host_array, True, stream, blocking)

    def write(
        self, host_array: Any, *, stream: Stream | None = None, blocking: bool = True
    ) -> Run | None:
        """Copy `host_array` into the whole buffer; the other direction of `copy`.

        Args:
            host_array: host memory of `nbytes` bytes. Only the size is compared.
            stream: order the copy on this stream only; None waits for the runs that use the buffer.
            blocking: wait until it is done. Otherwise the array is kept alive until then, and must
                not be changed before.

        Returns:
            the Run when not blocking, else None.
        """
        return self._transfer(host_array, False, stream, blocking)

    def numpy(self) -> npt.NDArray[Any]:
        """Return a copy of the buffer as a NumPy array of its type and shape."""
        array = np.empty(self.shape, self.element.numpy_or_raise("make an array of the buffer"))
        self._transfer(array, True, None, True)
        return array

    # ---- on the device ---------------------------------------------------------------------------

    def fill(
        self,
        value: Any,
        dtype: DTypeLike = None,
        stream: Stream | None = None,
        *,
        blocking: bool = True,
    ) -> Run | None:
        """Set every element to one value.

        Args:
            value: a number, or the bytes of a pattern of 1, 2, 4, 8 or 16 bytes.
            dtype: type of the number; None: that of the buffer.
            stream: None: the default stream of the device.
            blocking: wait until it is done.

        Returns:
            the Run when not blocking, else None.
        """
        self._check_writable("filled")
        flags = run_flags(blocking)
        pattern = scalars.pattern(value, dtype, self.element)
        ticket = self._call(
            nxs.fill_buffer,
            0,
            self.nbytes,
            pattern,
            len(pattern),
            self._stream_handle(stream),
            flags,
        )
        return None if flags else submitted(self.device, stream, ticket)

    def copy_to(
        self,
        other: Buffer,
        *,
        offset: int = 0,
        other_offset: int = 0,
        nbytes: int | None = None,
        stream: Stream | None = None,
        blocking: bool = True,
    ) -> Run | None:
        """Copy this buffer, or a part of it, into another one, of any device and runtime.

        Args:
            other: the target.
            offset: first byte in this buffer.
            other_offset: first byte in the target.
            nbytes: how many bytes; None: up to the end of this buffer.
            stream: of the target's device; None: its default stream.
            blocking: wait until it is done. Between two runtimes a copy always blocks.

        Returns:
            the Run when not blocking, else None.

        Raises:
            ValueError: a range lies outside of its buffer, or the two overlap.
        """
        _ = self.handle  # a closed buffer says that it is closed
        if not isinstance(other, BufferBase):
            raise TypeError(f"other is {kind(other)}, not a Buffer")
        _ = other.handle
        flags = run_flags(blocking)
        offset, n = scalars.extent(self, offset, nbytes, "this buffer")
        other_offset, n = scalars.extent(other, other_offset, n, "the other buffer")
        other._check_writable("copied into")
        if other.runtime_number != self.runtime_number:
            self._copy_through_host(other, offset, other_offset, n)
            return None
        ticket = self._call(
            nxs.copy_buffer_region,
            offset,
            other.handle,
            other_offset,
            n,
            other._stream_handle(stream),
            flags,
        )
        return None if flags else submitted(other.device, stream, ticket)

    def _copy_through_host(self, other: Buffer, offset: int, other_offset: int, n: int) -> None:
        with self.sub_buffer(offset, n) as source, other.sub_buffer(other_offset, n) as target:
            if target.device.host_memory:
                source.copy(memoryview(target))
            elif source.device.host_memory:
                target.write(memoryview(source))
            else:
                target.write(source.numpy())

    def _check_writable(self, what: str) -> None:
        _ = self.handle  # a closed buffer says that it is closed
        if self.readonly:
            raise ValueError(f"{self!r} borrows memory that is read-only; it cannot be {what}")

    # ---- views -----------------------------------------------------------------------------------

    def sub_buffer(self, offset: int, nbytes: int, dtype: DTypeLike = "u8") -> Buffer:
        """Return a part of the buffer that shares its memory.

        Args:
            offset: first byte.
            nbytes: how many bytes.
            dtype: type of the elements of the part.

        Raises:
            ValueError: the part lies outside of the buffer.
        """
        _ = self.handle  # a closed buffer says that it is closed
        element = element_of(dtype)
        offset, n = scalars.extent(self, offset, nbytes, "the buffer")
        if n * 8 % element.bits:
            raise ValueError(f"{n} bytes are not a whole number of {element.name}")
        shape = (n * 8 // element.bits,)
        return memory.sub_buffer(self, offset, n, element, shape)

    def __getitem__(self, part: slice) -> Buffer:
        """Return rows of the first dimension, as a view: `buffer[2:5]`."""
        _ = self.handle  # a closed buffer says that it is closed
        if not isinstance(part, slice) or not self.shape:
            raise TypeError("a Buffer is indexed with one slice, buffer[2:5]; copy it for the rest")
        start, stop, step = part.indices(self.shape[0])
        if step != 1 or stop <= start:
            raise ValueError(
                f"buffer[{start}:{stop}:{step}] is empty or has gaps; a part is at least one row, "
                "in steps of 1"
            )
        row_bits = self.element.bits * math.prod(self.shape[1:])
        if start * row_bits % 8 or (stop - start) * row_bits % 8:
            raise ValueError(f"buffer[{start}:{stop}] begins or ends inside of a byte")
        shape = (stop - start, *self.shape[1:])
        offset, nbytes = start * row_bits // 8, (stop - start) * row_bits // 8
        return memory.sub_buffer(self, offset, nbytes, self.element, shape)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"{self!r} is one element and has no length")
        return self.shape[0]

    def __iter__(self) -> Any:
        raise TypeError("a Buffer is not iterated; buffer.numpy() copies it into an array")

    # ---- other libraries -------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return the memory as a NumPy array, without a copy; only for memory of the host."""
        _ = self.handle  # a closed buffer says that it is closed
        copy = None if copy is None else checks.flag(copy, "copy")
        if not self.device.host_memory:
            raise TypeError(
                f"{self!r} is memory of the device, which NumPy cannot read; buffer.numpy() copies"
            )
        element = self.element.numpy_or_raise("make an array of the buffer")
        array: npt.NDArray[Any] = np.ndarray(self.shape, element, buffer=self)
        if dtype is not None and np.dtype(dtype) != element:
            if copy is False:
                raise ValueError(f"the buffer is {element} and not {dtype}: that needs a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __dlpack_device__(self) -> tuple[int, int]:
        _ = self.handle  # a closed buffer says that it is closed
        return self.device.runtime.get_property_int("DLPackDevice"), self.device.id

    def __dlpack__(
        self,
        *,
        stream: int | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Return the memory for another library, without a copy; what writes it is waited for."""
        _ = self.handle  # a closed buffer says that it is closed
        return dlpack.export(self, stream, max_version, dl_device, copy)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        content: Any = self.numpy() if self.element.numpy else self._bytes()
        if protocol >= 5 and not content.dtype.hasobject:
            import pickle

            content = pickle.PickleBuffer(host_arrays.bytes_of(content))
        dtype = self.element.name if self.element.numpy is None else self.element.numpy
        return _restored, (self.device, content, dtype, self.shape)

    def _bytes(self) -> npt.NDArray[np.uint8]:
        content = np.empty(self.nbytes, np.uint8)
        self.copy(content)
        return content

    def __repr__(self) -> str:
        if self.closed:
            return "<Buffer closed>"
        what = f"{self.nbytes} bytes, {self.element.name} {self.shape}"
        return f"<Buffer of {what}, on {self.device.spec}>"


def _restored(device: Device, content: Any, dtype: DTypeLike, shape: tuple[int, ...]) -> Buffer:
    """Make the buffer again that was pickled."""
    data = np.frombuffer(content, np.uint8)
    buffer: Buffer = device.create_buffer(shape, dtype)
    buffer.write(data)
    return buffer
