# distutils: language = c++
"""Buffers: their memory, and host memory that goes in and out of them.

Blocking copies of whole, contiguous arrays are one C call on the array itself. Copies in the order
of a stream wrap the array as a buffer for as long as the copy needs it.
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_FORMAT,
    PyBUF_ND,
    PyBUF_SIMPLE,
    PyBUF_STRIDES,
    PyBUF_WRITABLE,
    Py_buffer,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.dict cimport PyDict_GetItem
from cpython.exc cimport PyErr_Clear
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint32_t, uintptr_t
from libc.stdlib cimport free, malloc

from nexus._internal.handle cimport DeviceBase, Handle, adopted, is_set, unlink
from nexus._internal.parking cimport park, sweep_some
from nexus._internal.run cimport finish, run_of, stream_of
from nexus.bindings cimport cynxs
from nexus.bindings._internal.c cimport (
    NP_DataType,
    NP_HostPointer,
    NP_Keys,
    NP_Rank,
    NP_Shape,
    NP_Size,
    NXS_BufferFlags_Wrap,
    NXS_CopyFlags_DeviceToHost,
    NXS_CopyFlags_HostToDevice,
    NXS_RunFlags_Blocking,
    NXS_RunFlags_Bounded,
    NXS_WAIT_FOREVER,
)
from nexus.bindings._internal.convert cimport Deadline, again, check_wait, deadline_of
from nexus.bindings._internal.loader cimport check_on

import numpy

from nexus._internal import dtypes, host_arrays
from nexus.bindings import nxs

cdef extern from "Python.h":
    int quiet_buffer "PyObject_GetBuffer"(object array, Py_buffer* view, int flags)  # -1: failed

cdef enum:  # what a consumer asks for by these bits alone, without PyBUF_STRIDES
    F_CONTIGUOUS = 0x40
    OTHER_CONTIGUOUS = 0xA0  # C, or any

cdef enum:
    # Up to here, memory of the host is had and given back with the GIL held: no driver is entered,
    # and releasing the GIL twice would cost as much as both.
    SMALL_NBYTES = 65536

cdef type ndarray = numpy.ndarray
cdef object BYTE = dtypes.BYTE
cdef dict ELEMENTS = dtypes.NATIVE  # NumPy's type -> Element


# ---- host memory -------------------------------------------------------------------------------

cdef class HostView:
    """Contiguous host memory of somebody else, held for as long as this object lives."""

    def __dealloc__(self):
        if self.is_open:
            PyBuffer_Release(&self.view)


cdef HostView view_of(object array, bint writable):
    cdef HostView self = HostView.__new__(HostView)
    PyObject_GetBuffer(array, &self.view, PyBUF_WRITABLE if writable else PyBUF_SIMPLE)
    self.is_open = True
    return self


cdef int64_t wrap(DeviceBase device, HostView view) except -1:
    """Make a buffer handle of the memory itself; whoever gets it parks it with the view."""
    cdef int64_t handle
    with nogil:
        handle = cynxs.create_buffer(
            device.runtime_number, <int>device.identity, view.view.len, NXS_BufferFlags_Wrap,
            view.view.buf,
        )
    return check_on(device.runtime_number, <int>device.identity, handle, "nxsCreateBuffer")


# ---- making buffers ----------------------------------------------------------------------------

cdef BufferBase made(type cls, DeviceBase device, int64_t handle, object element, object shape):
    cdef BufferBase self = <BufferBase>adopted(cls, device, handle)
    self.element = element
    self.shape_ = shape
    return self


cdef BufferBase allocated(
    type cls, DeviceBase device, size_t nbytes, const void* data, object element, object shape
):
    cdef int64_t handle
    cdef int runtime = device.runtime_number, ordinal = <int>device.identity
    cdef bint is_small = nbytes <= SMALL_NBYTES and device.is_host()
    if is_small:
        handle = cynxs.create_buffer(runtime, ordinal, nbytes, 0, data)
    else:
        with nogil:
            handle = cynxs.create_buffer(runtime, ordinal, nbytes, 0, data)
    check_on(runtime, ordinal, handle, "nxsCreateBuffer")
    cdef BufferBase self = made(cls, device, handle, element, shape)
    self.nbytes = nbytes
    self.is_small = is_small
    return self


def make_buffer(type cls not None, DeviceBase device not None, data, dtype, copy):
    """Make a buffer of a size, a shape or the contents of host memory; see Device.create_buffer."""
    cdef bint copies = is_set(copy, "copy")
    cdef int overflow = 0
    cdef long long nbytes
    if dtype is None:
        if type(data) is int:
            nbytes = PyLong_AsLongLongAndOverflow(data, &overflow)
            if nbytes > 0 and not overflow:
                return allocated(cls, device, nbytes, NULL, BYTE, None)
        if type(data) is ndarray and copies:
            made = made_of_array(cls, device, data)
            if made is not None:
                return made
    return make_slowly(cls, device, data, dtype, copies)


cdef object made_of_array(type cls, DeviceBase device, object array):
    """Make a buffer of a plain array; None: it is not plain enough."""
    cdef Py_buffer view
    cdef PyObject* element = PyDict_GetItem(ELEMENTS, array.dtype)
    if element is NULL:
        return None
    if quiet_buffer(array, &view, PyBUF_SIMPLE) != 0:
        PyErr_Clear()
        return None
    try:
        if view.len == 0:
            return None
        return allocated(cls, device, view.len, view.buf, <object>element, array.shape)
    finally:
        PyBuffer_Release(&view)


cdef object make_slowly(type cls, DeviceBase device, data, dtype, bint copy):
    cdef BufferBase self
    cdef HostView view
    if isinstance(data, BufferBase):
        return (<object>device)._copied(data, dtype, copy)
    array, element, shape = host_arrays.plan(data, dtype)
    if array is None:
        return allocated(cls, device, host_arrays.nbytes_of(element, shape), NULL, element, shape)
    if copy:
        view = view_of(host_arrays.contiguous(array), False)
        return allocated(cls, device, view.view.len, view.view.buf, element, shape)
    host_arrays.check_borrowable(array, device)
    view = view_of(host_arrays.bytes_of(array), array.flags.writeable)
    self = made(cls, device, wrap(device, view), element, shape)
    self.nbytes = view.view.len
    self.owner = view
    self.readonly = not array.flags.writeable
    sweep_some()
    return self


def sub_buffer(BufferBase buffer not None, size_t offset, size_t nbytes, element, shape):
    """Make a buffer that is a part of another and shares its memory."""
    cdef int64_t handle = buffer.opened()
    with nogil:
        handle = cynxs.create_sub_buffer(buffer.runtime_number, handle, offset, nbytes)
    buffer.checked(handle, "nxsCreateSubBuffer")
    cdef BufferBase self = made(type(buffer), buffer.device, handle, element, shape)
    self.nbytes = nbytes
    self.readonly = buffer.readonly
    return self


# ---- the base of Buffer ------------------------------------------------------------------------

@cython.no_gc_clear  # the finalizer needs the owner of the memory
cdef class BufferBase(Handle):
    """Memory of a device, with the type and shape that Python knows of it."""

    def __dealloc__(self):
        free(self.extents)
        if self.identity == 0 or (self.owner is None and not self.is_small):
            return  # the base gives the handle back
        unlink(&self.link)
        if self.is_small:
            cynxs.release_buffer(self.runtime_number, self.identity)
        else:
            park(self.runtime_number, self.identity, self.owner)
        self.identity = 0

    @property
    def shape(self):
        """The number of elements in each dimension."""
        if self.element is None:
            self.opened()  # nobody made this object
        if self.shape_ is None:
            self.shape_ = (self.nbytes * 8 // self.element.bits,)
        return self.shape_

    @property
    def dtype(self):
        """The type of one element: NumPy's, or a member of `DataType` where NumPy has none."""
        element = self.element
        if element is None:
            self.opened()  # nobody made this object
        return element.data_type if element.numpy is None else element.numpy

    cdef object overlay(self, int property_id):
        if self.identity == 0:
            return None
        if property_id == NP_Size:
            return self.nbytes
        if property_id == NP_DataType:
            return self.element.name
        if property_id == NP_Shape:
            return list(self.shape)
        if property_id == NP_Rank:
            return len(self.shape)
        if property_id == NP_Keys:
            known = nxs.get_buffer_property(self.runtime_number, self.opened(), NP_Keys)
            return sorted({*known, NP_Size, NP_DataType, NP_Shape, NP_Rank})
        return None

    cdef int let_go(self, int64_t handle) except -1:
        if self.owner is None:
            return Handle.let_go(self, handle)
        park(self.runtime_number, handle, self.owner)
        self.owner = None
        return sweep_some()

    def _stream_handle(self, stream):
        """The handle of a stream of this runtime; 0 for None, the default one."""
        self.opened()
        return stream_of(stream, self)

    # ---- copies --------------------------------------------------------------------------------

    def _transfer(self, array, bint to_host, stream, blocking):
        """Copy the whole buffer to host memory or the other way round.

        Returns the Run of a copy that does not block, else None.
        """
        cdef Py_buffer view
        cdef uint32_t direction = (
            NXS_CopyFlags_DeviceToHost if to_host else NXS_CopyFlags_HostToDevice
        )
        self.opened()
        if stream is None and blocking is True and type(array) is ndarray:
            if array.dtype is self.element.numpy and not (self.readonly and not to_host):
                if quiet_buffer(array, &view, PyBUF_WRITABLE if to_host else PyBUF_SIMPLE) == 0:
                    try:
                        if view.len == <Py_ssize_t>self.nbytes:
                            self.copy_now(view.buf, direction)
                            return None
                    finally:
                        PyBuffer_Release(&view)
                else:
                    PyErr_Clear()
        return self.transfer_slowly(array, direction, stream, is_set(blocking, "blocking"))

    cdef object transfer_slowly(self, array, uint32_t direction, stream, bint blocking):
        to_host = direction == NXS_CopyFlags_DeviceToHost
        if self.readonly and not to_host:
            raise ValueError(f"{self!r} borrows memory that is read-only; it cannot be written")
        given = host_arrays.target(array, self) if to_host else host_arrays.source(array, self)
        staged = host_arrays.contiguous(given)
        if staged is not given and to_host and not blocking:
            raise ValueError(
                "a copy that does not block needs a C-contiguous array and this one has gaps or "
                "another order: use blocking=True, or an array from numpy.empty"
            )
        cdef HostView view = view_of(staged, to_host)
        if stream is None and blocking:
            self.copy_now(view.view.buf, direction)
            run = None
        else:
            run = self.copy_later(view, direction, stream, blocking)
        if staged is not given and to_host:
            host_arrays.scatter(staged, given)
        return run

    cdef int copy_now(self, void* data, uint32_t direction) except -1:
        """Copy, after every run submitted before that uses the buffer."""
        cdef int64_t handle = self.opened()
        cdef Deadline deadline = deadline_of(NXS_WAIT_FOREVER)
        cdef int64_t result
        while True:
            with nogil:
                result = cynxs.copy_buffer(
                    self.runtime_number, handle, data, direction, self.nbytes, deadline.slice_ns
                )
            if not again(&deadline, result):
                break
        if result < 0:
            self.opened()  # closed by another thread meanwhile: that is why
        check_wait(self.runtime_number, result, "nxsCopyBuffer", &deadline)
        return sweep_some()

    cdef object copy_later(self, HostView view, uint32_t direction, object stream, bint blocking):
        """Copy in the order of a stream; the array is kept until it is not needed any more."""
        cdef int64_t own = self.opened(), where = stream_of(stream, self)
        cdef int64_t host = wrap(self.device, view)
        cdef uint32_t flags = NXS_RunFlags_Blocking | NXS_RunFlags_Bounded if blocking else 0
        cdef int64_t src = host, dst = own
        cdef int64_t ticket
        if direction == NXS_CopyFlags_DeviceToHost:
            src, dst = own, host
        try:
            with nogil:
                ticket = cynxs.copy_buffer_region(
                    self.runtime_number, src, 0, dst, 0, self.nbytes, where, flags
                )
            self.checked(ticket, "nxsCopyBufferRegion")
            if not blocking:
                return run_of(self.device, stream, ticket)
            finish(self.device, where, ticket)
        finally:
            park(self.runtime_number, host, view)
            sweep_some()
        return None

    # ---- the buffer protocol -------------------------------------------------------------------

    def __getbuffer__(self, Py_buffer* view, int flags):
        self.opened()
        if flags & PyBUF_WRITABLE and self.readonly:
            raise BufferError(f"{self!r} borrows memory that is read-only")
        if flags & F_CONTIGUOUS and not flags & OTHER_CONTIGUOUS and len(self.shape) > 1:
            raise BufferError(f"{self!r} is in C order, the last dimension first in memory")
        self.prepare_export()
        cdef bint is_typed = self.element.bits >= 8
        view.obj = self
        view.buf = self.address
        view.len = self.nbytes
        view.readonly = self.readonly
        view.itemsize = self.element.bits // 8 if is_typed else 1
        view.ndim = len(self.shape) if is_typed and flags & PyBUF_ND else 1
        view.format = NULL
        if flags & PyBUF_FORMAT:
            view.format = PyBytes_AS_STRING(host_arrays.format_of(self.element))  # kept there
        view.shape = self.extents if flags & PyBUF_ND else NULL
        view.strides = self.extents + view.ndim if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
        view.suboffsets = NULL
        view.internal = NULL
        self.keep()

    def __releasebuffer__(self, Py_buffer* view):
        self.give_back()

    cdef int prepare_export(self) except -1:
        """Wait for what writes the memory, and find its address; the device must be the host."""
        if not self.device.is_host():
            raise BufferError(
                f"{self!r} is memory of the device, which the host cannot read; "
                "buffer.numpy() copies it"
            )
        self._call(nxs.wait_buffer)
        if self.extents is not NULL:
            return 0
        # The address first: another thread takes it as soon as the extents are there.
        self.address = <void*><uintptr_t>self._call(nxs.get_buffer_property, NP_HostPointer)
        if self.extents is not NULL:  # that thread was faster
            return 0
        shape = self.shape if self.element.bits >= 8 else (self.nbytes,)
        cdef Py_ssize_t stride = self.element.bits // 8 if self.element.bits >= 8 else 1
        cdef Py_ssize_t ndim = len(shape), i
        self.extents = <Py_ssize_t*>malloc((2 * ndim + 1) * sizeof(Py_ssize_t))
        if self.extents is NULL:
            raise MemoryError()
        for i in range(ndim - 1, -1, -1):
            self.extents[i] = shape[i]
            self.extents[ndim + i] = stride
            stride *= self.extents[i]
        return 0
