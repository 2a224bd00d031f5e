# distutils: language = c++
"""The base of every object behind a handle: it owns the handle, keeps its parent and its device
alive, stands in the device's list of living objects, and gives the handle back through C.

A finalizer here touches no other Python object, raises nothing and never waits; the C API promises
that a release does not wait and that what is in flight keeps what it uses.
"""

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from libc.stdint cimport int64_t

from nexus._internal.live cimport DEVICE, RUNTIME, Live
from nexus.bindings cimport cynxs
from nexus.bindings._internal.c cimport (
    NP_DLPackDevice,
    NXS_Kind_Buffer,
    NXS_Kind_Command,
    NXS_Kind_Event,
    NXS_Kind_Kernel,
    NXS_Kind_Library,
    NXS_Kind_Schedule,
    NXS_Kind_Stream,
)
from nexus.bindings._internal.loader cimport check

from nexus._internal import checks
from nexus.bindings import nxs
from nexus.bindings._internal.words import kind as words_for, with_article
from nexus.bindings.errors import NexusError

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        PyObject* (*tp_new)(PyTypeObject*, PyObject*, PyObject*)
    Py_ssize_t Py_REFCNT(PyObject*)

cdef enum:
    DLPACK_HOST = 1  # kDLCPU of dlpack.h

cdef tuple KEY = ("what blank() hands to __new__, and nobody else has",)
cdef const char** RELEASES = [
    "", "nxsReleaseBuffer", "nxsReleaseLibrary", "nxsReleaseKernel", "nxsReleaseStream",
    "nxsReleaseEvent", "nxsReleaseSchedule", "nxsReleaseCommand",
]
cdef tuple KIND_NAMES = (
    "an object", "a Buffer", "a Library", "a Kernel", "a Stream", "an Event", "a Schedule",
    "a Command",
)
cdef dict MAKERS = {  # how to get an object of each class
    "Runtime": "nexus.get_runtime(name)",
    "Device": "nexus.device() or runtime.get_device(id)",
    "Buffer": "device.create_buffer(data)",
    "Library": "device.load_library(filepath) or device.compile(source)",
    "Kernel": "library.get_kernel(name)",
    "Stream": "device.create_stream()",
    "Event": "device.create_event()",
    "Schedule": "device.create_schedule()",
    "Command": "schedule.create_command(kernel), or another of its create_...command()",
    "Run": "schedule.run(blocking=False)",
}


cdef int64_t release(int runtime, int64_t handle) noexcept nogil:
    """Give a handle of any kind back; a driver may take its time over it."""
    cdef int kind = kind_of(handle)
    if kind == NXS_Kind_Buffer:
        return cynxs.release_buffer(runtime, handle)
    if kind == NXS_Kind_Command:
        return cynxs.release_command(runtime, handle)
    if kind == NXS_Kind_Schedule:
        return cynxs.release_schedule(runtime, handle)
    if kind == NXS_Kind_Event:
        return cynxs.release_event(runtime, handle)
    if kind == NXS_Kind_Kernel:
        return cynxs.release_kernel(runtime, handle)
    if kind == NXS_Kind_Library:
        return cynxs.release_library(runtime, handle)
    return cynxs.release_stream(runtime, handle)


cdef inline int kind_of(int64_t handle) noexcept nogil:
    return <int>(handle >> 59)  # a handle is [0][kind:4][runtime:7][generation:28][slot:24]


cdef inline void link_last(Link* head, Link* link) noexcept:
    link.previous = head.previous
    link.next = head
    head.previous.next = link
    head.previous = link


cdef class RuntimeBase(Live):
    """A loaded runtime: a number that every call takes, and a name."""

    def __cinit__(self, *key, **_):
        check_key(key, "Runtime")
        self.kind = RUNTIME


cdef class DeviceBase(Live):
    """A device of a runtime; lists its living objects without keeping them alive."""

    def __cinit__(self, *key, **_):
        cdef int kind
        check_key(key, "Device")
        self.kind = DEVICE
        self.is_host_ = -1
        for kind in range(N_KINDS):
            self.children[kind].previous = self.children[kind].next = &self.children[kind]

    @property
    def id(self):
        """The ordinal of the device in its runtime, from 0."""
        return self.identity

    @property
    def host_memory(self):
        """Whether buffers of this device are memory that the host reads and writes itself."""
        return self.is_host()

    def get_buffers(self):
        """Return the buffers of this device that are alive, in the order they were made."""
        return self.living(NXS_Kind_Buffer)

    def get_libraries(self):
        """Return the libraries of this device that are alive, in the order they were made."""
        return self.living(NXS_Kind_Library)

    def get_streams(self):
        """Return the streams of this device that are alive, in the order they were made."""
        return self.living(NXS_Kind_Stream)

    def get_events(self):
        """Return the events of this device that are alive, in the order they were made."""
        return self.living(NXS_Kind_Event)

    def get_schedules(self):
        """Return the schedules of this device that are alive, in the order they were made."""
        return self.living(NXS_Kind_Schedule)

    cdef list living(self, int kind):
        # An object whose finalizer has begun is in the list until it unlinks itself, with no
        # reference left; it must not be brought back to life.
        cdef list found = []
        cdef Link* head = &self.children[kind]
        cdef Link* link = head.next
        while link is not head:
            if Py_REFCNT(<PyObject*>link.owner) > 0:
                found.append(<object>link.owner)
            link = link.next
        return found

    cdef int64_t default_stream(self) except -1:
        if self.default_stream_ == 0:
            self.default_stream_ = nxs.get_default_stream(self.runtime_number, self.identity)
        return self.default_stream_

    cdef bint is_host(self) except -1:
        if self.is_host_ < 0:
            self.is_host_ = self.runtime.get_property_int(NP_DLPackDevice) == DLPACK_HOST
        return self.is_host_


def make_runtime(type cls not None, int number, str name not None):
    """Make the one object of a loaded runtime."""
    cdef RuntimeBase self = <RuntimeBase>blank(cls)
    self.runtime_number = number
    self.name = name
    return self


def make_device(type cls not None, RuntimeBase runtime not None, int ordinal):
    """Make the object of a device."""
    cdef DeviceBase self = <DeviceBase>blank(cls)
    self.runtime = runtime
    self.runtime_number = runtime.runtime_number
    self.identity = ordinal
    self.spec = f"{runtime.name}:{ordinal}"
    return self


@cython.no_gc_clear  # the finalizer needs the device, whose list it leaves
cdef class Handle(Live):
    """One object of a runtime. It is given back by `close()`, by leaving its `with` block, or with
    the last reference; commands and runs in flight keep what they use."""

    def __init__(self, *args, **kwargs):
        check_key(None, type(self).__name__)

    def __dealloc__(self):
        cdef int64_t handle = self.identity or self.deferred
        unlink(&self.link)
        self.identity = self.deferred = 0
        if handle == 0:
            return
        if self.kind == NXS_Kind_Command:  # enters no driver, and every launch has some
            release(self.runtime_number, handle)
        else:
            with nogil:
                release(self.runtime_number, handle)

    @property
    def handle(self):
        """The handle, for the functions of `nexus.bindings`. It stays this object's."""
        return self.opened()

    @property
    def closed(self):
        """Whether `close()` was called."""
        return self.identity == 0

    def close(self):
        """Give the object back now; closing twice is allowed.

        What was recorded or submitted with it goes on. Using the object afterwards raises
        ClosedError.
        """
        cdef int64_t handle = self.identity
        self.identity = 0  # under the GIL: of two threads that close, one finds the handle
        if handle == 0:
            return
        unlink(&self.link)
        if self.n_users > 0:
            self.deferred = handle
        else:
            self.let_go(handle)

    def __enter__(self):
        self.opened()
        return self

    def __exit__(self, *exc_info):
        self.close()

    def __repr__(self):
        where = "closed" if self.identity == 0 else f"on {self.device.spec}"
        return f"<{type(self).__name__} {where}>"

    def _call(self, function, *args, **kwargs):
        """Call a function of the low-level bindings with this runtime and handle before `args`."""
        try:
            return function(self.runtime_number, self.opened(), *args, **kwargs)
        except NexusError:
            self.opened()  # closed by another thread meanwhile: that is why
            raise

    cdef int64_t checked(self, int64_t result, const char* function) except -1:
        """Pass a handle, ticket or success on, and raise what anything else means."""
        if result < 0:
            self.opened()  # closed by another thread meanwhile: that is why
        return check(self.runtime_number, result, function)

    cdef int let_go(self, int64_t handle) except -1:
        cdef int64_t result
        with nogil:
            result = release(self.runtime_number, handle)
        check(self.runtime_number, result, RELEASES[self.kind])
        return 0

    cdef int keep(self) except -1:
        """Count a user that needs the handle even after close()."""
        self.opened()
        self.n_users += 1
        return 0

    cdef int give_back(self) except -1:
        cdef int64_t handle = self.deferred
        self.n_users -= 1
        if self.n_users == 0 and handle != 0:
            self.deferred = 0
            self.let_go(handle)
        return 0


cdef object blank(type cls):
    """Make an object of a class that nobody else can make objects of; its fields are to be set."""
    cdef PyObject* made = (<PyTypeObject*>cls).tp_new(<PyTypeObject*>cls, <PyObject*>KEY, NULL)
    if made is NULL:
        raise MemoryError(f"no memory for {with_article(cls.__name__)}")
    self = <object>made
    Py_DECREF(self)  # the reference of tp_new; `self` is another
    return self


cdef int check_key(object key, str name) except -1:
    """Refuse to make an object that is not made by `blank`."""
    if key is KEY:
        return 0
    maker = MAKERS.get(name, "the method that makes it")
    raise TypeError(f"{with_article(name)} is not made by its class; use {maker}")


cdef Handle adopted(type cls, Live parent, int64_t handle):
    """Make the Python object of a fresh handle, which it owns from here on."""
    cdef Handle self
    try:
        self = <Handle>blank(cls)
    except MemoryError:
        release(parent.runtime_number, handle)
        raise
    self.runtime_number = parent.runtime_number
    self.kind = kind_of(handle)
    self.identity = handle
    self.parent = parent
    self.device = <DeviceBase>parent if parent.kind == DEVICE else (<Handle>parent).device
    self.link.owner = <PyObject*>self
    link_last(&self.device.children[self.kind], &self.link)
    return self


def adopt(type cls not None, Live parent not None, int64_t handle):
    """Make the Python object of a fresh handle, which it owns from here on."""
    return adopted(cls, parent, handle)


cdef int64_t handle_of(object value, int kind, Handle user, str argument) except -1:
    """The handle of an argument that must be an object of this kind and of the user's runtime."""
    if not isinstance(value, Handle) or (<Handle>value).kind != kind:
        raise TypeError(f"{argument} is {words_for(value)}, not {KIND_NAMES[kind]}")
    if (<Handle>value).runtime_number != user.runtime_number:
        raise ValueError(
            f"{argument} is of {(<Handle>value).device.spec} and this {type(user).__name__} of "
            f"{user.device.spec}: objects of one runtime cannot be used by another"
        )
    return (<Handle>value).opened()


cdef bint is_set(object value, str name) except -1:
    """A yes-or-no argument."""
    return True if value is True else False if value is False else checks.flag(value, name)
