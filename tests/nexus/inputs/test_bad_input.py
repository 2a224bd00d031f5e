"""Every public method, argument and class of bad value: a sentence, and all still works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import nexus
from nexus.bindings._internal.words import shown

from .table import METHODS, Argument, Method, name_of, owner_of
from .world import World

# What Python, Cython and NumPy say of themselves, and not of what was asked for.
RAW = re.compile(
    r"__c?init__|0x[0-9a-f]{6}|nexus\._|NoneType|unhashable|ambiguous|not (subscript|iter)able"
    r"|has no attribute|cannot be interpreted|incorrect type|takes (exactly|at least|at most)"
    r"|an integer is required|too large to convert|unpack|<class '|\ba [aeio]\w+"
    r"|(?<![-\d.])1 (bytes|bits|items|elements|arguments|devices|runtimes|dimensions|seconds)\b"
)
# Protocols of Python, whose words these are.
WORDS_OF_OTHERS = {("buffer", "__array__", "dtype"), ("buffer", "__getitem__", "part")}


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_good_values_are_taken(method: Method, world: World) -> None:
    if method.name == "get_property_flt_vec":  # no object of this device has such a property
        with pytest.raises(nexus.PropertyTypeError):
            method.call(owner_of(method, world), world)
    else:
        method.call(owner_of(method, world), world)


@pytest.mark.parametrize(
    ("method", "name", "argument"),
    [(method, name, argument) for method in METHODS for name, argument in method.arguments.items()],
    ids=lambda value: name_of(value) or (value if isinstance(value, str) else ""),
)
def test_a_bad_value_gets_a_sentence(
    method: Method, name: str, argument: Argument, world: World
) -> None:
    owner, wrong = owner_of(method, world), []
    before = world.listed()
    for value, errors in argument.kind(world):
        caught = outcome(method, owner, world, {name: value})
        if not isinstance(caught, errors):
            wrong.append(f"{shown(value)} gets {caught!r:.300} and not {errors}")
        elif (method.owner, method.name, name) not in WORDS_OF_OTHERS:
            wrong += [f"{shown(value)}: {what}" for what in faults(str(caught))]
    caught = None  # its traceback keeps what the call had made
    assert not wrong, "\n" + "\n".join(wrong)
    assert world.listed() == before
    world.check()


def outcome(method: Method, owner: Any, world: World, changed: dict[str, Any]) -> object:
    """Return the exception of a call, or what it answers."""
    try:
        return method.call(owner, world, **changed)
    except (TypeError, ValueError, LookupError, OSError, RuntimeError, BufferError) as error:
        return error


def faults(message: str) -> Iterator[str]:
    """Yield what is wrong with a message."""
    match = RAW.search(message)
    if match:
        yield f"{match[0]!r} in {message!r:.300}"
    if len(message.split()) < 4:
        yield f"no sentence: {message!r}"
    if len(message) > 2000:
        yield f"{len(message)} letters: {message!r:.300}"
