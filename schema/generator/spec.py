"""The model of api.toml: reads it, checks it, and answers what every emitter asks."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "schema" / "api.toml"

# type in api.toml -> (C type, type in a .pxd); handle kinds, flags: and enum: are added below
C_TYPES = {
    "device": "nxs_int",
    "int": "nxs_int",
    "uint": "nxs_uint",
    "int64": "int64_t",
    "uint64": "uint64_t",
    "size": "size_t",
    "dim3": "nxs_dim3",
    "property": "nxs_uint",
    "ticket": "int64_t",
    "text": "const char *",
    "host_in": "const void *",
    "host_out": "void *",
    "value_out": "void *",
    "size_inout": "size_t *",
}
DIRECTIONS = {"host_out": "[in, out]", "value_out": "[out]", "size_inout": "[in, out]"}
# type of a property -> its member of NXS_PropertyType
VALUE_TYPES = {
    "int": "Int",
    "flt": "Float",
    "str": "String",
    "int_vec": "IntVector",
    "flt_vec": "FloatVector",
    "str_vec": "StringVector",
    "obj": "Object",
}
ENTRY_KEYS = {
    "name", "noun", "doc", "args", "returns", "gil", "waits", "joins", "joins_on", "optional",
    "internal", "errors", "since", "value_type",
}  # fmt: skip
RESERVED = ("runtime", "self", "result", "state", "room", "deadline")
ARG_KEYS = {"name", "type", "doc", "nullable", "default", "nbytes", "readonly_if"}


class SpecError(ValueError):
    """An entry of api.toml that cannot be meant; the message names it."""


def snake_case(name: str) -> str:
    """`CreateBuffer` -> `create_buffer`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@dataclass(frozen=True)
class Argument:
    """One argument of a C function."""

    name: str
    type: str
    doc: str
    nullable: bool = False
    default: int | str | None = None
    nbytes: str = ""  # host memory: the argument that carries its size
    readonly_if: str = ""  # host memory: when it is only read

    @property
    def base(self) -> str:
        """The type without its parameter: `flags:RunFlags` -> `flags`."""
        return self.type.partition(":")[0]

    @property
    def parameter(self) -> str:
        """The parameter of the type: `flags:RunFlags` -> `RunFlags`."""
        return self.type.partition(":")[2]

    def c_type(self, kinds: dict[str, Kind]) -> str:
        """The C type."""
        if self.type in kinds:
            return "nxs_handle"
        if self.base in ("flags", "enum"):
            return "nxs_flags" if self.base == "flags" else "nxs_int"
        if self.base == "struct_in":
            return f"const {self.parameter} *"
        if self.base == "struct_out":
            return f"{self.parameter} *"
        return C_TYPES[self.type]

    def c_declaration(self, kinds: dict[str, Kind]) -> str:
        """The parameter as C declares it."""
        c_type = self.c_type(kinds)
        return f"{c_type}{'' if c_type.endswith('*') else ' '}{self.name}"


@dataclass(frozen=True)
class Function:
    """One C function."""

    name: str
    noun: str
    doc: str
    returns: str
    gil: str
    args: tuple[Argument, ...]
    waits: bool = False
    joins: str = ""
    joins_on: str = ""
    optional: bool = False
    internal: bool = False
    errors: tuple[str, ...] = ()
    since: str = "1.0"
    value_type: str = ""

    @property
    def c_name(self) -> str:
        """The C symbol."""
        return "nxs" + self.name

    @property
    def python_name(self) -> str:
        """The name in `nexus.bindings`."""
        return snake_case(self.name)

    @property
    def c_return(self) -> str:
        """The C return type."""
        kind = self.returns.partition(":")[0]
        return {
            "status": "nxs_status",
            "ticket": "int64_t",
            "text": "const char *",
            "uint": "nxs_uint",
            "handle": "nxs_handle",
            "borrowed": "nxs_handle",
        }[kind]

    @property
    def reads_value(self) -> bool:
        """Whether it is a getter of the pattern (..., value, nbytes)."""
        return any(arg.type == "value_out" for arg in self.args)

    @property
    def reads_property(self) -> bool:
        """Whether it is a getter of the pattern (..., property, value, nbytes)."""
        return self.reads_value and any(arg.type == "property" for arg in self.args)

    @property
    def imperative(self) -> str:
        """The sentence of `doc` as Python docstrings begin: `Copies a` -> `Copy a`."""
        verb, rest = self.doc.split(" ", 1)
        return (verb[:-3] + "y" if verb.endswith("ies") else verb.removesuffix("s")) + " " + rest


@dataclass(frozen=True)
class Kind:
    """A kind of object that has handles."""

    name: str
    value: int
    invalid: str


@dataclass(frozen=True)
class Member:
    """A named number with its meaning."""

    name: str
    value: int
    doc: str


@dataclass(frozen=True)
class Status(Member):
    """What a call answers, and the Python exception for it."""

    exception: str = "NexusError"


@dataclass(frozen=True)
class Constant:
    """A number of the C header."""

    name: str
    c_value: str
    doc: str

    @property
    def value(self) -> int:
        """The number."""
        return int(self.c_value.removeprefix("UINT64_C(").removesuffix(")"), 0)


@dataclass(frozen=True)
class Struct:
    """A struct that crosses the C API; its first member, struct_size, is not in `fields`."""

    name: str
    doc: str
    fields: tuple[Argument, ...]


@dataclass(frozen=True)
class Enum:
    """An enum or a set of flags."""

    name: str
    doc: str
    flags: bool
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Property:
    """One property."""

    name: str
    value: int
    type: str
    doc: str
    unit: str = ""


@dataclass(frozen=True)
class DataType:
    """One data type."""

    name: str
    value: int
    bits: int
    numpy: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Variable:
    """One environment variable.

    Attributes:
        doc: what it means, and what holds without it.
        read: when, so that one knows what a change does.
        wrong: what a value that cannot be meant does.
    """

    name: str
    doc: str
    read: str
    wrong: str


@dataclass(frozen=True)
class Spec:
    """All of api.toml."""

    major: int
    minor: int
    constants: tuple[Constant, ...]
    structs: dict[str, Struct]
    kinds: dict[str, Kind]
    statuses: tuple[Status, ...]
    enums: dict[str, Enum]
    properties: tuple[Property, ...]
    data_types: tuple[DataType, ...]
    functions: tuple[Function, ...]
    environment: tuple[Variable, ...]
    backends: dict[str, str]
    nouns: tuple[str, ...] = field(default=())


def load(source: Path = SOURCE) -> Spec:
    """Read and check api.toml."""
    with source.open("rb") as file:
        return parse(tomllib.load(file))


def parse(data: dict[str, Any]) -> Spec:
    """Make the model of what api.toml holds, and check it."""
    functions = tuple(_function(entry) for entry in data["function"])
    structs = {name: _struct(name, **entry) for name, entry in data["structs"].items()}
    spec = Spec(
        major=data["api"]["major"],
        minor=data["api"]["minor"],
        constants=tuple(Constant(name, *entry) for name, entry in data["constants"].items()),
        structs=structs,
        kinds={name: Kind(name, **entry) for name, entry in data["kinds"].items()},
        statuses=tuple(Status(name, *entry) for name, entry in data["statuses"].items()),
        enums={name: _enum(name, entry) for name, entry in data["enums"].items()},
        properties=tuple(Property(name, **entry) for name, entry in data["properties"].items()),
        data_types=tuple(
            DataType(name, entry["value"], entry["bits"], entry["numpy"], tuple(entry["names"]))
            for name, entry in data["data_types"].items()
        ),
        functions=functions,
        environment=tuple(Variable(name, **entry) for name, entry in data["environment"].items()),
        backends=data["backends"],
        nouns=tuple(dict.fromkeys(function.noun for function in functions)),
    )
    check(spec)
    return spec


def _function(entry: dict[str, Any]) -> Function:
    unknown = entry.keys() - ENTRY_KEYS
    if unknown:
        raise SpecError(
            f"function {entry.get('name')}: unknown keys {sorted(unknown)}; "
            f"known: {sorted(ENTRY_KEYS)}"
        )
    for arg in entry["args"]:
        if arg.keys() - ARG_KEYS:
            where = f"function {entry['name']}, argument {arg.get('name')}"
            raise SpecError(f"{where}: unknown keys in {sorted(arg)}")
    fields = dict(entry)
    fields["args"] = tuple(Argument(**arg) for arg in entry["args"])
    fields["errors"] = tuple(entry.get("errors", ()))
    return Function(**fields)


def _struct(name: str, doc: str, fields: list[dict[str, Any]]) -> Struct:
    return Struct(name, doc, tuple(Argument(**field) for field in fields))


def _enum(name: str, entry: dict[str, Any]) -> Enum:
    members = tuple(Member(key, *value) for key, value in entry["members"].items())
    return Enum(name, entry["doc"], entry.get("flags", False), members)


def check(spec: Spec) -> None:
    """Refuse what no emitter could make sense of.

    Raises:
        SpecError: two entries share a name or number, or one refers to something missing.
    """
    _check_unique("function", [function.name for function in spec.functions])
    _check_unique("status", [status.value for status in spec.statuses])
    _check_unique("property", [prop.value for prop in spec.properties])
    _check_unique("data type", [data_type.value for data_type in spec.data_types])
    for prop in spec.properties:
        if prop.type not in VALUE_TYPES:
            raise SpecError(f"property {prop.name}: type {prop.type!r} is none of {[*VALUE_TYPES]}")
    statuses = {status.name for status in spec.statuses}
    names = {function.name for function in spec.functions}
    for function in spec.functions:
        _check_function(spec, function, statuses, names)


def _check_unique(what: str, values: list[Any]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise SpecError(f"{what} {twice} stands there twice")


def _check_function(spec: Spec, function: Function, statuses: set[str], names: set[str]) -> None:
    unknown = set(function.errors) - statuses
    if unknown:
        raise SpecError(f"function {function.name}: unknown statuses {sorted(unknown)}")
    if function.since != f"{spec.major}.0" and not function.optional:
        raise SpecError(
            f"function {function.name}: since {function.since} and not optional, so that plugins "
            "of before would not load"
        )
    if function.gil not in ("hold", "release"):
        raise SpecError(
            f"function {function.name}: gil is {function.gil!r}, not 'hold' or 'release'"
        )
    if function.value_type and function.value_type not in VALUE_TYPES:
        raise SpecError(f"function {function.name}: value_type is none of {[*VALUE_TYPES]}")
    arg_names = {arg.name for arg in function.args}
    if function.joins and function.joins not in names:
        raise SpecError(f"function {function.name}: joins {function.joins!r}, which is no function")
    if function.joins and not {function.joins_on, "stream", "flags"} <= arg_names:
        raise SpecError(f"function {function.name}: joins needs joins_on, stream and flags")
    if sum(arg.type in ("host_in", "host_out") for arg in function.args) > 1:
        raise SpecError(f"function {function.name}: the bindings hold one host memory at a time")
    if function.waits != ("timeout_ns" in arg_names):
        raise SpecError(f"function {function.name}: waits and timeout_ns belong together")
    for arg in function.args:
        _check_argument(spec, function, arg, arg_names)


def _check_argument(spec: Spec, function: Function, arg: Argument, arg_names: set[str]) -> None:
    where = f"function {function.name}, argument {arg.name}"
    if arg.name in RESERVED:
        raise SpecError(f"{where}: the bindings use this name")
    if arg.base in ("flags", "enum"):
        if arg.parameter not in spec.enums:
            raise SpecError(f"{where}: unknown enum {arg.parameter!r}")
    elif arg.base in ("struct_in", "struct_out"):
        if arg.parameter not in spec.structs:
            raise SpecError(f"{where}: unknown struct {arg.parameter!r}")
    elif arg.type not in C_TYPES and arg.type not in spec.kinds:
        raise SpecError(f"{where}: unknown type {arg.type!r}")
    if arg.type in ("host_in", "host_out") and arg.nbytes not in arg_names:
        raise SpecError(f"{where}: host memory needs `nbytes`, the argument with its size")
