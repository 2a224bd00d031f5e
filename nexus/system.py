"""The machine as a whole: which runtimes and devices it has, and what is known of others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, SupportsIndex, overload

from nexus import runtime as runtimes
from nexus._internal import checks, device_filter
from nexus._internal.dtypes import DTypeLike
from nexus._internal.paths import include_dir
from nexus.bindings import nxs
from nexus.bindings._internal.words import counted, kind, shown
from nexus.bindings.errors import BackendUnavailableError, NexusError
from nexus.buffer import Buffer
from nexus.device import Device
from nexus.device_info import DeviceLibrary
from nexus.properties import Properties
from nexus.runtime import Runtime

DEVICE_VARIABLE = "NEXUS_DEVICE"

_uncounted: dict[str, str] = {}  # runtimes that loaded and do not know their devices: name -> why


def _properties_of(entry: Mapping[str, Any]) -> Properties:
    return Properties(entry=entry)


_device_library = DeviceLibrary(_properties_of)


class RuntimeList(list[Runtime]):
    """Runtimes in their order, found by name as well.

    >>> import nexus
    >>> runtimes = nexus.get_runtimes()
    >>> runtimes["cpu"] is runtimes.get("cpu"), "cpu" in runtimes
    (True, True)
    """

    def get(self, key: SupportsIndex | str) -> Runtime:
        """Return a runtime by its place or its name.

        Raises:
            IndexError: there is no such place.
            KeyError: no runtime of this name is in the list.
        """
        if isinstance(key, str):
            for runtime in self:
                if runtime.name == key:
                    return runtime
            raise KeyError(f"no runtime {shown(key)} is here, only {self.names()}; {_why_not(key)}")
        place = checks.whole(key, "key", "it is the name of a runtime, or its place from 0")
        if not -len(self) <= place < len(self):
            have = f"the list has {counted(len(self), 'runtime')} ({', '.join(self.names())})"
            raise IndexError(f"{have} and none at {shown(place)}")
        return list.__getitem__(self, place)

    def names(self) -> list[str]:
        """Return the names, in order."""
        return [runtime.name for runtime in self]

    @overload
    def __getitem__(self, key: SupportsIndex | str, /) -> Runtime: ...
    @overload
    def __getitem__(self, key: slice, /) -> list[Runtime]: ...
    def __getitem__(self, key: SupportsIndex | str | slice, /) -> Runtime | list[Runtime]:
        return list.__getitem__(self, key) if isinstance(key, slice) else self.get(key)

    def __contains__(self, key: object, /) -> bool:
        return key in self.names() if isinstance(key, str) else list.__contains__(self, key)


def get_runtimes() -> RuntimeList:
    """Return the runtimes that have a device here, the preferred one first.

    Why others are not in the list, `unavailable_runtimes` tells. NEXUS_RUNTIMES names those to
    list, in its order.
    """
    found = RuntimeList()
    for runtime in map(runtimes.of_number, nxs.discover()):
        _uncounted.pop(runtime.name, None)
        try:
            if runtime.n_devices > 0:
                found.append(runtime)
        except NexusError as error:  # one odd plugin is no reason to do without the others
            _uncounted[runtime.name] = f"it does not say how many devices it has: {error}"
    return found


def get_runtime(name: str) -> Runtime:
    """Return a runtime by its name, listed or not.

    Raises:
        BackendUnavailableError: it is not there, or cannot be used; the message says why.
    """
    if not isinstance(name, str):
        raise TypeError(f"name is {kind(name)}; it is the name of a runtime")
    return runtimes.load(name)


def unavailable_runtimes() -> dict[str, str]:
    """Return the runtimes that cannot be used here, and why: name -> one sentence."""
    get_runtimes()
    return _unavailable()


def _unavailable() -> dict[str, str]:
    return nxs.unavailable_runtimes() | _uncounted


def _why_not(name: str) -> str:
    return _unavailable().get(name, "nexus.get_runtime(name) tells more")


def device(spec: str | None = None) -> Device:
    """Return the device that `spec` describes.

    Args:
        spec: a runtime, "cuda" or "cuda:1"; a type, "gpu" or "gpu:1"; properties, "vendor=amd";
            or several of these, joined by commas. None: what NEXUS_DEVICE says, else the first
            device of the first runtime.

    Raises:
        BackendUnavailableError: no device is like that; the message lists those there are.
        ValueError: it is not written like that.
    """
    if spec is not None:
        return _device_like(spec)
    value = os.environ.get(DEVICE_VARIABLE, "")
    try:
        return _device_like(value)
    except BackendUnavailableError as error:
        if not value:
            raise
        raise BackendUnavailableError(
            f"{DEVICE_VARIABLE}={value!r}: {error.message}", error.status, error.function
        ) from None
    except ValueError as error:
        raise ValueError(f"{DEVICE_VARIABLE}={value!r}: {error}") from None


def _device_like(text: str) -> Device:
    wanted = device_filter.parse(text)
    names = [candidate.name for candidate in nxs.find_runtimes()] if wanted.words else []
    for word in wanted.words:
        if word in names:
            return _device_of(get_runtime(word), wanted)
    every = [device for runtime in get_runtimes() for device in runtime.get_devices()]
    found = [device for device in every if wanted.matches(device)]
    if wanted.ordinal < len(found):
        return found[wanted.ordinal]
    raise BackendUnavailableError(_no_device(text, every))


def _device_of(runtime: Runtime, wanted: device_filter.Filter) -> Device:
    try:
        device = runtime.get_device(wanted.ordinal)
    except IndexError as error:
        raise BackendUnavailableError(f"no device is {wanted.text!r}: {error}") from None
    if not wanted.without(runtime.name).matches(device):
        raise BackendUnavailableError(f"no device is {wanted.text!r}: {device.spec} is not")
    return device


def _no_device(text: str, every: list[Device]) -> str:
    what = f"no device and no runtime is {shown(text)}" if text else "no device was found"
    here = ", ".join(f"{device.spec} ({device.name})" for device in every) or "none"
    absent = "; ".join(f"{name}: {why}" for name, why in _unavailable().items())
    return f"{what}; there are: {here}" + (f"; not available: {absent}" if absent else "")


def create_buffer(data: Any, dtype: DTypeLike = None, *, copy: bool = True) -> Buffer:
    """Make a buffer in memory of the system; a source and target for any device.

    It is a buffer of the embedded cpu runtime; see `Device.create_buffer`.

    >>> import nexus
    >>> nexus.create_buffer(1024)
    <Buffer of 1024 bytes, U8 (1024,), on cpu:0>
    """
    return get_runtime("cpu").get_device(0).create_buffer(data, dtype, copy=copy)


def from_dlpack(array: Any) -> Buffer:
    """Return a buffer that is the host memory of another library's array, without a copy."""
    return get_runtime("cpu").get_device(0).from_dlpack(array)


def get_device_info() -> DeviceLibrary[Properties]:
    """Return the device library: what is known of architectures, by name, without any device."""
    return _device_library


def lookup_device_info(name: str, variant: str | None = None) -> Properties:
    """Return what is known of one architecture, or of one product.

    Args:
        name: `<vendor>-<type>-<architecture>`, such as "nvidia-gpu-sm_90"; or the architecture
            alone, another name that people have for it, or a product such as "MI300X"; or both,
            "gfx942/MI300X". Case does not matter.
        variant: a product of that architecture, whose figures are laid over those of the
            architecture. The key `Variant` then has its name.

    Raises:
        KeyError: the library has no such architecture or product, or several; the message names
            close ones, or these.
        DeviceInfoError: the file cannot be read or breaks the schema.
    """
    for argument, value in (("name", name), ("variant", variant)):
        if not isinstance(value, str) and (argument == "name" or value is not None):
            example = "nvidia-gpu-sm_90" if argument == "name" else "H200 SXM"
            raise TypeError(f"{argument} is {kind(value)}; it is such as {example!r}")
    return _device_library.lookup(name, variant)


def get_include() -> str:
    """Return the folder with the C headers of nexus, `nexus/nxs.h` and `nexus/kernel.h`."""
    return str(include_dir())
