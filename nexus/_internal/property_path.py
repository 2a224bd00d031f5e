"""Keys of properties: a name, an enum member, a number, or a path of these into nested data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from nexus.bindings._internal.words import counted, kind, shown
from nexus.bindings.enums import Property
from nexus.bindings.errors import PropertyNotFoundError, PropertyTypeError

Step: TypeAlias = str | int
Key: TypeAlias = Step | Sequence[Step]

# What the getters `get_int`, `get_str_vec`, ... return; bool is the JSON true of a nested value.
_TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "flt": (float, int)}
_WORDS = {"str": "a string", "int": "an integer", "flt": "a number"}


def steps_of(key: Key) -> tuple[Step, ...]:
    """Return a key as the steps of a path.

    >>> steps_of("Name"), steps_of(["MemoryTypes", 1, "Size"])
    (('Name',), ('MemoryTypes', 1, 'Size'))

    Raises:
        TypeError: the key, or a step of it, is neither a string nor an integer.
        ValueError: the path is empty.
    """
    steps: tuple[object, ...] = tuple(key) if isinstance(key, list | tuple) else (key,)
    if not steps:
        raise ValueError("a property path has at least one step and this one is empty")
    for step in steps:
        if not isinstance(step, str | int) or isinstance(step, bool):
            raise TypeError(
                f"a property key is a name, an enum member, an integer, or a list of these; "
                f"{shown(step)} is {kind(step)}"
            )
    return steps  # type: ignore[return-value]  # checked step by step


def walk(value: Any, steps: Sequence[Step], walked: Sequence[Step] = ()) -> Any:
    """Follow `steps` into nested data; `walked` is the path that led to it.

    Raises:
        PropertyNotFoundError: there is no such member; the message lists those that are there.
    """
    walked = [*walked]
    for step in steps:
        name = getattr(step, "name", step)
        if isinstance(value, Mapping):
            name = member_name(name)
            if name not in value:
                _missing(walked, name, value)
            value = value[name]
        elif isinstance(value, list | tuple) and not isinstance(step, str):
            if not 0 <= step < len(value):
                where = f"{path_text(walked)} has {counted(len(value), 'item')}"
                raise PropertyNotFoundError(f"cannot read item {shown(int(step))}: {where}")
            value = value[step]
        else:
            what = f"{path_text(walked) if walked else 'it'} is {shown(value)}"
            raise PropertyNotFoundError(
                f"cannot read {shown(name)} of it: {what}, which has no members"
            )
        walked.append(name)
    return value


def member_name(step: Step) -> Step:
    """Return the name behind a property id: members of an object are named, items are counted."""
    if isinstance(step, str) or step not in set(Property):
        return step
    return Property(step).name


def _missing(walked: Sequence[Step], name: object, members: Iterable[str]) -> NoReturn:
    where = f"{path_text(walked)} has no" if walked else "there is no property"
    raise PropertyNotFoundError(f"{where} {shown(name)}; {suggestion(name, members)}")


def suggestion(name: object, known: Iterable[str]) -> str:
    """Return a remedy for an unknown name: a close match, and everything that is there."""
    present = sorted(known)
    return f"{close_matches(name, present)}there are: {', '.join(present) or 'none'}"


def close_matches(name: object, known: Iterable[str]) -> str:
    """Return a question that offers the known name closest to an unknown one; empty: none is."""
    import difflib  # for messages only

    folded = {each.casefold(): each for each in known}
    wanted = name[:80].casefold() if isinstance(name, str) else shown(name)
    close = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.5)
    return f"did you mean {folded[close[0]]!r}? " if close else ""


def path_text(steps: Sequence[Step]) -> str:
    """Return a path for a message.

    >>> path_text(["MemoryTypes", 1, "Size"])
    'MemoryTypes[1].Size'
    """
    text = ""
    for step in steps:
        name = getattr(step, "name", step)
        text += f"[{name}]" if isinstance(name, int) else f".{name}"
    return text.removeprefix(".")


def typed(value: Any, kind: str, key: Key) -> Any:
    """Return `value` when it is of the type that `get_<kind>` returns.

    Inside nested data an integer also answers `flt` and true answers `int`, because JSON tells
    them apart by how they were written; a property itself has one type.

    Raises:
        PropertyTypeError: it is of another type; the message names the getter to use.
    """
    steps = steps_of(key)
    base, is_vector = kind.removesuffix("_vec"), kind.endswith("_vec")
    if is_vector and isinstance(value, list) and all(_is(v, base, steps) for v in value):
        return [float(v) for v in value] if base == "flt" else list(value)
    if not is_vector and _is(value, base, steps):
        return float(value) if base == "flt" else int(value) if base == "int" else value
    wanted = f"a list, each item {_WORDS[base]}" if is_vector else _WORDS[base]
    raise PropertyTypeError(
        f"cannot read {path_text(steps)} as {wanted}: it is {describe(value)}{_remedy(value)}"
    )


def _is(value: object, base: str, steps: Sequence[Step]) -> bool:
    if base == "flt" and len(steps) == 1:
        return isinstance(value, float)
    return isinstance(value, _TYPES[base])


def describe(value: object) -> str:
    """Return what a value is, in words for a message."""
    if isinstance(value, Mapping):
        return f"an object with the members {', '.join(map(str, value))}"
    if isinstance(value, list):
        first = f", the first {describe(value[0])}" if value else ""
        return f"a list of {counted(len(value), 'item')}{first}"
    return f"the {type(value).__name__} {shown(value)}"


def _remedy(value: object) -> str:
    """Return which getter answers."""
    first = value[0] if isinstance(value, list) and value else value
    suffix = "_vec" if isinstance(value, list) else ""
    for base, word in (("int", int), ("flt", float), ("str", str)):
        if isinstance(first, word):
            return f"; use the getter of {base}{suffix}"
    return "; name a member of it with a longer path" if value else ""
