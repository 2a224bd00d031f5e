# distutils: language = c++
"""DLPack, both ways, for memory of the host: `export` makes the capsule of a buffer, `array_of` a
NumPy array of another library's capsule; neither copies.

The structs are those of dlpack.h 1.1 (https://dmlc.github.io/dlpack/latest/c_api.html).
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_STRIDES,
    Py_buffer,
    PyBuffer_FillInfo,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.pycapsule cimport (
    PyCapsule_GetPointer,
    PyCapsule_IsValid,
    PyCapsule_New,
    PyCapsule_SetName,
)
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

import numpy

from nexus._internal import checks
from nexus._internal.dtypes import element_of
from nexus.bindings._internal.words import kind, shown

cdef extern from "Python.h":
    int Py_IsInitialized() nogil

ctypedef struct Device:
    int32_t kind
    int32_t ordinal

ctypedef struct DataType:
    uint8_t code
    uint8_t bits
    uint16_t lanes

ctypedef struct Tensor:
    void* data
    Device device
    int32_t ndim
    DataType dtype
    int64_t* shape
    int64_t* strides  # in elements; NULL: C order
    uint64_t byte_offset

ctypedef struct Managed:
    Tensor tensor
    void* context
    void (*deleter)(Managed*) noexcept

ctypedef struct Versioned:
    uint32_t major
    uint32_t minor
    void* context
    void (*deleter)(Versioned*) noexcept
    uint64_t flags
    Tensor tensor

cdef enum:
    HOST = 1  # kDLCPU
    READ_ONLY = 1
    IS_COPIED = 2

cdef const char* PLAIN = "dltensor"
cdef const char* PLAIN_USED = "used_dltensor"
cdef const char* NEW = "dltensor_versioned"
cdef const char* NEW_USED = "used_dltensor_versioned"

# (code, bits) -> NumPy's name.
cdef dict NAMES = {
    **{(0, bits): f"int{bits}" for bits in (8, 16, 32, 64)},
    **{(1, bits): f"uint{bits}" for bits in (8, 16, 32, 64)},
    **{(2, bits): f"float{bits}" for bits in (16, 32, 64)},
    **{(5, bits): f"complex{bits}" for bits in (64, 128)},
    (4, 16): "bfloat16",
    (6, 8): "bool",
    (10, 8): "float8_e4m3fn",
    (12, 8): "float8_e5m2",
}
cdef dict CODES = {name: code for code, name in NAMES.items()}


# ---- out ---------------------------------------------------------------------------------------

cdef struct Export:
    Py_buffer view       # keeps the buffer, and its memory even after close()
    bint is_versioned
    Managed plain        # one of these two
    Versioned versioned
    int64_t[1] extents   # shape and then strides; as many as the dimensions need


cdef void drop(Export* export) noexcept with gil:
    PyBuffer_Release(&export.view)
    free(export)


cdef void drop_plain(Managed* managed) noexcept nogil:
    if Py_IsInitialized():  # else the process is ending, and takes the memory with it
        drop(<Export*>managed.context)


cdef void drop_versioned(Versioned* managed) noexcept nogil:
    if Py_IsInitialized():
        drop(<Export*>managed.context)


cdef void drop_unused(capsule) noexcept:
    # A consumer renames what it took over.
    if PyCapsule_IsValid(capsule, NEW):
        drop_versioned(<Versioned*>PyCapsule_GetPointer(capsule, NEW))
    elif PyCapsule_IsValid(capsule, PLAIN):
        drop_plain(<Managed*>PyCapsule_GetPointer(capsule, PLAIN))


def export(buffer, stream, max_version, dl_device, copy):
    """Return the capsule of a buffer; the arguments are those of `__dlpack__`."""
    if stream is not None:
        raise ValueError(f"stream is {shown(stream)}; memory of the host has none, pass None")
    wanted = pair(dl_device, "dl_device", "type and ordinal of a device")
    if wanted is not None and wanted != buffer.__dlpack_device__():
        raise BufferError(
            f"the buffer is on DLPack device {buffer.__dlpack_device__()} and is not moved to "
            f"{shown(wanted)}; device.copy_buffer does that"
        )
    version = pair(max_version, "max_version", "major and minor number")
    cdef bint is_versioned = version is not None and version[0] >= 1
    copy = copy is not None and checks.flag(copy, "copy")
    if not is_versioned and buffer.readonly:
        raise BufferError(f"{buffer!r} is read-only, which only DLPack 1.0 and newer can tell")
    source = buffer.device.copy_buffer(buffer) if copy else buffer
    return capsule_of(source, is_versioned, IS_COPIED if copy else 0)


cdef object pair(object value, str name, str what):
    if value is None:
        return None
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name} is {shown(value)}; it is a pair of ints, {what}, or None")
    return tuple([checks.whole(item, f"an item of {name}", "it is an int") for item in value])


cdef object capsule_of(object buffer, bint is_versioned, uint64_t flags):
    name = str(buffer.dtype)
    if name not in CODES:
        raise BufferError(f"DLPack has no name for elements of type {buffer.element.name}")
    cdef Export* export = <Export*>calloc(
        1, sizeof(Export) + 2 * len(buffer.shape) * sizeof(int64_t)
    )
    if export is NULL:
        raise MemoryError()
    try:
        PyObject_GetBuffer(buffer, &export.view, PyBUF_STRIDES)
    except BaseException:
        free(export)
        raise
    export.is_versioned = is_versioned
    cdef Tensor* tensor = &export.versioned.tensor if is_versioned else &export.plain.tensor
    describe(tensor, export, CODES[name])
    if is_versioned:
        export.versioned.major, export.versioned.minor = 1, 0
        export.versioned.flags = flags | (READ_ONLY if export.view.readonly else 0)
        export.versioned.context = export
        export.versioned.deleter = <void (*)(Versioned*) noexcept>drop_versioned
        return PyCapsule_New(&export.versioned, NEW, drop_unused)
    export.plain.context = export
    export.plain.deleter = <void (*)(Managed*) noexcept>drop_plain
    return PyCapsule_New(&export.plain, PLAIN, drop_unused)


cdef void describe(Tensor* tensor, Export* export, tuple code):
    cdef int i, ndim = export.view.ndim
    tensor.data = export.view.buf
    tensor.device.kind, tensor.device.ordinal = HOST, 0
    tensor.ndim = ndim
    tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes = code[0], code[1], 1
    tensor.shape = export.extents
    tensor.strides = &export.extents[ndim]
    for i in range(ndim):
        tensor.shape[i] = export.view.shape[i]
        tensor.strides[i] = export.view.strides[i] // export.view.itemsize


# ---- in ----------------------------------------------------------------------------------------

@cython.final
cdef class Borrowed:
    """Memory that another library lent; handed back when nobody uses it any more."""

    cdef Managed* plain
    cdef Versioned* versioned
    cdef char* first
    cdef Py_ssize_t nbytes
    cdef bint readonly

    def __dealloc__(self):
        if self.plain is not NULL and self.plain.deleter is not NULL:
            self.plain.deleter(self.plain)
        if self.versioned is not NULL and self.versioned.deleter is not NULL:
            self.versioned.deleter(self.versioned)

    def __getbuffer__(self, Py_buffer* view, int flags):
        PyBuffer_FillInfo(view, self, self.first, self.nbytes, self.readonly, flags)


def array_of(data):
    """Return host memory of another library as a NumPy array that shares it.

    Raises:
        TypeError: the memory is not the host's, or NumPy has no type for its elements.
    """
    try:
        capsule = data.__dlpack__(max_version=(1, 0))
    except TypeError:  # made before DLPack 1.0
        capsule = data.__dlpack__()
    cdef Borrowed lent = Borrowed.__new__(Borrowed)
    cdef Tensor* tensor
    if PyCapsule_IsValid(capsule, NEW):
        lent.versioned = <Versioned*>PyCapsule_GetPointer(capsule, NEW)
        PyCapsule_SetName(capsule, NEW_USED)
        if lent.versioned.major != 1:
            raise TypeError(f"cannot read DLPack {lent.versioned.major}, only 1 and before")
        tensor = &lent.versioned.tensor
        lent.readonly = (lent.versioned.flags & READ_ONLY) != 0
    elif PyCapsule_IsValid(capsule, PLAIN):
        lent.plain = <Managed*>PyCapsule_GetPointer(capsule, PLAIN)
        PyCapsule_SetName(capsule, PLAIN_USED)
        tensor = &lent.plain.tensor
    else:
        raise TypeError(f"__dlpack__ of {kind(data)} returned {shown(capsule)}, no tensor")
    return array_over(lent, tensor)


cdef object array_over(Borrowed lent, Tensor* tensor):
    cdef DataType dtype = tensor.dtype
    name = NAMES.get((dtype.code, dtype.bits))
    if tensor.device.kind != HOST:
        raise TypeError(f"the memory is on DLPack device {tensor.device.kind}, not the host")
    if name is None or dtype.lanes != 1:
        raise TypeError(f"DLPack type {dtype.code} of {dtype.bits} bits x {dtype.lanes} is unknown")
    if tensor.ndim < 0 or any([tensor.shape[i] < 0 for i in range(tensor.ndim)]):
        raise TypeError("the DLPack tensor has a negative size")
    element = element_of(name).numpy_or_raise("share the array")
    cdef int64_t itemsize = dtype.bits // 8, stride = itemsize, low = 0, high = itemsize
    cdef int i
    strides = [0] * tensor.ndim
    for i in range(tensor.ndim - 1, -1, -1):
        if tensor.strides is not NULL:
            stride = tensor.strides[i] * itemsize
        strides[i] = stride
        if tensor.shape[i] == 0:
            return numpy.empty([tensor.shape[k] for k in range(tensor.ndim)], element)
        low += min(0, stride * (tensor.shape[i] - 1))
        high += max(0, stride * (tensor.shape[i] - 1))
        stride *= tensor.shape[i]
    lent.first = <char*>tensor.data + tensor.byte_offset + low
    lent.nbytes = high - low
    shape = [tensor.shape[k] for k in range(tensor.ndim)]
    return numpy.ndarray(shape, element, buffer=lent, offset=-low, strides=strides)
