"""A set of properties: those an object answers live, over what is known of its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nexus._internal import property_path
from nexus._internal.architectures.entries import live_over
from nexus._internal.live import Live
from nexus._internal.property_path import Key
from nexus.bindings.errors import PropertyNotFoundError


class Properties(Mapping[str, Any]):
    """Properties by name, enum member or path; read anew each time they are asked for.

    What the device itself answers comes first. What it does not know is looked up in the entry of
    the device library, when there is one.

    >>> import nexus
    >>> info = nexus.device("cpu").get_info()
    >>> info.get_str("Type")
    'cpu'
    >>> info.get_int(["MemorySubsystem", "MemoryTypes", 1, "Size"]) > 0  # the L2 cache, in bytes
    True
    """

    __slots__ = ("_entry", "_live")

    def __init__(self, live: Live | None = None, entry: Mapping[str, Any] | None = None) -> None:
        if not isinstance(live, Live | None) or not isinstance(entry, Mapping | None):
            raise TypeError(
                "Properties are made by device.get_info() and nexus.lookup_device_info(name)"
            )
        self._live = live
        self._entry = entry or {}

    def get_str(self, key: Key) -> str:
        """Return a property as a string.

        Args:
            key: a name, an enum member of `nexus.property`, or a list of names and numbers that
                leads into nested data.

        Raises:
            PropertyNotFoundError: there is no such property; the message lists those there are.
            PropertyTypeError: the property is of another type; the message names its getter.
        """
        return str(property_path.typed(self._find(key), "str", key))

    def get_int(self, key: Key) -> int:
        """Return a property as an integer; see `get_str`."""
        return int(property_path.typed(self._find(key), "int", key))

    def get_flt(self, key: Key) -> float:
        """Return a property as a float; see `get_str`."""
        return float(property_path.typed(self._find(key), "flt", key))

    def get_str_vec(self, key: Key) -> list[str]:
        """Return a property as a list of strings; see `get_str`."""
        return list(property_path.typed(self._find(key), "str_vec", key))

    def get_int_vec(self, key: Key) -> list[int]:
        """Return a property as a list of integers; see `get_str`."""
        return list(property_path.typed(self._find(key), "int_vec", key))

    def get_flt_vec(self, key: Key) -> list[float]:
        """Return a property as a list of floats; see `get_str`."""
        return list(property_path.typed(self._find(key), "flt_vec", key))

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as it is now: plain dicts, lists, strings and numbers."""
        return {name: _copied(self._find(name)) for name in self}

    def _find(self, key: Key) -> Any:
        steps = property_path.steps_of(key)
        name = property_path.member_name(steps[0])
        if self._live is None:
            return property_path.walk(self._entry, steps)
        if not isinstance(name, str) or name not in self._entry:
            return self._live.get_property(key)
        try:
            live = self._live.get_property(steps[0])
        except PropertyNotFoundError:
            return property_path.walk(self._entry, steps)
        return property_path.walk(live_over(self._entry[name], live), steps[1:], steps[:1])

    def __getitem__(self, key: Key) -> Any:
        return _copied(self._find(key))

    def __contains__(self, key: object) -> bool:
        try:
            self._find(key)  # type: ignore[arg-type]  # what is no key is not in here
        except (PropertyNotFoundError, TypeError, ValueError):
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        live = self._live.property_names() if self._live is not None else {}
        yield from live
        yield from (name for name in self._entry if name not in live)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        of = "a device library entry" if self._live is None else repr(self._live)
        return f"<Properties of {of}>"


def _copied(value: Any) -> Any:
    """Return a copy: an entry is read once and is the same for all who ask."""
    if isinstance(value, Mapping):
        return {name: _copied(member) for name, member in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
