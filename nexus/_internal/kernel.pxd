# Kernels, with what their arguments are, and the sizes of launches.

from nexus._internal.handle cimport Handle
from nexus.bindings._internal.c cimport nxs_dim3


cdef class KernelBase(Handle):
    cdef tuple elements  # of each argument, None where any will do; None: not asked for yet
    cdef tuple packers   # of each argument that is a number
    cdef Py_ssize_t n_arguments  # 0: nobody tells; -1: not asked for yet

    cdef bytes packed(self, int place, object value)
    cdef bint takes(self, int index, object element) except -1


cdef int size_of(object size, str name, nxs_dim3* out) except -1
