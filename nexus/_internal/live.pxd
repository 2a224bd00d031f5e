# The base of everything that has live properties; factories of the subclasses set the fields.

from libc.stdint cimport int64_t, uint32_t

cdef enum:
    DEVICE = 8  # kinds beside those of handles, which are 1 to 7; 0 is an object nobody made
    RUNTIME = 9


cdef class Live:
    cdef readonly int runtime_number
    cdef int kind
    cdef int64_t identity  # the handle, 0 once closed; of a device its ordinal

    cdef object overlay(self, int property_id)
    cdef int64_t opened(self) except -1
    cdef bint reads(self, int property_id, void* value, size_t* nbytes) noexcept
    cdef object value_of(self, int property_id)
    cdef str name_of(self, property_id)
    cdef object no_property(self, step)


cdef int64_t read_property(
    int kind, int runtime, int64_t identity, uint32_t property_id, void* value, size_t* nbytes
) noexcept nogil
