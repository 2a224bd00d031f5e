# The slots of the loaded runtimes, and the one check that every call's answer goes through.

from libc.stdint cimport int64_t

from nexus.bindings._internal.c cimport nxs_slot, nxs_table, nxs_table_at

cdef const nxs_slot* slots  # read with nxs_table_at

# Raise for a negative `result`; slow, and therefore not inline. `device` is -1 where none is known.
cdef int fail(int runtime, int64_t result, const char* function, int device) except -1
cdef int no_runtime(int runtime, const char* function) except -1
cdef int fail_wait(int runtime, int64_t result, const char* function, double seconds) except -1


cdef inline int64_t check(int runtime, int64_t result, const char* function) except -1:
    """Pass a handle, ticket or success on; raise the exception of any negative result."""
    if result < 0:
        return fail(runtime, result, function, -1)
    return result


cdef inline int64_t check_on(
    int runtime, int device, int64_t result, const char* function
) except -1:
    """As `check`, for a call that names its device."""
    if result < 0:
        return fail(runtime, result, function, device)
    return result


cdef inline const nxs_table* table_of(int runtime, const char* function) except NULL:
    """The functions of a runtime; raises when no runtime has this number."""
    cdef const nxs_table* table = nxs_table_at(slots, runtime)
    if table is NULL:
        no_runtime(runtime, function)
    return table
