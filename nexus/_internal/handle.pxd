# What owns a handle of a runtime, and the device that lists its objects.

from libc.stdint cimport int64_t

from nexus._internal.live cimport Live

cdef enum:
    N_KINDS = 8


# A place in a list of living objects, in the order they were made. Guarded by the GIL.
ctypedef struct Link:
    Link* previous
    Link* next
    void* owner  # the Handle, borrowed; NULL in the head of a list


cdef class RuntimeBase(Live):
    cdef readonly str name


cdef class DeviceBase(Live):
    cdef readonly RuntimeBase runtime
    cdef readonly str spec            # "cpu:0"
    cdef Link[N_KINDS] children       # heads, by kind
    cdef int64_t default_stream_      # 0: not asked for yet
    cdef int is_host_                 # -1: not asked for yet

    cdef int64_t default_stream(self) except -1
    cdef bint is_host(self) except -1
    cdef list living(self, int kind)


cdef class Handle(Live):
    cdef Link link
    cdef readonly object parent       # the object it was made by
    cdef readonly DeviceBase device
    cdef int n_users                  # what still needs the handle after close(): exports, runs
    cdef int64_t deferred             # the handle of a closed object that has users, else 0
    cdef object __weakref__

    cdef int64_t checked(self, int64_t result, const char* function) except -1
    cdef int let_go(self, int64_t handle) except -1
    cdef int keep(self) except -1
    cdef int give_back(self) except -1


cdef inline void unlink(Link* link) noexcept:
    if link.next is not NULL:
        link.previous.next = link.next
        link.next.previous = link.previous
        link.next = NULL


cdef object blank(type cls)
cdef int check_key(object key, str name) except -1
cdef Handle adopted(type cls, Live parent, int64_t handle)
cdef int64_t release(int runtime, int64_t handle) noexcept nogil
cdef int64_t handle_of(object value, int kind, Handle user, str argument) except -1
cdef bint is_set(object value, str name) except -1
