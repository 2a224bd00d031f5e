"""The device library: what is known of architectures, one JSON file each, without any device."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from nexus._internal import property_path
from nexus._internal.architectures import entries, finding, places
from nexus.bindings._internal.words import shown
from nexus.bindings.errors import DeviceInfoError

Info = TypeVar("Info")


class DeviceLibrary(Mapping[str, Info], Generic[Info]):
    """Architectures by name, `<vendor>-<type>-<architecture>` in lower case.

    The names are those of the files; a file is read when it is first asked for. Files that were
    added, then those of NEXUS_DEVICE_PATH hide those of nexus; other packages only add to them.

    >>> import nexus
    >>> "no-such-architecture" in nexus.get_device_info()
    False
    """

    def __init__(self, make: Callable[[Mapping[str, Any]], Info]) -> None:
        self._make = make

    def __getitem__(self, name: str) -> Info:
        file = places.find(name) if isinstance(name, str) else None
        if file is None:
            hint = property_path.suggestion(name, places.index())
            raise KeyError(f"the device library has no architecture {shown(name)}; {hint}")
        return self._make(entries.read(file))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(places.index()))

    def __len__(self) -> int:
        return len(places.index())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and places.find(name) is not None

    def __repr__(self) -> str:
        return f"<DeviceLibrary of {len(self)} architectures>"

    def lookup(self, name: str, variant: str | None = None) -> Info:
        """Return an architecture by any of its names, or one product of it; see `nexus`."""
        meant = finding.meaning(name)
        product = meant.product
        if variant is not None:
            product = finding.product_named(meant.entry, variant)
        entry = meant.entry if product is None else entries.product(meant.entry, product)
        return self._make(entry)


def add_device_info(path: str | os.PathLike[str]) -> list[str]:
    """Add an architecture file, or a folder of them, to the device library of this process.

    They hide what the library has under the same names.

    Args:
        path: a file named `<vendor>-<type>-<architecture>.json`, or a folder with such files.

    Returns:
        The names of the architectures that were added.

    Raises:
        DeviceInfoError: there is nothing there, or a file breaks the schema; the message has the
            path, and JSON pointer and expectation of each place. Nothing is added then.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is {shown(path)}; it is a str or a Path")
    place = places.Place(os.path.abspath(path), places.ADDED)
    try:
        files = places.files_in(place)
    except (OSError, ValueError) as error:  # ValueError: no path has such characters
        why = getattr(error, "strerror", error)
        raise DeviceInfoError(f"{place.path!r} cannot be read: {why}") from None
    if not files:
        raise DeviceInfoError(f"{place.path} has no file named <vendor>-<type>-<architecture>.json")
    for file in files:
        entries.read(file)
    places.add(place.path)
    return [file.stem for file in files]


def state() -> object:
    """Return what changes whenever a look-up may find another file."""
    return places.state()


def entry_of(vendor: str, kind: str, architecture: str) -> Mapping[str, Any] | None:
    """Return the entry of a device, or None when the library has none."""
    name = f"{vendor}-{kind}-{architecture}".lower().replace(" ", "_")
    file = places.find(name)
    return None if file is None else entries.read(file)


def entry_with_product(
    entry: Mapping[str, Any], name: str, facts: tuple[int, int]
) -> Mapping[str, Any]:
    """Return an entry with the product laid over it that a device is, if it is a known one.

    Args:
        entry: the entry of the device's architecture.
        name: what the driver calls the device.
        facts: its cores, and bytes of its memory.
    """
    variant = entries.variant_of_device(entry, name, *facts)
    return entry if variant is None else entries.product(entry, variant)
