"""Emits nxs.pyx: one function of Python per function of C, and the class Backend over them."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import pythonic
from .pxd import NOTE
from .pythonic import public, python_arguments
from .spec import VALUE_TYPES, Argument, Function, Spec, snake_case

NXS_PYX = '''\
{note}
# distutils: language = c++
# cython: autotestdict=False
"""The plugin API, one function per C function: the prefix stripped, snake_case, outputs returned.

The first argument is the number of a runtime, from `load_runtime`. A negative status raises the
exception that `nexus.bindings.errors` has for it.
"""

cdef extern from *:
    """
    // Arguments are ints or have __index__; left to itself Cython would cut a float to an int.
    #define nb_int nb_index
    """

cimport cython
from cpython.buffer cimport PyBuffer_Release
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memset

from nexus.bindings cimport cynxs
from nexus.bindings._internal.c cimport *
from nexus.bindings._internal.convert cimport *
from nexus.bindings._internal.loader cimport check, check_on, table_of

from nexus.bindings._internal.registry import (
    _inspect_function_pointer,
    _inspect_function_pointers,
    attach_layer,
    discover,
    find_runtimes,
    load_runtime,
    runtime_name,
    runtime_path,
    unavailable_runtimes,
    unknown_environment,
)
'''

BACKEND = '''

@cython.final
cdef class Backend:
    """One runtime as an object: the functions of this module without their first argument.

    The runtime is loaded when the first of them is called.
    """

    cdef readonly str name
    cdef int number

    def __init__(self, str name not None):
        self.name = name
        self.number = -1

    @property
    def runtime(self):
        """The number of the runtime; loads it."""
        return linked(self)

    def __reduce__(self):
        return Backend, (self.name,)

    def __repr__(self):
        return f"Backend({self.name!r})"
'''

LINK = """

cdef inline int linked(Backend backend) except -1:
    return backend.number if backend.number >= 0 else link(backend)


cdef int link(Backend backend) except -1:
    # Two threads find the same number.
    backend.number = load_runtime(backend.name)
    return backend.number
"""

# type in api.toml -> type of the parameter in nxs.pyx, where it is not the C type
PYX_TYPES = {
    "nxs_int": "int32_t",
    "nxs_uint": "uint32_t",
    "nxs_flags": "uint32_t",
    "nxs_handle": "int64_t",
}
OBJECTS = ("dim3", "text", "host_in", "host_out")  # converted inside


def outputs(spec: Spec) -> dict[str, str]:
    """Path from the root -> text of the module."""
    return {"nexus/bindings/nxs.pyx": module(spec)}


def module(spec: Spec) -> str:
    """nxs.pyx."""
    functions = public(spec)
    parts = [NXS_PYX.format(note=NOTE)]
    parts += [Wrapper(spec, function).text() for function in functions]
    parts.append(BACKEND)
    parts += [method(spec, function) for function in functions]
    parts.append(LINK)
    return "".join(parts)


def parameter(spec: Spec, arg: Argument) -> str:
    """The parameter as nxs.pyx declares it."""
    default = "" if arg.default is None else f"={arg.default}"
    if arg.type in OBJECTS:
        return f"object {arg.name}{default}"
    c_type = arg.c_type(spec.kinds)
    return f"{PYX_TYPES.get(c_type, c_type)} {arg.name}{default}"


@dataclass
class Wrapper:
    """One function of nxs.pyx, put together from what each of its arguments needs."""

    spec: Spec
    function: Function
    variables: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)  # takes a buffer; the last thing before the call
    after: list[str] = field(default_factory=list)  # gives it back, in any case

    def text(self) -> str:
        """The function."""
        function = self.function
        call = f"cynxs.{function.python_name}({', '.join(['runtime', *self.arguments()])})"
        params = ["int runtime", *(parameter(self.spec, a) for a in python_arguments(function))]
        head = f"cpdef {self.returned()} {function.python_name}({', '.join(params)})"
        head += " except -1:" if self.returned() == "int64_t" else ":"
        inner = self.body(call)
        body = [f"cdef {variable}" for variable in self.variables] + self.before + self.held
        if self.after:
            inner = ["try:", *indented(inner), "finally:", *indented(self.after)]
        lines = indented([*pythonic.docstring(self.spec, function, runtime=True), *body, *inner])
        return "\n\n\n" + "\n".join([head, *lines])

    def arguments(self) -> list[str]:
        """The expressions that the C call gets; fills `variables`, `before` and `after`."""
        return [self.argument(arg) for arg in self.function.args]

    def argument(self, arg: Argument) -> str:
        """One of them."""
        name = arg.name
        if arg.type == "value_out":
            return "room.data"
        if arg.type == "size_inout":
            return "&room.nbytes"
        if arg.base == "struct_out":
            self.variables.append(f"{arg.parameter} {name}")
            self.before += [
                f"memset(&{name}, 0, sizeof({name}))",
                f"{name}.struct_size = sizeof({name})",
            ]
            return f"&{name}"
        if arg.type == "dim3":
            self.variables.append(f"nxs_dim3 {name}_dim3")
            self.before.append(f'to_dim3({name}, &{name}_dim3, "{name}")')
            return f"{name}_dim3"
        if arg.type == "text":
            self.variables.append(f"const char* {name}_text")
            self.before.append(f'{name}_text = to_text({name}, "{name}")')
            return f"{name}_text"
        if arg.type in ("host_in", "host_out"):
            return self.host_argument(arg)
        if self.function.waits and name == "timeout_ns":
            self.variables.append("Deadline deadline = deadline_of(timeout_ns)")
            return "deadline.slice_ns"
        if self.function.joins and name == "flags":
            return "bounded(flags)"
        return name

    def host_argument(self, arg: Argument) -> str:
        """Host memory: held as a buffer for as long as the call lasts."""
        writable = "False"
        if arg.type == "host_out":
            writable = f"not ({arg.readonly_if})" if arg.readonly_if else "True"
        view = f"{arg.name}_view"
        self.variables.append(f"Py_buffer {view}")
        self.held.append(f'open_host(&{view}, {arg.name}, &{arg.nbytes}, {writable}, "{arg.name}")')
        self.after.append(f"PyBuffer_Release(&{view})")
        return f"{view}.buf"

    def returned(self) -> str:
        """The return type in nxs.pyx."""
        kind = self.function.returns.partition(":")[0]
        return "int64_t" if kind in ("handle", "borrowed", "ticket") else "object"

    def called(self, call: str) -> list[str]:
        """The C call, with or without the GIL."""
        if self.function.gil == "hold":
            return [f"result = {call}"]
        return ["with nogil:", f"    result = {call}"]

    def body(self, call: str) -> list[str]:
        """The call, the check and what is returned."""
        function = self.function
        kind = function.returns.partition(":")[0]
        if kind in ("text", "uint"):
            lines = [f'table_of(runtime, "{function.c_name}")']
            return [
                *lines,
                f"return from_text({call})" if kind == "text" else f"return {call}",
            ]
        self.variables.insert(0, "int64_t result")
        if function.reads_value:
            return self.reading(call)
        if function.waits:
            return self.waiting(call)
        if function.joins:
            return self.joining(call)
        check = f'{self.check()} result, "{function.c_name}")'
        struct = next((arg for arg in function.args if arg.base == "struct_out"), None)
        if struct:
            return [*self.called(call), check, f"return {self.fields(struct)}"]
        returning_ = "return " if self.returned() == "int64_t" else ""
        return [*self.called(call), returning_ + check]

    def check(self) -> str:
        """The beginning of the check."""
        devices = [arg.name for arg in self.function.args if arg.type == "device"]
        return f"check_on(runtime, {devices[0]}," if devices else "check(runtime,"

    def fields(self, arg: Argument) -> str:
        """The fields of a struct that was filled, as a tuple."""
        fields = self.spec.structs[arg.parameter].fields
        return ", ".join(
            f"from_text({arg.name}.{f.name})" if f.type == "text" else f"{arg.name}.{f.name}"
            for f in fields
        )

    def reading(self, call: str) -> list[str]:
        """A getter: called again until the value has room."""
        function = self.function
        self.variables.append("Room room")
        devices = [arg.name for arg in function.args if arg.type == "device"]
        tail = f'&room, runtime, result, "{function.c_name}"'
        device = devices[0] if devices else "-1"
        if function.reads_property:
            value = f"property_value({tail}, property, {device})"
        elif function.value_type:
            member = f"NXS_PropertyType_{VALUE_TYPES[function.value_type]}"
            value = f"typed_value({tail}, {member}, {device})"
        else:
            value = f"bytes_value({tail}, {device})"
        loop = [*self.called(call), "if not wants_more(&room, result):", "    break"]
        return ["open_room(&room)", "while True:", *indented(loop), f"return {value}"]

    def waiting(self, call: str) -> list[str]:
        """A wait: in slices, with a look at signals between them."""
        loop = [*self.called(call), "if not again(&deadline, result):", "    break"]
        check = f'check_wait(runtime, result, "{self.function.c_name}", &deadline)'
        return ["while True:", *indented(loop), check]

    def joining(self, call: str) -> list[str]:
        """A submission that may block: bounded, and on with waiting when the run is not over."""
        function = self.function
        on = next(arg for arg in function.args if arg.name == function.joins_on)
        wait = snake_case(function.joins)
        self.variables.append("int64_t state = 0")
        getter = f"cynxs.get_{on.type}_property"
        return [
            "with nogil:",
            f"    result = {call}",
            "    if result > 0 and blocks(flags):",
            "        if stream == 0:",
            f"            stream = default_stream(runtime, {getter}, {on.name})",
            f"        state = cynxs.{wait}(runtime, stream, result, 0)",
            "if state < 0:  # goes on, or has failed",
            f"    {wait}(runtime, stream, result, NXS_WAIT_FOREVER)",
            f'return {self.check()} result, "{function.c_name}")',
        ]


def method(spec: Spec, function: Function) -> str:
    """One method of Backend."""
    arguments = python_arguments(function)
    params = ", ".join(["self", *(parameter(spec, arg) for arg in arguments)])
    names = ", ".join(["linked(self)", *(arg.name for arg in arguments)])
    lines = [
        f"def {function.python_name}({params}):",
        *indented(pythonic.docstring(spec, function, runtime=False)),
        f"    return {function.python_name}({names})",
    ]
    return "\n" + "\n".join(indented(lines)) + "\n"


def indented(lines: list[str]) -> list[str]:
    """Each line one level deeper."""
    return ["    " + line if line else line for line in lines]
