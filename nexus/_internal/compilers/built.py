"""Libraries that the driver of a device builds of source, kept as what it made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from nexus._internal import compilers, logs
from nexus._internal.compilers import cached, folder, headers, sources
from nexus._internal.compilers.container import Container
from nexus._internal.compilers.options import CompileOptions, Compiler, CompileResult, Options
from nexus._internal.compilers.sources import Source
from nexus.bindings.errors import CompileError, InvalidArgumentError, NexusError

if TYPE_CHECKING:
    from nexus.device import Device
    from nexus.library import Library

    Load: TypeAlias = Callable[[bytes], Library]  # of a device

_WHICH = ("Platform", "Version", "Vendor", "Name", "DriverVersion")

# Drivers that compile every kernel for its binary, and else each that is launched (PoCL: 0.05 s of
# a processor each), with how many kernels a library may have that this is done for. What such a
# driver builds it also keeps itself.
_MOST_KERNELS = {"Portable Computing Language": 8}


def from_source(device: Device, load: Load, source: Source, options: Options) -> Library:
    """Return the library that the driver of a device builds of a source, or built before.

    Raises:
        CompileError: it does not compile.
    """
    compiler = compilers.get(device.runtime.get_property_str("Compiler"))
    names = sources.names_of(source, CompileOptions.of(options).name)
    return _library(_Driver(device, load, compiler, names, source), options)


def from_container(device: Device, load: Load, contained: Container, name: str) -> Library:
    """Return the library of what `nexus compile` or the cache wrote: the driver takes it.

    Raises:
        CompileError: it does not compile.
    """
    if b"\0" in contained.binary:  # no source: the driver's own, as the cache keeps it
        return load(contained.binary)
    compiler = _AsItIs(device.runtime.get_property_str("Compiler"), contained)
    return _library(_Driver(device, load, compiler, [name], contained.binary), None)


def binary_of(library: Library) -> bytes:
    """Return the binary of a library; none where the driver gives none, or cannot now."""
    try:
        return library.binary
    except NexusError as error:  # the library is there: only the next process misses something
        logs.info("not kept: %s", error)
        return b""


def _library(driver: _Driver, options: Options) -> Library:
    result = cached.compile(driver, driver.source, options)
    if driver.library:
        return driver.library
    try:
        return driver.load(result.binary)
    except InvalidArgumentError as error:  # another driver of the same name and version
        logs.info("not used: %s", error)
    cached.compile(driver, driver.source, options, anew=True)
    assert driver.library
    return driver.library


class _AsItIs:
    """Stands for the compiler that made what a container holds."""

    def __init__(self, name: str, contained: Container) -> None:
        self.name = name
        self._includes = () if contained.facts.get("Includes") == [] else None

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        """Return what was given."""
        del options, arch
        assert isinstance(source, bytes)
        return CompileResult(source, "", ("clBuildProgram",), self._includes)


class _Driver:
    """A driver as a compiler whose work can be kept.

    Attributes:
        name: of the compiler.
        load: has the driver load, and build what is no binary.
        source: of one library; where there are several by name, headers beside each are found.
        library: what was built; None: nothing was, since its binary was kept.
    """

    def __init__(
        self,
        device: Device,
        load: Load,
        compiler: Compiler,
        names: Sequence[str],
        source: Source,
    ) -> None:
        self.name = compiler.name
        self.load = load
        self.source = source
        self.library: Library | None = None
        self._device = device
        self._compiler = compiler
        self._names = names

    def depends_on(self, options: CompileOptions) -> Hashable:
        """Return what tells this device and its driver from others, and where sources are files."""
        del options
        files: Sequence[str] = ()
        if isinstance(self.source, Mapping):
            files = tuple(os.path.abspath(name) for name in self._names if os.path.isfile(name))
        return (files, *(self._device.get_property_str(name) for name in _WHICH))

    def fingerprint(self, options: CompileOptions) -> list[str]:
        """Return what tells the header of kernels from those of other versions."""
        del options
        return [headers.fingerprint()]

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        """Build, and take the binary where it is kept; what has none cannot be."""
        del source  # the same, as one text
        given = self._compiler.compile(self.source, options, arch=arch)
        logs.debug("built for %s: %s", self._device.spec, given.command)
        try:
            self.library = self.load(given.binary)
        except CompileError as error:
            from nexus._internal.compilers import diagnostics

            raise diagnostics.of_driver(error, self._names, given.binary, given.command) from None
        is_kept = given.includes is not None and folder.is_ready() and self._is_cheap(self.library)
        binary = binary_of(self.library) if is_kept else b""
        return CompileResult(
            binary,
            self.library.get_property_str("Log"),
            given.command,
            given.includes if binary else None,
            self._device.get_property_str("DriverVersion"),
        )

    def _is_cheap(self, library: Library) -> bool:
        """Whether the driver takes no long time over the binary."""
        platform = self._device.get_property_str("Platform").partition(",")[0]
        most = _MOST_KERNELS.get(platform)
        return most is None or len(library.kernels) <= most
