# Keeps what owns wrapped memory alive until no command and no run uses it.

from libc.stdint cimport int64_t

cdef int park(int runtime, int64_t handle, object owner) except -1
cpdef int sweep_some() except -1
