"""`nexus inspect`: what is in a kernel library."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import nexus
from nexus._internal.inspecting.source import printable
from nexus.bindings._internal.words import counted
from nexus.cli.outline import Node
from nexus.cli.quantities import size_text


def as_json(file: str, found: nexus.LibraryInfo) -> dict[str, Any]:
    """Return what `nexus inspect --json` prints."""
    return {"file": file, **dataclasses.asdict(found)}


def outline(file: str, found: nexus.LibraryInfo) -> Node:
    """Return a library as a tree for people."""
    root = Node(f"{printable(file)}: {_title(found)}", "bold")
    _fill(root, found)
    return root


def _title(found: nexus.LibraryInfo) -> str:
    about = f" for {' and '.join(found.architectures)}" if found.architectures else ""
    more = f" ({printable(found.target)})" if found.target else ""
    return printable(f"{found.kind}{about}") + more


def _fill(node: Node, found: nexus.LibraryInfo) -> None:
    if found.problem:
        node.add(found.problem, "red")
    inside = {name for part in found.parts for name in part.kernels}
    for name, kernel in found.kernels.items():
        if name not in inside:
            _add_kernel(node, kernel)
    for part in found.parts:
        _fill(node.add(_title(part), "bold cyan"), part)
    if not found.kernels and not found.parts and not found.problem:
        node.add("no kernels")


def _add_kernel(parent: Node, kernel: nexus.KernelInfo) -> None:
    node = parent.add(printable(kernel.name), "bold green")
    if text := ", ".join(_needs(kernel)):
        node.add(text)
    if kernel.arguments is None:
        node.add("arguments: not known")
    elif not kernel.arguments:
        node.add("no arguments")
    for argument in kernel.arguments or ():
        node.add(_argument(argument))
    if hidden := kernel.hidden_arguments:
        names = ", ".join(printable(each.name) for each in hidden)
        node.add(f"{counted(len(hidden), 'hidden argument')}: {names}", "dim")


def _needs(kernel: nexus.KernelInfo) -> Iterator[str]:
    """Yield what a kernel needs and is limited to, in words."""
    if kernel.registers:
        yield counted(kernel.registers, "register")
    if kernel.scalar_registers:
        yield counted(kernel.scalar_registers, "scalar register")
    if kernel.spilled_registers:
        yield f"{kernel.spilled_registers} spilled"
    if kernel.group_memory:
        yield f"{size_text(kernel.group_memory)} of group memory"
    if kernel.private_memory:
        yield f"{size_text(kernel.private_memory)} of private memory"
    if any(kernel.group):
        yield f"groups of {' x '.join(map(str, kernel.group))} only"
    elif kernel.max_group_size:
        yield f"groups of at most {kernel.max_group_size}"
    if kernel.simd_size:
        yield f"waves of {kernel.simd_size}"


def _argument(argument: nexus.ArgumentInfo) -> str:
    """Return an argument in one line: its place, kind, size, and what the source calls it."""
    facts = [argument.kind if argument.kind != "unknown" else "pointer or value"]
    if argument.nbytes:
        at = f" at {argument.offset}" if argument.offset is not None else ""
        facts.append(counted(argument.nbytes, "byte") + at)
    if argument.element_nbytes:
        facts.append(f"to elements of {counted(argument.element_nbytes, 'byte')}")
    called = " ".join(filter(None, (argument.type, argument.name)))
    facts += filter(None, (printable(called), argument.access))
    return f"{argument.index}: {', '.join(facts)}"
