# A run in flight or finished, as a place on the timeline of a stream.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from nexus._internal.handle cimport DeviceBase, Handle


cdef class Run:
    cdef readonly DeviceBase device
    cdef readonly int64_t ticket
    cdef Handle stream         # None: the default stream of the device
    cdef int64_t stream_handle

    cdef object property_of(self, int property_id)


cdef Run run_of(DeviceBase device, Handle stream, int64_t ticket)
cdef int64_t stream_of(object stream, Handle user) except -1
cdef int finish(DeviceBase device, int64_t stream, int64_t ticket) except -1
cdef int wait_for(Handle user, Handle stream, int64_t ticket) except -1
cdef uint64_t to_ns(object timeout) except? 1
cdef int wait_run(int runtime, int64_t stream, int64_t ticket, uint64_t timeout_ns) except -1
