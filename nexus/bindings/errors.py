"""The exceptions of nexus, and the table that says which status raises which.

A message says what was tried with which values, why it failed and what to do; `str()` appends where
it happened: `[nxsCreateBuffer: MemObjectAllocationFailure, cuda:0]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from nexus.bindings.enums import EXCEPTION_NAMES, STATUS_MEANINGS, Status


class NexusError(RuntimeError):
    """A call that failed.

    Attributes:
        message: what was tried, why it failed, what to do.
        status: the status of the C call; an int where this version of nexus does not know it.
        function: the C function, or empty when none was called.
        runtime: the name of the runtime, or empty.
        device: the ordinal of the device, or -1 when the call named none.
    """

    default_status = Status.InvalidOperation

    def __init__(
        self,
        message: str,
        status: Status | int | None = None,
        function: str = "",
        runtime: str = "",
        device: int = -1,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = self.default_status if status is None else status
        self.function = function
        self.runtime = runtime
        self.device = device

    def __str__(self) -> str:
        place = f"{self.runtime}:{self.device}" if self.device >= 0 else self.runtime
        what = f"{self.function}: {status_name(self.status)}" if self.function else ""
        where = ", ".join(filter(None, (what, place)))
        return f"{self.message} [{where}]" if where else self.message

    def __reduce__(self) -> tuple[object, ...]:
        state = (self.message, self.status, self.function, self.runtime, self.device)
        return type(self), state, self.__dict__


class OutOfMemoryError(NexusError, MemoryError):
    """The device or the host has not enough free memory."""

    default_status = Status.OutOfHostMemory


class PropertyNotFoundError(NexusError, KeyError):
    """The object does not have this property."""

    default_status = Status.InvalidProperty


class PropertyTypeError(NexusError, TypeError):
    """The property is there and is of another type than the getter's."""

    default_status = Status.InvalidProperty


class DeviceInfoError(NexusError, ValueError):
    """An architecture file cannot be read or breaks the schema.

    Attributes:
        problems: (JSON Pointer, what was expected) of each place that breaks the schema.
    """

    default_status = Status.InvalidValue

    def __init__(self, message: str, *rest: Any, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message, *rest)
        self.problems = list(problems)


class BinaryFormatError(NexusError, ValueError):
    """A kernel library is of no known format, cut short or damaged.

    Attributes:
        offset: the byte at which something else was expected; None: nowhere in particular.
    """

    default_status = Status.InvalidBinary

    def __init__(self, message: str, *rest: Any, offset: int | None = None) -> None:
        super().__init__(message, *rest)
        self.offset = offset


class MissingFigureError(NexusError, LookupError):
    """A calculation needs a figure that the device library does not have; nothing is guessed."""

    default_status = Status.InvalidProperty


class BackendUnavailableError(NexusError, ImportError):
    """A runtime cannot be used on this machine: no plugin, no driver, no device, other version."""

    default_status = Status.DeviceNotAvailable


class FunctionNotFoundError(NexusError):
    """The plugin does not have this function."""

    default_status = Status.NotSupported


class WaitTimeoutError(NexusError, TimeoutError):
    """The time was over before the thing happened; nothing was changed."""

    default_status = Status.Timeout


class InvalidArgumentError(NexusError, ValueError):
    """An argument has a value that the call cannot take."""

    default_status = Status.InvalidValue


class KernelNotFoundError(NexusError, KeyError):
    """The library has no kernel of this name."""

    default_status = Status.InvalidKernelName


class ClosedError(NexusError, ValueError):
    """The object was closed."""


class CompilerNotFoundError(NexusError):
    """No compiler for this device was found."""

    default_status = Status.CompilerNotAvailable


class ExecutionError(NexusError):
    """A kernel failed while it ran, or what a run waited for has failed."""

    default_status = Status.ExecutionFailed


class DeviceLostError(NexusError):
    """The device failed, and every later call on it fails too."""

    default_status = Status.DeviceLost


class CompileError(NexusError):
    """The source does not compile.

    Attributes:
        log: what the compiler printed.
        command: the command that was run, or empty.
    """

    default_status = Status.BuildProgramFailure

    def __init__(self, message: str, *where: Any, log: str = "", command: str = "") -> None:
        super().__init__(message, *where)
        self.log = log
        self.command = command


EXCEPTIONS: dict[Status, type[NexusError]] = {
    status: globals()[name] for status, name in EXCEPTION_NAMES.items()
}


def as_status(value: int) -> Status | int:
    """`value` as a Status; unchanged where this version of nexus does not know it."""
    try:
        return Status(value)
    except ValueError:
        return value


def status_name(value: int) -> str:
    """`InvalidBuffer`, or `status -1234` where this version of nexus does not know it."""
    status = as_status(value)
    return status.name if isinstance(status, Status) else f"status {value}"


def from_status(value: int, text: str, function: str, runtime: str, device: int) -> NexusError:
    """Make the exception for a failed call; `text` is the plugin's, and may be empty."""
    status = as_status(value)
    if isinstance(status, Status):
        kind, meaning = EXCEPTIONS[status], STATUS_MEANINGS[status]
    else:
        kind, meaning = NexusError, f"The plugin answers {value}, a status nexus does not know."
    return kind(text or meaning.removesuffix("."), status, function, runtime, device)


def missing_function(function: str, runtime: str, path: str) -> NexusError:
    """Make the exception for a function that the plugin does not have."""
    return FunctionNotFoundError(
        f"function {function} is not found in {path}; "
        "use a plugin that has it, or do without what it is for",
        Status.NotSupported,
        function,
        runtime,
    )


def no_runtime(number: int, function: str, loaded: dict[int, str]) -> NexusError:
    """Make the exception for a number that no loaded runtime has; `loaded`: number -> name."""
    present = ", ".join(f"{n}: {name}" for n, name in sorted(loaded.items())) or "none"
    return InvalidArgumentError(
        f"there is no loaded runtime {number} (loaded: {present}); "
        "use the number that load_runtime returned",
        Status.InvalidRuntime,
        function,
    )


def waited(error: WaitTimeoutError, seconds: float) -> WaitTimeoutError:
    """Make `error`, which tells of the last slice of a wait, tell of the whole of it."""
    text, n = re.subn(r"^waited [\d.]+ \w+", f"waited {seconds:g} s", error.message)
    message = text if n else f"waited {seconds:g} s: {error.message}"
    return WaitTimeoutError(message, error.status, error.function, error.runtime, error.device)
