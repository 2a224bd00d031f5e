"""Runtimes: one backend each, with the devices it drives."""

from __future__ import annotations

import os
from typing import Any

from nexus._internal import checks
from nexus._internal.handle import RuntimeBase, make_device, make_runtime
from nexus.bindings import nxs
from nexus.bindings._internal.words import counted, shown
from nexus.bindings.errors import NexusError
from nexus.device import Device

_MAX_DEVICES = 65536  # of one runtime; far above any machine, and still a list


class Runtime(RuntimeBase):
    """A backend that was loaded. It is there once, and stays until the process ends.

    >>> import nexus
    >>> runtime = nexus.get_runtime("cpu")
    >>> runtime.name, runtime.get_devices()
    ('cpu', [<Device cpu:0>])
    """

    __slots__ = ("_devices",)

    _devices: dict[int, Device]

    def get_devices(self) -> list[Device]:
        """Return the devices of this runtime, by their ordinals."""
        return [self.get_device(ordinal) for ordinal in range(self.n_devices)]

    @property
    def n_devices(self) -> int:
        """How many devices there are."""
        n_devices = self.get_property_int("Size")
        if not 0 <= n_devices <= _MAX_DEVICES:
            raise NexusError(
                f"runtime {self.name} says that it has {n_devices} devices; mend its plugin"
            )
        return n_devices

    def get_device(self, id: int = 0) -> Device:
        """Return one device.

        Args:
            id: its ordinal, from 0.

        Raises:
            IndexError: there is no such device.
        """
        device = self._devices.get(id) if type(id) is int else None
        return self._found(id) if device is None else device

    def _found(self, id: object) -> Device:
        ordinal = checks.whole(id, "id", "it is an int from 0")
        n_devices = self.n_devices
        if not 0 <= ordinal < n_devices:
            there = f"runtime {self.name} has {counted(n_devices, 'device')}"
            raise IndexError(f"{there} and no device {shown(ordinal)}")
        return self._devices.setdefault(ordinal, make_device(Device, self, ordinal))

    def __reduce__(self) -> tuple[Any, ...]:  # type: ignore[override]  # what is here once is named
        if nxs.load_runtime(self.name) == self.runtime_number:
            return load, (self.name,)
        return load, (nxs.runtime_path(self.runtime_number),)  # the second of this name

    def __repr__(self) -> str:
        return f"<Runtime {self.name}>"


_runtimes: dict[int, Runtime] = {}  # by number; a runtime is never unloaded


def load(name_or_path: str | os.PathLike[str]) -> Runtime:
    """Return the runtime of this name or file, loaded now if it was not.

    Raises:
        BackendUnavailableError: it is not there, or cannot be used; the message says why.
    """
    return of_number(nxs.load_runtime(name_or_path))


def of_number(number: int) -> Runtime:
    """Return the runtime that the low-level bindings call by this number."""
    known = _runtimes.get(number)
    if known is None:
        made = make_runtime(Runtime, number, nxs.runtime_name(number))
        made._devices = {}
        known = _runtimes.setdefault(number, made)
    return known
