# Events, and the values they take.

from libc.stdint cimport uint64_t

from nexus._internal.handle cimport Handle

cdef uint64_t event_value(object value) except? 0xFFFFFFFFFFFFFFFF


cdef class EventBase(Handle):
    pass
