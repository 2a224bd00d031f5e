"""One distinctive value for every argument of every function, in Python and as C sees it."""

from __future__ import annotations

from typing import Any, NamedTuple

from conformance.api_table import FUNCTIONS, KINDS, Arg, Function
from nexus.bindings.enums import Property

PATTERN = bytes(range(1, 17))
TEXT = "käse.so"
BOUND = tuple(function for function in FUNCTIONS if function.python_name)
CALLED = tuple(  # those that answer a status, handle or ticket
    function for function in BOUND if function.returns not in ("text", "uint")
)


class Sample(NamedTuple):
    """A value to pass, and how the stub writes it down."""

    given: Any
    recorded: str


def sample(function: Function, arg: Arg, index: int) -> Sample:
    """The value of one argument: another one for each place and type."""
    if arg.type in KINDS:
        handle = KINDS[arg.type] << 59 | 0x1_0000_0000 * (index + 1) | 7
        return Sample(handle, str(handle))
    if arg.nbytes:
        return Sample(bytearray(PATTERN), PATTERN.hex())
    if any(other.nbytes == arg.name for other in function.args):
        return Sample(len(PATTERN), str(len(PATTERN)))
    if arg.type == "property":
        return Sample(Property.Value, "2")
    if arg.type == "text":
        return Sample(TEXT, TEXT)
    if arg.type == "dim3":
        sizes = (10 * index + 1, 10 * index + 2, 10 * index + 3)
        return Sample(sizes, ",".join(map(str, sizes)))
    number = {
        "uint64": 2**63 + 1000 + index,
        "int64": -(2**40) - index,
        "size": 2**40 + index,
        "ticket": 2**50 + index,
    }.get(arg.type.partition(":")[0], 10 + 2 * index)
    if arg.name == "timeout_ns":
        number = 1000 + index
    return Sample(number, str(number))


def samples(function: Function) -> dict[str, Sample]:
    """The value of each argument that Python gives."""
    return {
        arg.name: sample(function, arg, index)
        for index, arg in enumerate(function.args)
        if arg.python
    }


def record(function: Function) -> str:
    """The line that the stub writes for these values."""
    words = [f"{name}={value.recorded}" for name, value in samples(function).items()]
    return " ".join([function.name, *words])
