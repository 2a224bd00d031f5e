# distutils: language = c++
"""Keeps what owns wrapped memory alive until no command and no run uses it.

A buffer that wraps memory of somebody else (a borrowed array, the target of a copy that does not
block) leaves its handle and the owner of the memory here when it goes. Later calls of the library
look after a few of them at a time: once the runtime counts no user beside the handle, the handle
is given back and the owner let go. No thread of a plugin ever touches a Python object.
"""

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int64_t
from libcpp.deque cimport deque

from nexus.bindings cimport cynxs
from nexus.bindings._internal.c cimport NP_UseCount

ctypedef struct Parked:
    int runtime
    int64_t handle
    PyObject* owner

cdef enum:
    AT_ONCE = 16  # looked after by one call, so that no call pays for all of them

# Never destroyed: at exit runs may still be using what is parked.
cdef deque[Parked]* parked = new deque[Parked]()


cdef int park(int runtime, int64_t handle, object owner) except -1:
    """Take over a handle and a reference to the owner of its memory. Needs the GIL only."""
    cdef Parked place
    place.runtime = runtime
    place.handle = handle
    place.owner = <PyObject*>owner
    parked.push_back(place)
    Py_INCREF(owner)
    return 0


cpdef int sweep_some() except -1:
    """Let go of what is not used any more, looking at a few; 2 ns when nothing is parked."""
    cdef size_t n = min(parked.size(), <size_t>AT_ONCE)
    while n > 0 and not parked.empty():
        n -= 1
        look_after_one()
    return 0


cdef int look_after_one() except -1:
    # Taken out first: letting an owner go runs code of anybody, which may come here again.
    cdef Parked place = parked.front()
    cdef int64_t n_users = 0
    cdef size_t nbytes = sizeof(n_users)
    cdef int64_t result
    parked.pop_front()
    result = cynxs.get_buffer_property(
        place.runtime, place.handle, NP_UseCount, &n_users, &nbytes
    )
    if result != 0 or n_users > 0:
        parked.push_back(place)
        return 0
    with nogil:
        cynxs.release_buffer(place.runtime, place.handle)
    Py_DECREF(<object>place.owner)
    return 0


def sweep():
    """Look after everything that is parked; return how much stays."""
    cdef size_t n = parked.size()
    while n > 0 and not parked.empty():
        n -= 1
        look_after_one()
    return parked.size()
