# Python arguments into C ones and values of properties into Python ones, for the generated nxs.pyx.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from nexus.bindings._internal.c cimport (
    NXS_InvalidArgSize,
    NXS_RUN_SLICE_NS,
    NXS_RunFlags_Blocking,
    NXS_RunFlags_Bounded,
    NXS_Timeout,
    NXS_WAIT_FOREVER,
    nxs_dim3,
    nxs_handle,
    nxs_status,
    nxs_uint,
)

# ---- waits, in slices between which signals are looked at --------------------------------------

ctypedef struct Deadline:
    uint64_t timeout_ns  # the whole wait
    uint64_t end_ns      # on the monotonic clock; NXS_WAIT_FOREVER: none; 0: the first slice is all
    uint64_t slice_ns    # how long to wait now

cdef uint64_t end_of(uint64_t timeout_ns) noexcept nogil
cdef int next_slice(Deadline* deadline) except -1
cdef int64_t check_wait(
    int runtime, int64_t result, const char* function, const Deadline* deadline
) except -1


cdef inline Deadline deadline_of(uint64_t timeout_ns) noexcept nogil:
    """The first slice of a wait; reads the clock only when there may be a second."""
    cdef Deadline deadline
    deadline.timeout_ns = timeout_ns
    if timeout_ns <= NXS_RUN_SLICE_NS:
        deadline.slice_ns = timeout_ns
        deadline.end_ns = 0
    else:
        deadline.slice_ns = NXS_RUN_SLICE_NS
        deadline.end_ns = end_of(timeout_ns)
    return deadline


cdef inline bint again(Deadline* deadline, int64_t result) except -1:
    """Whether to wait another slice; raises what a signal handler raises, KeyboardInterrupt."""
    return result == NXS_Timeout and deadline.end_ns != 0 and next_slice(deadline)


cdef inline bint blocks(uint32_t flags) noexcept nogil:
    """Whether the caller wants the run finished; one who says Bounded wants the ticket in time."""
    return flags & (NXS_RunFlags_Blocking | NXS_RunFlags_Bounded) == NXS_RunFlags_Blocking


cdef inline uint32_t bounded(uint32_t flags) noexcept nogil:
    """What a blocking submission is called with, so that it comes back for a look at signals."""
    return flags | NXS_RunFlags_Bounded if blocks(flags) else flags


ctypedef nxs_status (*property_getter)(
    int runtime, nxs_handle handle, nxs_uint property, void* value, size_t* nbytes
) noexcept nogil

cdef int64_t default_stream(int runtime, property_getter get, int64_t handle) noexcept nogil


# ---- values whose size the plugin tells --------------------------------------------------------

ctypedef struct Room:
    void* data
    size_t nbytes           # in: bytes of `data`; out: bytes of the value
    size_t capacity         # bytes of `data`, whatever the plugin answers
    void* large             # malloc'd, or NULL
    bint asking             # data is NULL: this call asks for the size
    int n_tries
    int64_t[32] small

cdef bint grow(Room* room, int64_t result) noexcept nogil
cdef object property_value(
    Room* room, int runtime, int64_t result, const char* function, uint32_t property, int device
)
cdef object typed_value(
    Room* room, int runtime, int64_t result, const char* function, int type, int device
)
cdef bytes bytes_value(Room* room, int runtime, int64_t result, const char* function, int device)


cdef inline void open_room(Room* room) noexcept nogil:
    """Room for most values; what does not fit gets more by `wants_more`."""
    room.data = room.small
    room.nbytes = room.capacity = sizeof(room.small)
    room.large = NULL
    room.asking = False
    room.n_tries = 0


cdef inline bint wants_more(Room* room, int64_t result) noexcept nogil:
    """Whether to call again, with other room."""
    return (result == NXS_InvalidArgSize or room.asking) and grow(room, result)


# ---- arguments ---------------------------------------------------------------------------------

cdef int open_host(
    Py_buffer* view, object memory, size_t* nbytes, bint writable, const char* name
) except -1
cdef int to_dim3(object size, nxs_dim3* out, const char* name) except -1
cdef const char* to_text(object text, const char* name) except NULL

# ---- texts that the plugin owns ----------------------------------------------------------------

cdef str from_text(const char* text)
