"""Every public method with every argument: a call that works, and the kind of what it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import nexus
from nexus._internal.inspecting import facts

from . import memory, names, values
from .values import Kind
from .world import CONTENTS, N, World


class Argument(NamedTuple):
    """One argument of a method.

    Attributes:
        kind: its bad values.
        good: a value that works.
    """

    kind: Kind
    good: Callable[[World], Any]


class Method(NamedTuple):
    """A method, or a function of the module.

    Attributes:
        owner: the attribute of a World that it is a method of; empty: a function of nexus.
        name: of the method.
        arguments: by name; "*values" is passed as so many arguments.
    """

    owner: str
    name: str
    arguments: dict[str, Argument]

    def call(self, owner: object, world: World, **changed: Any) -> Any:
        """Call it with good values but for those in `changed`."""
        given = {name: argument.good(world) for name, argument in self.arguments.items()}
        given |= changed
        spread = [given.pop(name) for name in [*given] if name.startswith("*")]
        return getattr(owner, self.name)(*(spread[0] if spread else ()), **given)


def constant(kind: Kind, value: Any = None) -> Argument:
    return Argument(kind, lambda world: value)


def of_world(kind: Kind, name: str) -> Argument:
    return Argument(kind, lambda world: getattr(world, name))


STREAM = constant(values.an_object("stream"))
BLOCKING = constant(values.flag, True)
OWN_BUFFER = values.an_object("buffer")
ANY_BUFFER = values.an_object("buffer", others=False)
EVENT = of_world(values.an_object("event"), "event")
EVENT_VALUE = constant(values.event_value, 1)
DTYPE = constant(values.dtype)
INDEX = constant(values.index, 0)
NBYTES = constant(values.nbytes)
OFFSET = constant(values.offset, 0)
GRID = constant(values.size, N)
GROUP = constant(values.size, 4)
GROUP_MEMORY = constant(values.group_memory, 0)
TIMEOUT = constant(values.timeout, 60)
KEY = constant(names.property_key, "Type")
ARGUMENTS = Argument(memory.arguments, lambda world: (2.0, world.other))

METHODS = [
    Method("", "add_device_info", {
        "path": Argument(names.device_info_path, lambda world: world.entry_path)}),
    Method("", "advise", {
        "arch_or_device": of_world(names.advised, "device"),
        "kernel_info": of_world(values.not_none(names.kernel_info), "kernel")}),
    Method("", "KernelInfo", {
        **dict.fromkeys(facts.COUNTS, constant(values.count_or_zero, 0)),
        "name": constant(names.kernel_title, ""),
        "arguments": constant(names.argument_infos),
        "hidden_arguments": constant(names.argument_infos, ()),
        "group": constant(names.group, (0, 0, 0))}),
    Method("", "create_buffer", {
        "data": constant(memory.data, 4), "dtype": DTYPE, "copy": constant(values.flag, True)}),
    Method("", "device", {"spec": constant(names.device_spec)}),
    Method("", "from_dlpack", {"array": constant(memory.dlpack_array, CONTENTS)}),
    Method("", "get_device_info", {}),
    Method("", "get_include", {}),
    Method("", "get_runtime", {"name": constant(names.runtime_name, "cpu")}),
    Method("", "get_runtimes", {}),
    Method("", "inspect", {
        "path_or_bytes": Argument(names.library_file, lambda world: world.path)}),
    Method("", "lookup_device_info", {
        "name": constant(names.architecture, "amd-cpu-znver3"),
        "variant": constant(values.not_none(names.architecture))}),
    Method("", "unavailable_runtimes", {}),
    Method("runtime", "get_device", {"id": constant(values.device_id, 0)}),
    Method("runtime", "get_devices", {}),
    Method("device", "compile", {
        "source": constant(names.program, "int unused;"), "options": constant(names.options)}),
    Method("device", "copy_buffer", {"buffer": of_world(ANY_BUFFER, "buffer")}),
    Method("device", "create_buffer", {
        "data": constant(memory.data, CONTENTS), "dtype": DTYPE,
        "copy": constant(values.flag, True)}),
    Method("device", "create_event", {
        "event_type": constant(names.event_type, nexus.event_type.Shared)}),
    Method("device", "create_library", {
        "data": Argument(memory.library_bytes, lambda world: world.binary)}),
    Method("device", "create_schedule", {}),
    Method("device", "create_stream", {}),
    Method("device", "from_dlpack", {"array": constant(memory.dlpack_array, CONTENTS)}),
    Method("device", "get_info", {}),
    Method("device", "load_library", {
        "filepath": Argument(names.filepath, lambda world: world.path)}),
    *(Method("device", f"get_{kind}s", {})
      for kind in ("buffer", "event", "stream", "schedule")),
    Method("device", "get_libraries", {}),
    Method("buffer", "copy", {
        "host_array": Argument(memory.target, lambda world: np.empty(N, "f4")),
        "stream": STREAM, "blocking": BLOCKING}),
    Method("buffer", "write", {
        "host_array": constant(memory.source, CONTENTS), "stream": STREAM, "blocking": BLOCKING}),
    Method("buffer", "numpy", {}),
    Method("other", "fill", {
        "value": constant(memory.pattern, 1.0), "dtype": DTYPE, "stream": STREAM,
        "blocking": BLOCKING}),
    Method("buffer", "copy_to", {
        "other": of_world(ANY_BUFFER, "other"), "offset": OFFSET, "other_offset": OFFSET,
        "nbytes": NBYTES, "stream": STREAM, "blocking": BLOCKING}),
    Method("buffer", "sub_buffer", {
        "offset": OFFSET, "nbytes": constant(values.nbytes, 4 * N),
        "dtype": constant(values.dtype, "f32")}),
    Method("buffer", "__getitem__", {"part": constant(memory.part, slice(1, 2))}),
    Method("buffer", "__len__", {}),
    Method("buffer", "__array__", {
        "dtype": constant(names.numpy_dtype), "copy": constant(values.not_none(values.flag))}),
    Method("buffer", "__dlpack_device__", {}),
    Method("buffer", "__dlpack__", {
        "stream": constant(memory.dlpack_stream), "max_version": constant(memory.dlpack_version),
        "dl_device": constant(memory.dlpack_device),
        "copy": constant(values.not_none(values.flag))}),
    Method("library", "get_kernel", {
        "name": constant(names.kernel_name, "scale"),
        "unchecked": constant(values.flag, False)}),
    Method("kernel", "__call__", {
        "*args": ARGUMENTS._replace(kind=memory.call_arguments), "grid": GRID,
        "group": GROUP._replace(kind=values.not_none(values.size)), "group_memory": GROUP_MEMORY,
        "stream": STREAM, "blocking": BLOCKING}),
    Method("event", "signal", {"value": EVENT_VALUE}),
    Method("event", "wait", {"value": constant(values.event_value, 0), "timeout": TIMEOUT}),
    Method("event", "reset", {"value": constant(values.event_value, 0)}),
    Method("stream", "synchronize", {"timeout": TIMEOUT}),
    Method("run", "wait", {"timeout": TIMEOUT}),
    Method("schedule", "create_command", {
        "kernel": of_world(values.an_object("kernel"), "kernel")}),
    Method("schedule", "create_signal_command", {"event": EVENT, "value": EVENT_VALUE}),
    Method("schedule", "create_wait_command", {"event": EVENT, "value": EVENT_VALUE}),
    Method("schedule", "create_copy_command", {
        "source": of_world(OWN_BUFFER, "buffer"), "target": of_world(OWN_BUFFER, "other"),
        "nbytes": NBYTES, "source_offset": OFFSET, "target_offset": OFFSET}),
    Method("schedule", "create_fill_command", {
        "buffer": of_world(OWN_BUFFER, "other"), "value": constant(memory.pattern, 1),
        "dtype": DTYPE, "offset": OFFSET, "nbytes": NBYTES}),
    Method("schedule", "run", {
        "stream": STREAM, "blocking": BLOCKING, "timing": constant(values.flag, False)}),
    Method("command", "set_buffer", {
        "index": constant(values.index, 1), "buffer": of_world(memory.in_place, "other")}),
    Method("command", "set_scalar", {
        "index": INDEX, "value": constant(memory.scalar, 2.0),
        "dtype": constant(values.dtype)}),
    Method("command", "set_struct", {
        "index": INDEX, "value": constant(memory.struct, b"1234")}),
    Method("command", "set_arguments", {"*values": ARGUMENTS}),
    Method("signal", "set_value", {"value": EVENT_VALUE}),
    Method("signal", "get_event", {}),
    Method("command", "finalize", {
        "group_size": GROUP, "grid_size": GRID, "group_memory": GROUP_MEMORY}),
    Method("buffer", "get_property", {"key": KEY}),
    Method("buffer", "get_property_str", {"key": KEY}),
    Method("buffer", "get_property_int", {"key": constant(names.property_key, "Size")}),
    Method("schedule", "get_property_flt", {"key": constant(names.property_key, "ElapsedTime")}),
    Method("buffer", "get_property_int_vec", {"key": constant(names.property_key, "Shape")}),
    Method("device", "get_property_str_vec", {"key": constant(names.property_key, "DataTypes")}),
    Method("buffer", "get_property_flt_vec", {"key": KEY}),
    Method("buffer", "property_names", {}),
    Method("properties", "__getitem__", {"key": KEY}),
    Method("properties", "__len__", {}),
    Method("properties", "to_dict", {}),
    Method("properties", "__contains__", {"key": Argument(values.nothing, lambda world: "Type")}),
    *(Method("properties", f"get_{name}", {"key": constant(names.property_key, name)})
      for name in ("str", "int", "flt", "str_vec", "int_vec", "flt_vec")),
    Method("advice", "occupancy", {"group_size": constant(values.count, 64)}),
    Method("advice", "group_sizes", {"limit": constant(values.count, 5)}),
    Method("advice", "fits", {"group_size": constant(values.not_none(values.count))}),
    Method("advice", "peak", {
        "data_type": constant(values.dtype, "F32"), "matrix": constant(values.flag, False),
        "sparse": constant(values.flag, False)}),
    Method("advice", "bandwidth", {}),
    Method("advice", "attainable", {
        "intensity": constant(values.positive, 1.5), "data_type": constant(values.dtype, "F32"),
        "matrix": constant(values.flag, False)}),
    Method("advice", "time_floor", {
        "n_operations": constant(values.amount, 1e9), "nbytes": constant(values.amount, 1e9),
        "data_type": constant(values.dtype, "F32"), "matrix": constant(values.flag, False)}),
    Method("runtimes", "get", {"key": constant(names.runtime_key, 0)}),
    Method("runtimes", "__getitem__", {"*key": constant(values.alone(names.runtime_key), (0,))}),
    Method("runtimes", "__contains__", {"*key": constant(values.nothing, (0,))}),
    Method("runtimes", "names", {}),
]  # fmt: skip


def owner_of(method: Method, world: World) -> Any:
    return getattr(world, method.owner) if method.owner else nexus


def name_of(value: object) -> str | None:
    return f"{value.owner or 'nexus'}.{value.name}" if isinstance(value, Method) else None
