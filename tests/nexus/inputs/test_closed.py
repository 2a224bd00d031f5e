"""Closed objects, objects that nobody made, and whether the table of methods is complete."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nexus
from nexus._internal.handle import Handle
from nexus.system import RuntimeList

from .table import METHODS, Method, name_of
from .world import World

NOUNS: list[type] = [
    nexus.Buffer, nexus.Command, nexus.Device, nexus.Event, nexus.Kernel, nexus.Library,
    nexus.Properties, nexus.Run, nexus.Runtime, nexus.Schedule, nexus.Stream, nexus.Advice,
    RuntimeList,
]  # fmt: skip
CLOSABLE: list[type[Handle]] = [noun for noun in NOUNS if issubclass(noun, Handle)]

# Methods that are named like Python's own and are a part of what the class is for.
PROTOCOLS = {
    "__array__", "__call__", "__contains__", "__dlpack__", "__dlpack_device__", "__getitem__",
    "__len__",
}  # fmt: skip
# What stays true of a closed object: its place, its type and shape, whether it was closed.
FACTS = {
    "closed", "device", "dtype", "element", "info", "kernel", "nbytes", "parent", "readonly",
    "runtime_number", "shape",
}  # fmt: skip
# What may be done with a closed object: it asks nothing of the runtime.
STILL_WORK = {("buffer", "__len__")}


def methods_of(owner: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public methods that nexus itself defines."""
    for name in dir(owner):
        method = getattr(owner, name)
        ours = str(getattr(method, "__module__", "") or "").startswith("nexus")
        if inspect.isroutine(method) and ours and (name in PROTOCOLS or not name.startswith("_")):
            yield name, method


OWNERS: dict[str, type] = {noun.__name__.lower(): noun for noun in NOUNS} | {
    "other": nexus.Buffer, "signal": nexus.Command, "runtimes": RuntimeList,
}  # fmt: skip


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_every_method_and_argument_is_in_the_table(noun: type) -> None:
    rows = {method.name: method for method in METHODS if OWNERS.get(method.owner) is noun}
    inherited = {method.name for method in METHODS if method.name.startswith("get_property")}
    for name, method in methods_of(noun):
        if name in ("close", "property_names") or name in inherited - rows.keys():
            continue
        assert name in rows, f"{noun.__name__}.{name} is not in the table"
        parameters = [*inspect.signature(method).parameters.values()][1:]
        wanted = {f"{'*' * (p.kind == p.VAR_POSITIONAL)}{p.name}" for p in parameters}
        given = {given.lstrip("*") for given in rows[name].arguments}
        assert {name.lstrip("*") for name in wanted} == given, f"{noun.__name__}.{name}"


def test_every_function_of_the_module_is_in_the_table() -> None:
    rows = {method.name: method for method in METHODS if not method.owner}
    functions = {name: getattr(nexus, name) for name in nexus.__all__}
    functions = {
        name: f for name, f in functions.items() if inspect.isfunction(f) or f is nexus.KernelInfo
    }
    assert rows.keys() == functions.keys()
    for name, function in functions.items():
        assert rows[name].arguments.keys() == inspect.signature(function).parameters.keys()


def test_every_class_of_the_module_is_looked_at() -> None:
    classes = {value for name in nexus.__all__ if inspect.isclass(value := getattr(nexus, name))}
    errors = {value for value in classes if issubclass(value, Exception)}
    enums = {nexus.DataType, nexus.EventType, nexus.Property, nexus.Status}
    records = {nexus.Argument, nexus.ArgumentInfo, nexus.KernelInfo, nexus.LibraryInfo}
    assert classes - errors - enums - records == set(NOUNS) - {RuntimeList}


CLOSED = [method for method in METHODS if OWNERS.get(method.owner, object) in CLOSABLE]


@pytest.mark.parametrize("method", CLOSED, ids=name_of)
def test_a_method_of_a_closed_object_says_so(method: Method, world: World) -> None:
    if (method.owner, method.name) in STILL_WORK:
        return
    closed = getattr(world.closed, method.owner)
    with pytest.raises(nexus.ClosedError, match="was closed; nothing can be done with it"):
        method.call(closed, world)
    for name, argument in method.arguments.items():
        for value, _ in argument.kind(world):  # that it is closed comes before what else is wrong
            if not (name.startswith("*") and method.name == "__call__"):
                with pytest.raises(nexus.ClosedError):
                    method.call(closed, world, **{name: value})
    world.check()


@pytest.mark.parametrize("cls", CLOSABLE, ids=lambda cls: cls.__name__)
def test_what_a_closed_object_tells(cls: type[Handle], world: World) -> None:
    closed = getattr(world.closed, cls.__name__.lower())
    for name in dir(cls):
        if name.startswith("_") or inspect.isroutine(getattr(cls, name)):
            continue
        if name in FACTS:
            getattr(closed, name)
        else:
            with pytest.raises(nexus.ClosedError):
                getattr(closed, name)
    assert repr(closed) == f"<{cls.__name__} closed>"
    assert closed.closed and not any(closed in listed for listed in world.listed())
    with pytest.raises(nexus.ClosedError), closed:
        pass
    closed.close()


@pytest.mark.parametrize("method", CLOSED, ids=name_of)
def test_an_object_that_nobody_made_crashes_nothing(method: Method, world: World) -> None:
    cls: Any = OWNERS[method.owner]
    empty = cls.__new__(cls)
    with pytest.raises(nexus.ClosedError):
        method.call(empty, world)
    for name in dir(cls):
        if not name.startswith("_") and not inspect.isroutine(getattr(cls, name)):
            try:
                getattr(empty, name)
            except nexus.ClosedError:
                continue
            assert name in FACTS, f"{cls.__name__}.{name}"
    empty.close()


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun is not RuntimeList])
def test_no_class_is_called_by_hand(noun: type, device: nexus.Device) -> None:
    made: list[tuple[Any, ...]] = [
        (),
        (1,),
        (device,),
        (device.runtime, 0),
        (0, "cpu"),
        (device, None, 1),
    ]
    if noun in (nexus.Properties, nexus.Advice):
        made = [(1, None), (None, 1), ("Name", "Name")]
    for arguments in made:
        with pytest.raises(
            TypeError, match=r"(is not made by its class; use |(are|is) made by )\w+"
        ):
            noun(*arguments)
    if noun in (nexus.Device, nexus.Runtime, nexus.Run):
        for arguments in made:
            with pytest.raises(TypeError, match="is not made by its class"):
                noun.__new__(noun, *arguments)


@pytest.mark.parametrize("noun", [nexus.Buffer, nexus.Device, nexus.Runtime, nexus.Stream])
def test_no_subclass_is_called_by_hand(noun: type) -> None:
    derived: Any = type("Mine", (noun,), {})
    with pytest.raises(
        TypeError, match="a Mine is not made by its class|is not made by its class; use "
    ):
        derived()
