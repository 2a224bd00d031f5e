# distutils: language = c++
"""The base of everything that has live properties: runtimes, devices, and objects with a handle.

A getter whose key is one name, enum member or number, and whose answer has the right type, is one
C call. Everything else, paths and every error among them, takes the slow way through Python.
"""

from cpython.dict cimport PyDict_GetItem
from cpython.long cimport PyLong_AsLong, PyLong_Check
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint32_t

from nexus.bindings cimport cynxs
from nexus.bindings._internal.c cimport (
    NP_Keys,
    NP_VENDOR_FIRST,
    NXS_InvalidObject,
    NXS_Kind_Buffer,
    NXS_Kind_Command,
    NXS_Kind_Event,
    NXS_Kind_Kernel,
    NXS_Kind_Library,
    NXS_Kind_Schedule,
    NXS_Kind_Stream,
    NXS_PropertyType_Float,
    NXS_PropertyType_Int,
    NXS_PropertyType_String,
)

from nexus._internal import property_path
from nexus.bindings import nxs
from nexus.bindings.enums import Property
from nexus.bindings._internal.words import kind as words_for, shown
from nexus.bindings.errors import ClosedError, NexusError, PropertyNotFoundError

cdef extern from * nogil:
    """
    // The type of each property of nxs.h; -1: none of them.
    static inline int nexus_property_type(int id) {
      switch (id) {
    #define NXS_PROPERTY(name, type) case NP_##name: return NXS_PropertyType_##type;
    #include "nexus/nxs_properties.def"
    #undef NXS_PROPERTY
        default: return -1;
      }
    }
    """
    int nexus_property_type(int property_id)

cdef enum:
    UNKNOWN = -1  # a key that is no name and no number of a property: a path, or a mistake

cdef dict IDS = {member.name: int(member) for member in Property}

# How the slow way reads a value, by kind.
cdef tuple READERS = (
    None,
    nxs.get_buffer_property,
    nxs.get_library_property,
    nxs.get_kernel_property,
    nxs.get_stream_property,
    nxs.get_event_property,
    nxs.get_schedule_property,
    nxs.get_command_property,
    nxs.get_device_property,
)


cdef int64_t read_property(
    int kind, int runtime, int64_t identity, uint32_t property_id, void* value, size_t* nbytes
) noexcept nogil:
    """Call the getter of this kind of object."""
    if kind == NXS_Kind_Buffer:
        return cynxs.get_buffer_property(runtime, identity, property_id, value, nbytes)
    if kind == DEVICE:
        return cynxs.get_device_property(runtime, <int>identity, property_id, value, nbytes)
    if kind == NXS_Kind_Event:
        return cynxs.get_event_property(runtime, identity, property_id, value, nbytes)
    if kind == NXS_Kind_Schedule:
        return cynxs.get_schedule_property(runtime, identity, property_id, value, nbytes)
    if kind == NXS_Kind_Command:
        return cynxs.get_command_property(runtime, identity, property_id, value, nbytes)
    if kind == NXS_Kind_Kernel:
        return cynxs.get_kernel_property(runtime, identity, property_id, value, nbytes)
    if kind == NXS_Kind_Library:
        return cynxs.get_library_property(runtime, identity, property_id, value, nbytes)
    if kind == NXS_Kind_Stream:
        return cynxs.get_stream_property(runtime, identity, property_id, value, nbytes)
    if kind == RUNTIME:
        return cynxs.get_runtime_property(runtime, property_id, value, nbytes)
    return NXS_InvalidObject


cdef int id_of(object key) except? -2:
    """The number of a property given by name, enum member or number."""
    cdef PyObject* found
    cdef long number
    if type(key) is str:
        found = PyDict_GetItem(IDS, key)
        return UNKNOWN if found is NULL else <int>PyLong_AsLong(<object>found)
    if PyLong_Check(key) and type(key) is not bool:
        try:
            number = PyLong_AsLong(key)
        except OverflowError:
            return UNKNOWN
        return <int>number if 0 <= number < 1 << 31 else UNKNOWN
    return UNKNOWN


cdef class Live:
    """Something with properties, which are read from the runtime each time they are asked for."""

    def __reduce__(self):
        raise TypeError(
            f"{words_for(self)} belongs to this process and cannot be pickled or copied"
        )

    cdef object overlay(self, int property_id):
        # A property that is a fact of the Python object, of the right type; None: ask the runtime.
        return None

    cdef int64_t opened(self) except -1:
        if self.identity == 0 and self.kind not in (RUNTIME, DEVICE):
            raise ClosedError(
                f"this {type(self).__name__} was closed; nothing can be done with it any more"
            )
        return self.identity

    def get_property_int(self, key):
        """Return a property as an integer.

        Args:
            key: a name, an enum member, a number, or a list of names and numbers that leads into
                nested data.

        Raises:
            PropertyNotFoundError: there is no such property; the message lists those there are.
            PropertyTypeError: the property is of another type; the message names its getter.
        """
        cdef int64_t value = 0
        cdef size_t nbytes = sizeof(value)
        cdef int property_id = id_of(key)
        if nexus_property_type(property_id) == NXS_PropertyType_Int:
            known = self.overlay(property_id)
            if known is not None:
                return known
            if self.reads(property_id, &value, &nbytes):
                return value
        return property_path.typed(self.get_property(key), "int", key)

    def get_property_flt(self, key):
        """Return a property as a float; see `get_property_int`."""
        cdef double value = 0
        cdef size_t nbytes = sizeof(value)
        cdef int property_id = id_of(key)
        if nexus_property_type(property_id) == NXS_PropertyType_Float and self.reads(
            property_id, &value, &nbytes
        ):
            return value
        return property_path.typed(self.get_property(key), "flt", key)

    def get_property_str(self, key):
        """Return a property as a string; see `get_property_int`."""
        cdef char[256] text
        cdef size_t nbytes = sizeof(text)
        cdef int property_id = id_of(key)
        if nexus_property_type(property_id) == NXS_PropertyType_String:
            known = self.overlay(property_id)
            if known is not None:
                return known
            if self.reads(property_id, text, &nbytes):
                if nbytes and text[nbytes - 1] == 0:
                    nbytes -= 1
                return PyUnicode_DecodeUTF8(text, nbytes, "replace")
        return property_path.typed(self.get_property(key), "str", key)

    def get_property_int_vec(self, key):
        """Return a property as a list of integers; see `get_property_int`."""
        return property_path.typed(self.get_property(key), "int_vec", key)

    def get_property_flt_vec(self, key):
        """Return a property as a list of floats; see `get_property_int`."""
        return property_path.typed(self.get_property(key), "flt_vec", key)

    def get_property_str_vec(self, key):
        """Return a property as a list of strings; see `get_property_int`."""
        return property_path.typed(self.get_property(key), "str_vec", key)

    def get_property(self, key):
        """Return a property as what it is: a number, a string, a list, or nested data."""
        self.opened()
        steps = property_path.steps_of(key)
        cdef int property_id = id_of(steps[0])
        if property_id == UNKNOWN:
            property_id = self.property_names().get(steps[0], UNKNOWN)
        if property_id == UNKNOWN:
            raise self.no_property(steps[0])
        try:
            value = self.value_of(property_id)
        except PropertyNotFoundError:
            raise self.no_property(steps[0]) from None
        return property_path.walk(value, steps[1:], steps[:1])

    def property_names(self):
        """Return the properties that the object answers now, as a dict from name to number."""
        return {self.name_of(number): number for number in sorted(self.value_of(NP_Keys))}

    cdef bint reads(self, int property_id, void* value, size_t* nbytes) noexcept:
        # Whether the runtime answers at once, and no more than there is room for; a closed object
        # has handle 0, which it refuses.
        cdef size_t room = nbytes[0]
        cdef int64_t status = read_property(
            self.kind, self.runtime_number, self.identity, property_id, value, nbytes
        )
        return status == 0 and nbytes[0] <= room

    cdef object value_of(self, int property_id):
        cdef int64_t identity = self.opened()
        value = self.overlay(property_id)
        if value is not None:
            return value
        if self.kind == RUNTIME:
            return nxs.get_runtime_property(self.runtime_number, property_id)
        try:
            return READERS[self.kind](self.runtime_number, identity, property_id)
        except NexusError:
            self.opened()  # closed by another thread meanwhile: that is why
            raise

    cdef str name_of(self, property_id):
        if not 0 <= property_id < 1 << 31:
            raise NexusError(
                f"{self!r} lists the property {property_id}, which is no id; mend the plugin"
            )
        if property_id < NP_VENDOR_FIRST and property_id in Property._value2member_map_:
            return Property(property_id).name
        try:
            name = nxs.get_property_info(self.runtime_number, property_id)[1]
        except NexusError:
            name = ""
        return name or f"{property_id:#x}"  # its plugin has no name for it

    cdef object no_property(self, step):
        names = self.property_names()
        name = getattr(step, "name", step)
        return PropertyNotFoundError(
            f"{self!r} has no property {shown(name)}; {property_path.suggestion(name, names)}"
        )
