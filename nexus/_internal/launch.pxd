# Schedules and commands: what a launch goes through.

from libc.stdint cimport int64_t, uint32_t

from nexus._internal.handle cimport Handle
from nexus._internal.kernel cimport KernelBase
from nexus._internal.memory cimport HostView


cdef class ScheduleBase(Handle):
    cdef object submit(self, object stream, bint blocking, uint32_t flags)


cdef class CommandBase(Handle):
    cdef readonly KernelBase kernel  # of a dispatch, else None
    cdef Handle event            # of a signal or wait, else None
    cdef bint has_group_memory

    cdef int place_buffer(self, int place, object buffer) except -1
    cdef int set_number(self, int place, object value) except -1
    cdef int put_value(self, int place, const unsigned char* value, size_t nbytes) except -1
    cdef int check_element(self, int index, object element) except -1
    cdef int refuse(self, int64_t result, const char* function, int index, object given) except -1
    cdef int set_host_memory(self, int index, object array) except -1
    cdef int set_group_memory(self, object group_memory) except -1
