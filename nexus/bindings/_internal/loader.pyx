# distutils: language = c++
"""Opens plugins through loader.hpp, and turns what their functions answer into exceptions."""

from libc.stdint cimport int64_t, uintptr_t
from libcpp.string cimport string
from libcpp.vector cimport vector

from nexus.bindings._internal.c cimport (
    NP_Priority,
    NXS_NotSupported,
    NXS_Success,
    nxs_slot,
    nxs_table,
    nxs_table_at,
)

import os

from nexus.bindings import errors

cdef extern from "nexus/loader.hpp" namespace "nxs::loader" nogil:
    cppclass Outcome:
        int64_t result
        string text

    cppclass Function:
        string name

    cppclass Loader:
        @staticmethod
        Loader& instance() except +
        const nxs_slot* slots()
        Outcome load(const string& path) except +
        Outcome attach(int runtime, const string& path) except +

    void* address_of(const nxs_table& table, const string& name)

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


def open_plugin(str path not None):
    """Open and start the plugin at `path`, without the GIL; returns (runtime or status, text)."""
    cdef string native = os.fsencode(path)
    cdef Outcome outcome
    with nogil:
        outcome = Loader.instance().load(native)
    return outcome.result, outcome.text.decode("utf-8", "replace")


def attach_layer(int runtime, path):
    """Wrap a loaded runtime in the layer at `path`.

    Calls that are under way on other threads finish without the layer.

    Raises:
        BackendUnavailableError: the file is no layer, or the layer refuses this runtime.
    """
    cdef string native = os.fsencode(os.path.abspath(path))
    cdef Outcome outcome
    with nogil:
        outcome = Loader.instance().attach(runtime, native)
    if outcome.result < 0:
        text = outcome.text.decode("utf-8", "replace")
        raise errors.BackendUnavailableError(
            f"cannot attach the layer {path}: {text}",
            errors.as_status(outcome.result),
            "nxsAttachLayer",
            name_of(runtime),
        )


def priority_of(int runtime):
    """The runtime's place in the default order; one that has none comes after those that do."""
    cdef const nxs_table* table = table_of(runtime, "nxsGetRuntimeProperty")
    cdef int64_t priority = 0
    cdef size_t nbytes = sizeof(priority)
    if table.GetRuntimeProperty is NULL:
        return 1 << 30
    if table.GetRuntimeProperty(NP_Priority, &priority, &nbytes) != NXS_Success:
        return 1 << 30
    return priority


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
    text = table.GetLastError().decode("utf-8", "replace") if table.GetLastError else ""
    raise errors.from_status(result, text, name, name_of(runtime), device)


cdef int no_runtime(int runtime, const char* function) except -1:
    name = (<bytes>function).decode() if function else ""
    raise errors.no_runtime(runtime, name, {n: what[0] for n, what in _loaded.items()})


cdef int fail_wait(int runtime, int64_t result, const char* function, double seconds) except -1:
    try:
        return fail(runtime, result, function, -1)
    except errors.WaitTimeoutError as error:
        raise errors.waited(error, seconds) from None
