"""The device library: what is known of architectures, one JSON file each, without any device."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from nexus._internal import property_path
from nexus._internal.architectures import entries, places
from nexus.bindings._internal.words import shown
from nexus.bindings.errors import DeviceInfoError

Info = TypeVar("Info")

MOST_OFFERED = 8  # names in a message


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
        entry, named = _find(name)
        chosen = named if variant is None else variant
        return self._make(entry if chosen is None else _product(entry, chosen))


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
    place = Path(os.path.abspath(path))
    try:
        files = places.files_in(place)
    except OSError as error:
        raise DeviceInfoError(f"{shown(path)} cannot be read: {error.strerror}") from None
    if not files:
        raise DeviceInfoError(
            f"{place} is no architecture file and no folder with files named "
            "<vendor>-<type>-<architecture>.json"
        )
    for file in files:
        entries.read(places.File(file, "add_device_info"))
    places.add(place)
    return [file.stem.lower() for file in files]


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


def _product(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    known = entries.variants_named(entry, name)
    if not known:
        hint = property_path.suggestion(name, entry.get("Variants", {}))
        raise KeyError(f"{entry['Name']} has no product {shown(name)}; {hint}")
    return entries.product(entry, known[0])


def _find(name: str) -> tuple[Mapping[str, Any], str | None]:
    """Return the entry that a name means, and its product when the name is a product's."""
    if exact := places.near().get(name.lower()):
        return entries.read(exact), None
    known: list[str] = []
    for files in (places.near(), places.index()):  # the second has to search other packages
        known = [*files]
        if found := _find_in(files.values(), name, known):
            return found
    wanted = entries.folded(name)
    like = [each for each in known if wanted in entries.folded(each)][:MOST_OFFERED]
    hint = f"did you mean one of {like}? " if like else property_path.close_matches(name, known)
    raise KeyError(
        f"the device library has no architecture {shown(name)} and no such product; {hint}it has "
        f"{len(places.index())} architectures: see nexus.get_device_info() or `nexus db list`"
    )


def _find_in(
    files: Iterable[places.File], name: str, known: list[str]
) -> tuple[Mapping[str, Any], str | None] | None:
    """Return what a name means among some files; add every name that is passed to `known`."""
    wanted = entries.folded(name)
    ending = []  # products that are called so without their maker: "MI300X"
    for file in files:
        try:
            entry = entries.read(file)
        except DeviceInfoError:
            continue  # told when it is asked for
        if wanted in map(entries.folded, (file.path.stem, *entries.names_of(entry))):
            return entry, None
        if variants := entries.variants_named(entry, name):
            return entry, variants[0]
        products = [*entry.get("Variants", {})]
        ending += [(entry, key) for key in products if entries.folded(key).endswith(f" {wanted}")]
        known += [*entries.names_of(entry), *products]
    return ending[0] if len(ending) == 1 else None
