# Buffers: their memory, and host memory that goes in and out of them.

from cpython.buffer cimport Py_buffer
from libc.stdint cimport int64_t, uint32_t

from nexus._internal.handle cimport DeviceBase, Handle


# Contiguous host memory of somebody else, held for as long as this object lives.
cdef class HostView:
    cdef Py_buffer view
    cdef bint is_open


cdef HostView view_of(object array, bint writable)
cdef int64_t wrap(DeviceBase device, HostView view) except -1


cdef class BufferBase(Handle):
    cdef readonly size_t nbytes
    cdef readonly bint readonly       # memory that is borrowed and may not be written
    cdef readonly object element      # dtypes.Element
    cdef bint is_small                # memory of the host that is its own and little
    cdef object shape_                # a tuple; None: one dimension
    cdef HostView owner               # of borrowed memory, else None
    cdef void* address                # of host memory, once asked for
    cdef Py_ssize_t* extents          # shape and then strides of exported views, once asked for

    cdef object transfer_slowly(self, array, uint32_t direction, stream, bint blocking)
    cdef int copy_now(self, void* data, uint32_t direction) except -1
    cdef object copy_later(self, HostView view, uint32_t direction, object stream, bint blocking)
    cdef int prepare_export(self) except -1
