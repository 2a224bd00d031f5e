# distutils: language = c++
"""Turns Python arguments into C ones and values of properties into Python ones."""

from cpython.buffer cimport (
    PyBUF_FULL_RO,
    PyBUF_SIMPLE,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_CheckBuffer,
    PyObject_GetBuffer,
)
from cpython.bytearray cimport PyByteArray_Check
from cpython.bytes cimport PyBytes_AsStringAndSize, PyBytes_Check
from cpython.exc cimport PyErr_CheckSignals
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_AsVoidPtr, PyLong_Check
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_Check, PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset, strlen
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from nexus.bindings cimport cynxs
from nexus.bindings._internal.c cimport (
    NP_Device,
    NXS_InvalidArgSize,
    NXS_PropertyType_Float,
    NXS_PropertyType_FloatVector,
    NXS_PropertyType_Int,
    NXS_PropertyType_IntVector,
    NXS_PropertyType_Object,
    NXS_PropertyType_String,
    NXS_PropertyType_StringVector,
    NXS_RUN_SLICE_NS,
    NXS_Timeout,
    NXS_WAIT_FOREVER,
    nxs_dim3,
    nxs_property_info,
)
from nexus.bindings._internal.loader cimport check, check_on, fail_wait

from operator import index

from nexus.bindings import errors
from nexus.bindings._internal import words
from nexus.bindings._internal.loader import name_of

cdef extern from "<string.h>" nogil:
    size_t strnlen(const char* text, size_t most)

cdef extern from * nogil:
    """
    // Sizes are ints or have __index__; left to itself Cython would cut a float to an int.
    #define nb_int nb_index

    // The type of each property of nxs.h; -1: not a property of nxs.h.
    static inline int nexus_type_of_property(uint32_t id) {
      switch (id) {
    #define NXS_PROPERTY(name, type) case NP_##name: return NXS_PropertyType_##type;
    #include "nexus/nxs_properties.def"
    #undef NXS_PROPERTY
        default: return -1;
      }
    }
    """
    int nexus_type_of_property(uint32_t id)

cdef enum:
    MAX_TRIES = 8  # a value that outgrows its room that often is not growing, it is wrong
    MAX_VALUE = 1 << 30  # bytes; far above any property, far below what wraps
    MAX_TEXT = 1 << 20  # bytes of a text that the plugin owns; one without an end is cut


# ---- waits -------------------------------------------------------------------------------------

cdef uint64_t now_ns() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <uint64_t>now.tv_sec * 1000000000 + <uint64_t>now.tv_nsec


cdef uint64_t end_of(uint64_t timeout_ns) noexcept nogil:
    if timeout_ns == NXS_WAIT_FOREVER:
        return NXS_WAIT_FOREVER
    cdef uint64_t now = now_ns()
    return now + timeout_ns if timeout_ns < NXS_WAIT_FOREVER - now else NXS_WAIT_FOREVER


cdef int next_slice(Deadline* deadline) except -1:
    PyErr_CheckSignals()
    if deadline.end_ns == NXS_WAIT_FOREVER:
        return True
    cdef uint64_t now = now_ns()
    if now >= deadline.end_ns:
        return False
    deadline.slice_ns = min(deadline.end_ns - now, NXS_RUN_SLICE_NS)
    return True


cdef int64_t check_wait(
    int runtime, int64_t result, const char* function, const Deadline* deadline
) except -1:
    """As `check`; the message of a wait that is over tells of all its slices."""
    if result == NXS_Timeout and deadline.end_ns != 0:
        return fail_wait(runtime, result, function, deadline.timeout_ns / 1e9)
    return check(runtime, result, function)


cdef int64_t default_stream(int runtime, property_getter get, int64_t handle) noexcept nogil:
    """What stream 0 means for an object: the default stream of its device; negative: a status."""
    cdef int64_t device = 0
    cdef size_t nbytes = sizeof(device)
    cdef int64_t status = get(runtime, handle, NP_Device, &device, &nbytes)
    return status if status < 0 else cynxs.get_default_stream(runtime, <int>device)


# ---- values ------------------------------------------------------------------------------------

cdef bint grow(Room* room, int64_t result) noexcept nogil:
    # Too small: ask for the size; told the size: allocate and read. The value may grow in between.
    if result == NXS_InvalidArgSize and not room.asking:
        room.n_tries += 1
        if room.n_tries > MAX_TRIES:
            return False
        room.asking = True
        room.data = NULL
        room.nbytes = room.capacity = 0
        return True
    if not room.asking or result < 0 or room.nbytes > MAX_VALUE:
        return False
    free(room.large)
    room.capacity = room.nbytes
    room.large = malloc(room.capacity + 1)
    room.asking = False
    room.data = room.large
    return room.large is not NULL


cdef int type_of_property(int runtime, uint32_t property) except -1:
    # A vendor's own, or one of a newer plugin: the plugin tells.
    cdef int known = nexus_type_of_property(property)
    if known >= 0:
        return known
    cdef nxs_property_info info
    memset(&info, 0, sizeof(info))
    info.struct_size = sizeof(info)
    check(runtime, cynxs.get_property_info(runtime, property, &info), "nxsGetPropertyInfo")
    return info.type


cdef object property_value(
    Room* room, int runtime, int64_t result, const char* function, uint32_t property, int device
):
    """Check the call, decode what it wrote and give the room back."""
    if result >= 0 and room.nbytes == 8 and room.large is NULL:  # most are one int
        if nexus_type_of_property(property) == NXS_PropertyType_Int:
            return room.small[0]
    try:
        check_on(runtime, device, result, function)
        check_room(room, runtime, function)
        return decoded(room, runtime, type_of_property(runtime, property), function)
    finally:
        free(room.large)


cdef object typed_value(
    Room* room, int runtime, int64_t result, const char* function, int type, int device
):
    """As `property_value`, of a type that api.toml names."""
    try:
        check_on(runtime, device, result, function)
        check_room(room, runtime, function)
        return decoded(room, runtime, type, function)
    finally:
        free(room.large)


cdef bytes bytes_value(Room* room, int runtime, int64_t result, const char* function, int device):
    """As `property_value`, of bytes that only the plugin understands."""
    try:
        check_on(runtime, device, result, function)
        check_room(room, runtime, function)
        return (<const char*>room.data)[:room.nbytes]
    finally:
        free(room.large)


cdef int check_room(const Room* room, int runtime, const char* function) except -1:
    # Whether what the plugin says it wrote fits into where it wrote.
    if room.nbytes > room.capacity or room.nbytes > MAX_VALUE:
        wrong_value(runtime, function, f"a value of {room.nbytes} bytes")
    if room.data is NULL:
        raise MemoryError(f"no memory for a value of {room.nbytes} bytes")
    return 0


cdef int wrong_value(int runtime, const char* function, str what) except -1:
    raise errors.from_status(
        NXS_InvalidArgSize,
        f"the plugin answers {what}; mend the plugin",
        (<bytes>function).decode(),
        name_of(runtime),
        -1,
    )


cdef object decoded(const Room* room, int runtime, int type, const char* function):
    cdef const int64_t* ints = <const int64_t*>room.data
    cdef const double* floats = <const double*>room.data
    cdef size_t n = room.nbytes // 8
    if type == NXS_PropertyType_Int and room.nbytes == 8:
        return ints[0]
    if type == NXS_PropertyType_Float and room.nbytes == 8:
        return floats[0]
    if type == NXS_PropertyType_String:
        return text_of(room)
    if type == NXS_PropertyType_StringVector:
        return text_of(room).split("\0") if room.nbytes else []
    if type == NXS_PropertyType_Object:
        return document_of(room, runtime, function)
    if type == NXS_PropertyType_IntVector and room.nbytes % 8 == 0:
        return [ints[i] for i in range(n)]
    if type == NXS_PropertyType_FloatVector and room.nbytes % 8 == 0:
        return [floats[i] for i in range(n)]
    wrong_value(runtime, function, f"a value of type {type} with {room.nbytes} bytes")


cdef object document_of(const Room* room, int runtime, const char* function):
    import json

    try:
        return json.loads(text_of(room))
    except (ValueError, RecursionError) as error:
        wrong_value(runtime, function, f"nested data that is no JSON ({error})")


cdef str from_text(const char* text):
    """A text that the plugin owns; empty when there is none."""
    if text is NULL:
        return ""
    return PyUnicode_DecodeUTF8(text, strnlen(text, MAX_TEXT), "replace")


cdef str text_of(const Room* room):
    # The byte count includes the NUL; a plugin that forgets it loses nothing.
    cdef const char* data = <const char*>room.data
    cdef Py_ssize_t nbytes = room.nbytes
    if nbytes and data[nbytes - 1] == 0:
        nbytes -= 1
    return PyUnicode_DecodeUTF8(data, nbytes, "replace")


# ---- arguments ---------------------------------------------------------------------------------

cdef int open_host(
    Py_buffer* view, object memory, size_t* nbytes, bint writable, const char* name
) except -1:
    """Take host memory: an address, whose size the caller gives, or an object with a buffer.

    The view is given back with PyBuffer_Release in every case.
    """
    memset(view, 0, sizeof(view[0]))
    if PyLong_Check(memory):
        view.buf = PyLong_AsVoidPtr(memory)
        if view.buf is not NULL and nbytes[0] == 0:
            what = (<bytes>name).decode()
            raise ValueError(f"{what} is an address, so its size in bytes is needed")
        return 0
    if memory is None:
        return 0
    if not PyObject_CheckBuffer(memory):
        what = (<bytes>name).decode()
        raise TypeError(
            f"{what} is {words.kind(memory)}; give an address (int) "
            "or an object with the buffer protocol (bytes, array, NumPy array)"
        )
    take_buffer(view, memory, writable, name)
    if nbytes[0] == 0:
        nbytes[0] = view.len
    elif nbytes[0] != <size_t>view.len:
        given = view.len
        PyBuffer_Release(view)
        what = (<bytes>name).decode()
        raise ValueError(f"{what} has {given} bytes and the call says {nbytes[0]}")
    return 0


cdef int take_buffer(Py_buffer* view, object memory, bint writable, const char* name) except -1:
    cdef int flags = PyBUF_WRITABLE if writable else PyBUF_SIMPLE
    try:
        PyObject_GetBuffer(memory, view, flags)
    except errors.NexusError:
        raise
    except (BufferError, ValueError) as error:
        what = (<bytes>name).decode()
        need = "writable, C-contiguous" if writable else "C-contiguous"
        raise ValueError(f"{what} must be {need} host memory: {error}") from None
    if holds_objects(memory):
        PyBuffer_Release(view)
        what = (<bytes>name).decode()
        raise TypeError(
            f"{what} is {words.kind(memory)} of references to Python objects, which no device can "
            "use; convert it to a type of numbers"
        )
    return 0


cdef bint holds_objects(object memory) except -1:
    # Bytes written over references would end the process.
    cdef Py_buffer view
    if PyBytes_Check(memory) or PyByteArray_Check(memory):
        return False
    try:
        PyObject_GetBuffer(memory, &view, PyBUF_FULL_RO)
    except (BufferError, TypeError, ValueError):  # of a type that the protocol has no letter for
        return bool(getattr(getattr(memory, "dtype", None), "hasobject", False))
    found = names_objects(view.format)
    PyBuffer_Release(&view)
    return found


cdef bint names_objects(const char* format) noexcept:
    # An O in the format that is not in the name of a field, which stands between colons.
    cdef bint in_name = False
    while format is not NULL and format[0] != 0:
        if format[0] == c":":
            in_name = not in_name
        elif format[0] == c"O" and not in_name:
            return True
        format += 1
    return False


cdef int to_dim3(object size, nxs_dim3* out, const char* name) except -1:
    """A size of one to three dimensions; those not given are 1."""
    cdef uint32_t[3] sizes = [1, 1, 1]
    cdef Py_ssize_t n
    if PyLong_Check(size):
        n = 1 if to_uint32(size, &sizes[0]) else 0
    else:
        n = to_sizes(tuple(size) if type(size) is list else size, sizes)
    if n == 0:
        to_any_sizes(size, sizes, name)
    out.x = sizes[0]
    out.y = sizes[1]
    out.z = sizes[2]
    return 0


cdef bint to_uint32(object number, uint32_t* out) noexcept:
    # An int in range; whatever else is left to the code that explains what is wrong with it.
    cdef int overflow = 0
    if not PyLong_Check(number):
        return False
    cdef long long value = PyLong_AsLongLongAndOverflow(number, &overflow)
    out[0] = <uint32_t>value
    return overflow == 0 and value == out[0]


cdef Py_ssize_t to_sizes(object sizes, uint32_t* out) noexcept:
    # How many sizes, or 0 when this is no tuple of one to three ints in range.
    if type(sizes) is not tuple or len(<tuple>sizes) > 3:
        return 0
    for i in range(len(<tuple>sizes)):
        if not to_uint32((<tuple>sizes)[i], &out[i]):
            return 0
    return len(<tuple>sizes)


cdef int to_any_sizes(object size, uint32_t* out, const char* name) except -1:
    what = (<bytes>name).decode()
    try:
        sizes = sequence(size)
        for i in range(min(len(sizes), 3)):
            out[i] = sizes[i]
    except (TypeError, OverflowError) as error:
        refusal = ValueError if isinstance(error, OverflowError) else TypeError
        raise refusal(
            f"{what} is {size!r}; give an int or a sequence of 1 to 3 ints, "
            f"each from 1 to 2**32-1 ({error})"
        ) from None
    if not 1 <= len(sizes) <= 3:
        raise ValueError(
            f"{what} has {len(sizes)} dimensions; give an int or a sequence of 1 to 3 ints"
        )
    return 0


cdef tuple sequence(object size):
    # An array of one dimension has __index__ too, which then refuses.
    if isinstance(size, (list, tuple)):
        return tuple(size)
    try:
        return (index(size),)
    except TypeError:
        return tuple(size)


cdef const char* to_text(object text, const char* name) except NULL:
    """UTF-8 that lives as long as `text`."""
    cdef Py_ssize_t nbytes = 0
    cdef const char* data = NULL
    cdef char* raw = NULL
    if PyUnicode_Check(text):
        try:
            data = PyUnicode_AsUTF8AndSize(text, &nbytes)
        except UnicodeEncodeError:
            what = (<bytes>name).decode()
            raise ValueError(f"{what} is no text that UTF-8 holds: {words.shown(text)}") from None
    elif PyBytes_Check(text):
        PyBytes_AsStringAndSize(text, &raw, &nbytes)
        data = raw
    else:
        what = (<bytes>name).decode()
        raise TypeError(f"{what} is {words.kind(text)}; give a str (or bytes in UTF-8)")
    if <Py_ssize_t>strlen(data) != nbytes:
        what = (<bytes>name).decode()
        raise ValueError(f"{what} contains a NUL character: {words.shown(text)}")
    return data
