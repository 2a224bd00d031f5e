"""Emits the calls of the random driver: for every function one with arguments that are drawn."""

from __future__ import annotations

from .c import NOTE, refusals
from .spec import Argument, Function, Spec

PATH = "tests/soak/api_calls.inc"
HEAD = f"""\
// A call of every function of the plugin API with drawn arguments, and the statuses it may answer.
{NOTE}
"""
RETURNS = {
    "status": "kStatus",
    "ticket": "kTicket",
    "text": "kText",
    "uint": "kNumber",
    "handle": "kHandle",
    "borrowed": "kBorrowed",
}


def outputs(spec: Spec) -> dict[str, str]:
    """Path from the root -> text of the calls."""
    parts = [
        HEAD,
        f"inline constexpr nxs_uint kPropertyCount = {len(spec.properties)};\n\n",
        "enum FunctionId {\n",
        *(f"  k{function.name},\n" for function in spec.functions),
        "  kFunctionCount,\n};\n\n",
        "namespace statuses {\n",
        *(statuses(spec, function) for function in spec.functions),
        "}  // namespace statuses\n\n",
        "inline constexpr FunctionInfo kFunctions[] = {\n",
        *(row(spec, function) for function in spec.functions),
        "};\n",
        *(call(spec, function) for function in spec.functions),
        "\ntemplate <class Draw>\ninline constexpr void (*kCalls[])(Draw &) = {\n",
        *(f"    call_{function.name}<Draw>,\n" for function in spec.functions),
        "};\n",
    ]
    return {PATH: "".join(parts)}


def statuses(spec: Spec, function: Function) -> str:
    """The statuses that the function may answer."""
    fails = function.returns not in ("text", "uint")
    names = ["Success", *(refusals(spec, function) if fails else [])]
    members = ", ".join("NXS_" + name for name in names)
    return f"inline constexpr nxs_status k{function.name}[] = {{{members}}};\n"


def row(spec: Spec, function: Function) -> str:
    """What is known of a function: name, what it returns, of which kind, and its statuses."""
    returns, _, kind = function.returns.partition(":")
    number = spec.kinds[kind].value if kind else 0
    return (
        f'    {{"{function.c_name}", Returns::{RETURNS[returns]}, {number}, '
        f"statuses::k{function.name}}},\n"
    )


def call(spec: Spec, function: Function) -> str:
    """The function that draws the arguments of one call and makes it."""
    lines = [f"\ntemplate <class Draw>\nvoid call_{function.name}(Draw &draw) {{"]
    values: dict[str, str] = {}
    host = [arg for arg in function.args if arg.base in ("host_in", "host_out")]
    sizes = {arg.nbytes: arg.name for arg in host}  # drawn together with the memory
    for arg in function.args:
        if arg.name in sizes:
            values[arg.name] = f"{sizes[arg.name]}.nbytes"
        elif arg.base == "size_inout":
            values[arg.name] = "value.nbytes"  # of the room that value_out drew
        else:
            lines.append(f"  const auto {arg.name} = draw.{drawn(spec, arg)};")
            pair = arg.base in ("host_in", "host_out", "value_out")
            values[arg.name] = f"{arg.name}.pointer" if pair else arg.name
    passed = "".join(f", {values[arg.name]}" for arg in function.args)
    lines.append(f"  draw.call(draw.table().{function.name}{passed});")
    return "\n".join([*lines, "}", ""])


def drawn(spec: Spec, arg: Argument) -> str:
    """The method that draws this argument, with its arguments."""
    nullable = "true" if arg.nullable else "false"
    if arg.type in spec.kinds:
        return (
            f"handle({spec.kinds[arg.type].value}, NXS_{spec.kinds[arg.type].invalid}, {nullable})"
        )
    if arg.base == "flags":
        return f"flags({sum(member.value for member in spec.enums[arg.parameter].members)}u)"
    if arg.base == "enum":
        return f"enum_value({len(spec.enums[arg.parameter].members)})"
    if arg.base == "host_in":
        return f"host_in({nullable})"
    if arg.base in ("struct_in", "struct_out"):
        return f"{arg.parameter}()"
    if arg.type == "size":
        return "offset()" if arg.name.endswith("offset") else "nbytes()"
    if arg.type in ("uint64", "text", "dim3"):
        return f"{arg.name}()"
    return f"{'index' if arg.type == 'int' else arg.type}()"
