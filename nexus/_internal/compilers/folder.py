"""The folder of compiled libraries: where it is, who may use it, and what is thrown away."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import stat
import tempfile
import time
from collections.abc import Hashable
from pathlib import Path
from typing import NamedTuple

from nexus._internal import logs
from nexus._internal.compilers import environment
from nexus._internal.compilers.container import SUFFIX, Container, DamagedContainerError, unpack
from nexus.bindings.errors import InvalidArgumentError

SWITCH = "NEXUS_CACHE"
PLACE = "NEXUS_CACHE_DIR"
ROOM = "NEXUS_CACHE_SIZE"
_READ = environment.names(SWITCH, PLACE, ROOM)

_DEFAULT_NBYTES = 1 << 30
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_KEPT = 0.8  # of the room, when something has to go
_UNFINISHED = ".unfinished-"
_ABANDONED_S = 3600  # a file that nobody has finished by then
_FRESH_S = 60  # an entry used so short ago need not be marked as used again


class Usage(NamedTuple):
    """What the folder holds."""

    path: str
    n_entries: int
    nbytes: int
    max_nbytes: int


def is_on() -> bool:
    """Whether compiled libraries are kept on disk.

    Raises:
        InvalidArgumentError: the variable says something else than yes or no.
    """
    value = os.environ.get(SWITCH, "")
    if value not in ("", "0", "1"):
        raise InvalidArgumentError(
            f"the variable {SWITCH} is {value!r}; 0 switches the cache off, 1 or nothing on"
        )
    return value != "0"


def place() -> str:
    """Return where the folder is, or will be.

    Raises:
        InvalidArgumentError: the variable names a relative path.
    """
    named = os.environ.get(PLACE, "")
    if not named:
        return _default_place()
    if not os.path.isabs(named):
        raise InvalidArgumentError(
            f"the variable {PLACE} is {named!r}, a relative path, which would be another folder "
            "from another place; give an absolute one"
        )
    return named


@functools.cache
def _default_place() -> str:
    import platformdirs

    return os.path.join(platformdirs.user_cache_dir("nexus", appauthor=False), "compiled")


def max_nbytes() -> int:
    """Return how many bytes the entries may have together.

    Raises:
        InvalidArgumentError: the variable is no size.
    """
    value = os.environ.get(ROOM, "")
    if not value:
        return _DEFAULT_NBYTES
    found = re.fullmatch(r"(\d{1,15})([KMG]?)", value, re.ASCII)
    if not found:
        raise InvalidArgumentError(
            f"the variable {ROOM} is {value!r}; it is a number of bytes, as 500M or 2G"
        )
    return int(found[1]) * _UNITS[found[2]]


def is_ready() -> bool:
    """Whether compiled libraries are kept; if so, a wrong variable is told before any work.

    Raises:
        InvalidArgumentError: a variable of the cache has a value that cannot be meant.
    """
    return _is_ready(environment.values(_READ))


@functools.lru_cache(maxsize=8)
def _is_ready(_: Hashable) -> bool:
    on = is_on()
    if on:
        place(), max_nbytes()
    return on


def read(key: str) -> Container | None:
    """Return the entry of a key; one that is damaged is thrown away."""
    folder = place()
    path = os.path.join(folder, key + SUFFIX)
    try:
        with open(path, "rb") as file:
            _check_is_own(os.fstat(file.fileno()))
            _check_is_own(os.stat(folder))
            data, info = file.read(), os.fstat(file.fileno())
    except OSError:
        return None
    try:
        entry = unpack(data, path)
    except DamagedContainerError as error:
        logs.info("not used: %s", error)
        with contextlib.suppress(OSError):
            os.unlink(path)
        return None
    if time.time() - info.st_mtime > _FRESH_S:
        with contextlib.suppress(OSError):
            os.utime(path)
    return entry


def write(key: str, entry: Container) -> None:
    """Keep an entry, in one step; where that cannot be, say so once and go on."""
    folder = place()
    try:
        _prepare(folder)
        descriptor, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(entry.pack())
            os.replace(unfinished, os.path.join(folder, key + SUFFIX))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(unfinished)
            raise
        _make_room(folder, max_nbytes())
    except OSError as error:
        _complain(folder, f"{error.strerror or error}")


def _prepare(folder: str) -> None:
    os.makedirs(folder, mode=0o700, exist_ok=True)
    _check_is_own(os.stat(folder))


def _check_is_own(info: os.stat_result) -> None:
    """Refuse what others own or can write to, for what lies there is run."""
    if info.st_uid != os.geteuid():
        raise PermissionError(0, f"it belongs to user {info.st_uid}, not to you")
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        mode = stat.S_IMODE(info.st_mode)
        raise PermissionError(0, f"others can write to it (mode {mode:o}); make it {0o700:o}")


@functools.cache
def _complain(folder: str, why: str) -> None:
    logs.warning(
        "compiled libraries are not kept: the folder %s cannot be used: %s. Name another one in "
        "%s, or set %s=0",
        folder,
        why,
        PLACE,
        SWITCH,
    )


class _Entry(NamedTuple):
    used: float
    nbytes: int
    path: str


def _entries(folder: str) -> list[_Entry]:
    found = []
    with os.scandir(folder) as files:
        for file in files:
            if file.name.endswith(SUFFIX) or file.name.startswith(_UNFINISHED):
                with contextlib.suppress(FileNotFoundError):  # another process is faster
                    info = file.stat(follow_symlinks=False)
                    found.append(_Entry(info.st_mtime, info.st_size, file.path))
    return found


def _make_room(folder: str, room: int) -> None:
    """Throw away what was not used for longest, until there is room again."""
    entries = sorted(_entries(folder))
    nbytes = sum(entry.nbytes for entry in entries)
    old = time.time() - _ABANDONED_S
    target = _KEPT * room if nbytes > room else room
    for entry in entries:
        unfinished = os.path.basename(entry.path).startswith(_UNFINISHED)
        if nbytes > target if not unfinished else entry.used < old:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(entry.path)
            nbytes -= entry.nbytes


def usage() -> Usage:
    """Return where the folder is and what it holds."""
    folder = place()
    entries = _entries(folder) if os.path.isdir(folder) else []
    return Usage(folder, len(entries), sum(entry.nbytes for entry in entries), max_nbytes())


def clear() -> Usage:
    """Throw all entries away; return what there was."""
    was = usage()
    if os.path.isdir(was.path):
        for entry in _entries(was.path):
            Path(entry.path).unlink(missing_ok=True)
    return was
