"""Says of a library that a device refused what it is and for which architecture."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import NamedTuple

from nexus._internal.inspecting.formats import Identity, identify
from nexus._internal.inspecting.source import Source
from nexus.bindings.enums import Status
from nexus.bindings.errors import (
    BinaryFormatError,
    CompileError,
    InvalidArgumentError,
    NexusError,
)


class Taker(NamedTuple):
    """What refused a library.

    Attributes:
        spec: of the device, "cpu:0".
        architecture: of the device.
        kinds: the kinds of binary that its runtime takes.
    """

    spec: str
    architecture: str
    kinds: Sequence[str]


def explained(error: InvalidArgumentError, given: object, taker: Taker) -> InvalidArgumentError:
    """Return the exception, with what the library is where that is the reason.

    Args:
        error: as the runtime raised it.
        given: a path, or the bytes.
        taker: the device.
    """
    if error.status != Status.InvalidBinary:
        return error
    found = _identity(given)
    if found is None or not _is_foreign(found, taker):
        return error
    takes = f"{taker.spec} ({taker.architecture}) takes {' and '.join(taker.kinds)}"
    message = f"{error.message}; it is {found.text}, and {takes}"
    return InvalidArgumentError(message, error.status, error.function, error.runtime, error.device)


def of_source(error: CompileError, given: object, taker: Taker) -> NexusError:
    """Return the exception for a library that a driver took for source, and could not compile.

    Drivers take any text for source, PTX too.
    """
    place = (error.function, error.runtime, error.device)
    found = _identity(given)
    if found and found.kind and found.kind not in taker.kinds:
        title = given if isinstance(given, str) else "the library in memory"
        takes = f"{taker.spec} ({taker.architecture}) takes {' and '.join(taker.kinds)}"
        refused = f"cannot load {title}: it is {found.text}, and {takes}"
        return InvalidArgumentError(refused, Status.InvalidBinary, *place)
    if found and found.kind:
        return error
    head, _, log = error.message.partition("\n")
    advice = "; source that includes headers is for device.compile"
    said = "\n".join(filter(None, [head + advice, log]))
    return CompileError(said, error.status, *place, log=log)


def _identity(given: object) -> Identity | None:
    """Return what a file or bytes are; None: they cannot be read."""
    if not isinstance(given, str):
        return identify(Source.of_bytes(memoryview(given).tobytes()))  # type: ignore[arg-type]  # was loaded as bytes
    try:
        descriptor = os.open(given, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        return identify(Source.of_file(descriptor, given))
    except (OSError, BinaryFormatError):
        return None
    finally:
        os.close(descriptor)


def _is_foreign(found: Identity, taker: Taker) -> bool:
    """Whether a library is of another kind than is taken, or for none of what is here."""
    if not found.kind:
        return False
    if found.kind not in taker.kinds:
        return True
    here = platform.machine() if found.kind == "elf" else taker.architecture
    return bool(found.architectures) and here not in found.architectures
