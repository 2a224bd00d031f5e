"""What a Python caller sees of a function: arguments, annotations, return type, docstring."""

from __future__ import annotations

import textwrap

from .c import refusals
from .spec import VALUE_TYPES, Argument, Function, Spec

OUTPUTS = ("value_out", "size_inout", "struct_out")  # returned, not given
RUNTIME = Argument("runtime", "int", "number of the runtime, from `load_runtime`.")
ANNOTATIONS = {
    "property": "Property | int",
    "dim3": "Dim3",
    "text": "str | bytes",
    "host_in": "HostMemory",
    "host_out": "HostMemory",
}
VALUES = {
    "int": "int",
    "flt": "float",
    "str": "str",
    "int_vec": "list[int]",
    "flt_vec": "list[float]",
    "str_vec": "list[str]",
    "obj": "PropertyValue",
}


def public(spec: Spec) -> list[Function]:
    """The functions that have bindings."""
    return [function for function in spec.functions if not function.internal]


def python_arguments(function: Function) -> list[Argument]:
    """The arguments that a Python caller gives, after the runtime."""
    return [arg for arg in function.args if arg.base not in OUTPUTS]


def annotation(arg: Argument) -> str:
    """The type of an argument in a stub."""
    if arg.base in ("flags", "enum"):
        return f"{arg.parameter} | int"
    text = ANNOTATIONS.get(arg.type, "int")
    return f"{text} | None" if text == "HostMemory" and arg.nullable else text


def default(spec: Spec, arg: Argument) -> int | None:
    """The number that Python has as default."""
    if isinstance(arg.default, str):
        return next(c.value for c in spec.constants if c.name == arg.default)
    return arg.default


def signature(spec: Spec, function: Function, *first: str) -> tuple[list[str], str]:
    """The parameters, after those in `first`, and the return type, as a stub has them."""
    params = list(first)
    for arg in python_arguments(function):
        value = default(spec, arg)
        text = "" if value is None else f" = {number(value)}"
        params.append(f"{arg.name}: {annotation(arg)}{text}")
    return params, returned(spec, function)


def number(value: int) -> str:
    """The number as a person would write it."""
    return f"0x{value:X}" if value > 0xFFFFFF else str(value)


def returned(spec: Spec, function: Function) -> str:
    """The type of what comes back."""
    kind = function.returns.partition(":")[0]
    if kind == "text":
        return "str"
    if kind != "status":
        return "int"
    struct = next((arg for arg in function.args if arg.base == "struct_out"), None)
    if struct:
        fields = spec.structs[struct.parameter].fields
        return f"tuple[{', '.join('str' if f.type == 'text' else 'int' for f in fields)}]"
    if function.reads_property:
        return "PropertyValue"
    if function.reads_value:
        return VALUES[function.value_type] if function.value_type else "bytes"
    return "None"


def returns(spec: Spec, function: Function) -> str:
    """The sentence that says what comes back; empty for nothing."""
    kind, _, noun = function.returns.partition(":")
    sentences = {
        "text": "the text, or an empty one.",
        "uint": "the number.",
        "ticket": "the ticket of the run, a positive number on the stream's timeline.",
        "handle": f"a {noun} handle; you own it: give it to `release_{noun}`.",
        "borrowed": f"a {noun} handle that belongs to the runtime.",
    }
    if kind in sentences:
        return sentences[kind]
    struct = next((arg for arg in function.args if arg.base == "struct_out"), None)
    if struct:
        return f"{', '.join(f.name for f in spec.structs[struct.parameter].fields)}."
    if function.reads_property:
        return "the value; its type is the property's."
    if function.reads_value:
        return "the names." if function.value_type in VALUE_TYPES else "the bytes."
    return ""


def raises(spec: Spec, function: Function) -> list[tuple[str, list[str]]]:
    """Each exception with the statuses that raise it."""
    if function.returns in ("text", "uint"):
        return []
    kinds = {status.name: status.exception for status in spec.statuses}
    found: dict[str, list[str]] = {}
    for name in refusals(spec, function):
        found.setdefault(kinds[name], []).append(name)
    return list(found.items())


def docstring(spec: Spec, function: Function, *, runtime: bool) -> list[str]:
    """The lines of the docstring, quotes included."""
    arguments = [*([RUNTIME] if runtime else []), *python_arguments(function)]
    first, *more = textwrap.wrap(function.imperative, 88)
    lines = [f'"""{first}', *more]
    if arguments:
        lines += ["", "Args:"]
        for arg in arguments:
            lines += wrapped(f"{arg.name}: {arg.doc}")
    if text := returns(spec, function):
        lines += ["", "Returns:", *wrapped(text)]
    if failures := raises(spec, function):
        lines += ["", "Raises:"]
        for kind, names in failures:
            lines += wrapped(f"{kind}: {', '.join(names)}.")
    if len(lines) == 1:
        return [lines[0] + '"""']
    return [*lines, '"""']


def wrapped(text: str) -> list[str]:
    """An entry of a section of a docstring."""
    return textwrap.wrap(
        text, 88, initial_indent="    ", subsequent_indent="        ", break_on_hyphens=False
    )
