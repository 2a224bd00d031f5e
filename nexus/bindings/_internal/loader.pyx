# distutils: language = c++
"""Opens plugins through loader.hpp, and turns what their functions answer into exceptions."""

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int64_t, uintptr_t
from libcpp cimport bool as cpp_bool
from libcpp.memory cimport shared_ptr
from libcpp.string cimport string
from libcpp.vector cimport vector

from nexus.bindings._internal.c cimport (
    NP_Priority,
    NXS_DeviceNotAvailable,
    NXS_NotSupported,
    NXS_Success,
    nxs_slot,
    nxs_table,
    nxs_table_at,
)

import os
import time

from nexus.bindings import errors

cdef extern from "<chrono>" namespace "std::chrono" nogil:
    cppclass milliseconds:
        milliseconds(int)

cdef extern from "nexus/loader.hpp" namespace "nxs::loader" nogil:
    cppclass Outcome:
        int64_t result
        string text

    cppclass Attempt:
        pass

    cppclass Attempts:
        @staticmethod
        Attempts& instance()
        cpp_bool wait(const Attempt& attempt, milliseconds time) except +
        Outcome outcome_of(const Attempt& attempt) except +
        cpp_bool give_up(Attempt& attempt, cpp_bool now) except +

    cppclass Function:
        string name

    cppclass Loader:
        @staticmethod
        Loader& instance() except +
        const nxs_slot* slots()
        shared_ptr[Attempt] begin_load(const string& path) except +
        shared_ptr[Attempt] begin_attach(int runtime, const string& path) except +

    void* address_of(const nxs_table& table, const string& name)
    string last_error(const nxs_table& table) except +

    cppclass Candidate:
        string name
        string path
        string problem

    const char* const kPrefix
    const char* const kSuffix
    string plugin_name_of(const string& path)
    vector[Candidate] search_folder(const string& folder) except +
    vector[Candidate] search_path(const string& value) except +

cdef extern from * nogil:
    """
    // The symbols of nxs.h in the order of the table, then an end.
    static const char *const nexus_symbols[] = {
    #define NXS_FUNCTION(name, returns, parameters, arguments, required) "nxs" #name,
    #include "nexus/nxs_api.def"
    #undef NXS_FUNCTION
        nullptr};
    """
    const char* const nexus_symbols[]

cdef enum:
    SLICE_MS = 50

slots = Loader.instance().slots()

# runtime number -> (name, path); written by nexus.bindings._internal.registry under its lock.
_loaded: dict = {}


def plugin_file(str name not None):
    """The file name of the plugin of a runtime: `mine` -> `libnexus_mine.so`."""
    return f"{kPrefix.decode()}{name}{kSuffix.decode()}"


def plugin_name(str path not None):
    """The runtime that a file is the plugin of: `libnexus_mine.so` -> `mine`."""
    return os.fsdecode(plugin_name_of(os.fsencode(path)))


def plugins_in_path(str value not None):
    """What a value of NEXUS_RUNTIME_PATH names: a list of (name, path, problem)."""
    return _as_list(search_path(os.fsencode(value)))


def plugins_in_folder(str folder not None):
    """The plugins in a folder, by name: a list of (name, path, problem)."""
    return _as_list(search_folder(os.fsencode(folder)))


cdef list _as_list(const vector[Candidate]& candidates):
    found = []
    cdef size_t i
    for i in range(candidates.size()):
        fields = (candidates[i].name, candidates[i].path, candidates[i].problem)
        found.append(tuple(os.fsdecode(field) for field in fields))
    return found


cdef tuple result_of(shared_ptr[Attempt] attempt, double seconds):
    # (runtime or status, text). Waits in slices and looks at signals between them; the plugin's own
    # code runs on another thread. One that was given up before is only looked at.
    if Attempts.instance().give_up(attempt.get()[0], False):
        seconds = 0
    cdef double end = time.monotonic() + seconds
    cdef int slice_ms
    cdef bint finished = False
    while True:
        slice_ms = <int>max(0, min(SLICE_MS, 1000 * (end - time.monotonic())))
        with nogil:
            finished = Attempts.instance().wait(attempt.get()[0], milliseconds(slice_ms))
        PyErr_CheckSignals()
        if finished:
            outcome = Attempts.instance().outcome_of(attempt.get()[0])
            text = outcome.text.decode("utf-8", "replace")
            return outcome.result, text or "there is no memory to start it"
        if time.monotonic() >= end:
            Attempts.instance().give_up(attempt.get()[0], True)
            return NXS_DeviceNotAvailable, None


def open_plugin(str path not None, double seconds):
    """Open and start the plugin at `path`, without the GIL.

    Returns:
        (runtime or status, text); the text is None when it has not started in time.
    """
    return result_of(Loader.instance().begin_load(os.fsencode(path)), seconds)


def attach_layer(int runtime, path, double seconds):
    """Wrap a loaded runtime in the layer at `path`; as `open_plugin`."""
    native = os.fsencode(os.path.abspath(path))
    return result_of(Loader.instance().begin_attach(runtime, native), seconds)


def priority_of(int runtime):
    """The runtime's place in the default order; one that has none comes after those that do."""
    cdef const nxs_table* table = table_of(runtime, "nxsGetRuntimeProperty")
    cdef int64_t priority = 0
    cdef size_t nbytes = sizeof(priority)
    if table.GetRuntimeProperty is NULL:
        return 1 << 30
    if table.GetRuntimeProperty(NP_Priority, &priority, &nbytes) != NXS_Success:
        return 1 << 30
    return priority if nbytes == sizeof(priority) else 1 << 30


def name_of(int runtime):
    """The name that a runtime was loaded under; empty when there is none of this number."""
    return _loaded.get(runtime, ("", ""))[0]


def path_of(int runtime):
    """The file that a runtime was loaded from; empty when there is none of this number."""
    return _loaded.get(runtime, ("", ""))[1]


def function_pointer(int runtime, str name not None):
    """The address of `name` in the table of a runtime; 0 when the plugin does not have it."""
    cdef const nxs_table* table = table_of(runtime, NULL)
    if name not in function_names():
        raise errors.FunctionNotFoundError(f"the plugin API has no function {name!r}")
    return <uintptr_t>address_of(table[0], name.encode())


def function_names():
    """The symbols of the plugin API, in the order of nxs.h."""
    cdef int n = 0
    names = []
    while nexus_symbols[n] is not NULL:
        names.append(nexus_symbols[n].decode())
        n += 1
    return names


cdef int fail(int runtime, int64_t result, const char* function, int device) except -1:
    # The text is this thread's and is read before anything else can fail.
    cdef const nxs_table* table = nxs_table_at(slots, runtime)
    if table is NULL:
        return no_runtime(runtime, function)
    name = (<bytes>function).decode()
    if result == NXS_NotSupported and address_of(table[0], <bytes>function) is NULL:
        raise errors.missing_function(name, name_of(runtime), path_of(runtime))
    text = last_error(table[0]).decode("utf-8", "replace")
    raise errors.from_status(result, text, name, name_of(runtime), device)


cdef int no_runtime(int runtime, const char* function) except -1:
    name = (<bytes>function).decode() if function else ""
    raise errors.no_runtime(runtime, name, {n: what[0] for n, what in _loaded.items()})


cdef int fail_wait(int runtime, int64_t result, const char* function, double seconds) except -1:
    try:
        return fail(runtime, result, function, -1)
    except errors.WaitTimeoutError as error:
        raise errors.waited(error, seconds) from None
