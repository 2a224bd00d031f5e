"""Emits the stubs of nxs and of each backend, with annotations, defaults and docstrings."""

from __future__ import annotations

from . import pythonic
from .python import ENUMS, NOTE
from .spec import Function, Spec

WRITTEN_BY_HAND = (  # names that nxs has from the registry
    "_inspect_function_pointer",
    "_inspect_function_pointers",
    "attach_layer",
    "discover",
    "find_runtimes",
    "load_runtime",
    "runtime_name",
    "runtime_path",
    "unavailable_runtimes",
    "unknown_environment",
)

BACKEND = '''
@final
class Backend:
    """One runtime as an object: the functions of this module without their first argument.

    The runtime is loaded when the first of them is called.
    """

    def __init__(self, name: str) -> None: ...
    @property
    def name(self) -> str:
        """The name that the runtime is searched by."""

    @property
    def runtime(self) -> int:
        """The number of the runtime; loads it."""
'''


def outputs(spec: Spec) -> dict[str, str]:
    """Path from the root -> text of every stub."""
    files = {"nexus/bindings/nxs.pyi": stub(spec)}
    for name, doc in spec.backends.items():
        files[f"nexus/bindings/{name}.pyi"] = backend_stub(spec, name, doc)
    return files


def imports(spec: Spec, functions: list[Function]) -> list[str]:
    """The imports that the annotations need."""
    used = " ".join(" ".join(pythonic.signature(spec, each)[0]) for each in functions)
    names = [name for name in spec.enums if name in used] + ["Property"]
    return [
        "from nexus.bindings._internal.annotations import Dim3, HostMemory, PropertyValue",
        f"from {ENUMS} import (",
        *(f"    {name}," for name in sorted(names)),
        ")",
    ]


def stub(spec: Spec) -> str:
    """nxs.pyi."""
    functions = pythonic.public(spec)
    lines = ['"""The plugin API, one function per C function."""', NOTE, ""]
    lines += ["from typing import final", "", *imports(spec, functions)]
    lines += ["from nexus.bindings._internal.registry import ("]
    lines += [*(f"    {name} as {name}," for name in WRITTEN_BY_HAND), ")"]
    for each in functions:
        lines += ["", *function(spec, each, "runtime: int")]
    lines += [BACKEND[:-1]]
    for each in functions:
        lines += ["", *("    " + line for line in function(spec, each, "self", width=96))]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def function(spec: Spec, what: Function, first: str = "", width: int = 100) -> list[str]:
    """One function of a stub, docstring included."""
    params, returned = pythonic.signature(spec, what, *filter(None, [first]))
    doc = pythonic.docstring(spec, what, runtime=first.startswith("runtime"))
    return [*wrapped(what.python_name, params, returned, width), *("    " + line for line in doc)]


def wrapped(name: str, params: list[str], returned: str, width: int) -> list[str]:
    """A `def` as the formatter breaks it: whole, else its parameters on one line, else each."""
    line = f"def {name}({', '.join(params)}) -> {returned}:"
    if len(line) <= width:
        return [line]
    inner = "    " + ", ".join(params)
    rows = [inner] if len(inner) <= width else [f"    {param}," for param in params]
    return [f"def {name}(", *rows, f") -> {returned}:"]


def backend_stub(spec: Spec, name: str, doc: str) -> str:
    """The stub of a module of one backend."""
    functions = pythonic.public(spec)
    lines = [f'"""{doc}"""', NOTE, "", *imports(spec, functions)]
    lines += ["from nexus.bindings.nxs import Backend", "", "backend: Backend"]
    for each in functions:
        lines += ["", *function(spec, each)]
    return "\n".join(line.rstrip() for line in lines) + "\n"
