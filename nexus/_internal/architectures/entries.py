"""What architecture files hold: entries, their products, and live facts laid over them."""

from __future__ import annotations

import functools
import math
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from nexus._internal.architectures import checking
from nexus._internal.architectures.places import File
from nexus.bindings.errors import DeviceInfoError

Entry: TypeAlias = Mapping[str, Any]

MEMORY_TOLERANCE = 0.1  # a driver reports less memory than the vendor sells
MAX_NBYTES = 16 << 20  # of a file; the biggest one of nexus has 60 KiB


def read(file: File) -> Entry:
    """Return what a file holds; one that did not come with nexus is checked first.

    Raises:
        DeviceInfoError: the file cannot be read, is no JSON or breaks the schema; the message says
            where.
    """
    return _read(file.path, _status(file.path).st_mtime_ns, not file.is_own)


@functools.lru_cache(maxsize=256)
def _read(path: str, changed_ns: int, check: bool) -> Entry:
    entry = load(path, is_strict=check)
    if check:
        checking.check(path, entry)
    return entry


def load(path: str | os.PathLike[str], *, is_strict: bool = True) -> Entry:
    """Return the object in a JSON file; a strict reader refuses what JSON does not promise.

    Raises:
        DeviceInfoError: the file cannot be read, is no JSON, or has no object at its top.
    """
    import json  # few programs look an architecture up

    _status(path)
    hooks: dict[str, Any] = {
        "parse_constant": _no_number,
        "parse_float": _finite,
        "object_pairs_hook": _once_each,
    }
    try:
        with open(path, encoding="utf-8") as file:
            entry = json.load(file, **hooks if is_strict else {})
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from None
    except (ValueError, RecursionError) as error:
        raise DeviceInfoError(f"the architecture file {path} is no JSON: {error}") from None
    if not isinstance(entry, dict):
        raise DeviceInfoError(f"the architecture file {path} has no object at its top")
    return entry


def _status(path: str | os.PathLike[str]) -> os.stat_result:
    """Return the status of a file that can be read whole: no pipe that never ends, no device."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from None
    if not stat.S_ISREG(found.st_mode):
        raise _unreadable(path, "it is no regular file")
    if found.st_size > MAX_NBYTES:
        raise _unreadable(path, f"it has {found.st_size} bytes, and at most {MAX_NBYTES} are read")
    return found


def _unreadable(path: str | os.PathLike[str], why: str) -> DeviceInfoError:
    return DeviceInfoError(f"cannot read the architecture file {path}: {why}")


def _no_number(written: str) -> NoReturn:
    raise ValueError(f"{written:.40} is no figure; leave out what is not known")


def _finite(written: str) -> float:
    value = float(written)
    return value if math.isfinite(value) else _no_number(written)


def _once_each(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):  # one of them would be lost
        keys = [key for key, _ in members]
        raise ValueError(f"the member {max(keys, key=keys.count)!r} is there more than once")
    return found


# ---- products ------------------------------------------------------------------------------------


def product(entry: Entry, name: str) -> Entry:
    """Return an entry with one of its products laid over it, under the member `Variant`."""
    variant = {key: value for key, value in entry["Variants"][name].items() if key != "DeviceNames"}
    if "Interconnect" in variant:  # a product has its own links or those of the entry
        entry = {key: value for key, value in entry.items() if key != "Interconnect"}
    laid: dict[str, Any] = laid_over(entry, variant)
    return laid | {"Variant": name}


def variant_of_device(entry: Entry, name: str, n_cores: int, memory_nbytes: int) -> str | None:
    """Return the product that a device is: by its driver's name for it, else by what it has.

    None when no product, or more than one, is like it.
    """
    wanted, variants = folded(name), _variants(entry)
    named = [
        key
        for key, variant in variants.items()
        if wanted in map(folded, (key, *variant.get("DeviceNames", ())))
    ]
    if len(named) == 1:
        return named[0]
    alike = [
        key
        for key in named or variants
        if variants[key].get("CoreSubsystem", {}).get("Count") == n_cores
        and _is_about(_memory_of(variants[key]), memory_nbytes)
    ]
    return alike[0] if len(alike) == 1 else None


def _variants(entry: Entry) -> Mapping[str, Entry]:
    variants: Mapping[str, Entry] = entry.get("Variants", {})
    return variants


def _memory_of(variant: Entry) -> int | None:
    memories: Sequence[Entry] = variant.get("MemorySubsystem", {}).get("MemoryTypes", ())
    return memories[-1].get("Size") if memories else None


def _is_about(known: int | None, found: int) -> bool:
    # Without a known size the count alone would decide, and a part of a machine has any count.
    return known is not None and abs(known - found) <= known * MEMORY_TOLERANCE


def folded(name: str) -> str:
    """Return a name as names are compared: without case, with single spaces."""
    return " ".join(name.split()).casefold()


# ---- one value over another ----------------------------------------------------------------------


def laid_over(base: Any, top: Any) -> Any:
    """Return `top` over `base`: objects member by member, lists of objects item by item."""
    if isinstance(base, Mapping) and isinstance(top, Mapping):
        members = {key: laid_over(base[key], top[key]) for key in base.keys() & top.keys()}
        return {key: members.get(key, top.get(key, base.get(key))) for key in {**base, **top}}
    if _are_objects(base) and _are_objects(top):
        shorter = min(len(base), len(top))
        both = [laid_over(*pair) for pair in zip(base, top, strict=False)]
        return [*both, *base[shorter:], *top[shorter:]]
    return top


def live_over(base: Any, live: Any) -> Any:
    """Return what a device answers over what is known of its kind.

    Lists of objects that have a Type are matched by it: a device may not see every cache.
    """
    if isinstance(base, Mapping) and isinstance(live, Mapping):
        members = {key: live_over(base[key], live[key]) for key in base.keys() & live.keys()}
        return {key: members.get(key, live.get(key, base.get(key))) for key in {**base, **live}}
    if _are_objects(base) and _are_objects(live):
        return _by_type(base, live)
    return live


def _by_type(base: Sequence[Entry], live: Sequence[Entry]) -> list[Entry]:
    known = [item.get("Type") for item in base]
    if not {item.get("Type") for item in live} <= set(known):
        return [*live]  # it is built otherwise than the entry says
    seen = {item.get("Type"): item for item in live}
    return [live_over(item, seen.get(item.get("Type"), {})) for item in base]


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def names_of(entry: Entry) -> Iterable[str]:
    """Yield every name under which a look-up finds an entry, besides the name of its file."""
    yield from (entry["Architecture"], entry["Name"])
    yield from entry.get("Aliases", ())
