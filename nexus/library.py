"""Libraries of kernels, and the kernels in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from nexus._internal import checks, parking
from nexus._internal.handle import Handle, adopt
from nexus._internal.kernel import KernelBase
from nexus.bindings import nxs
from nexus.bindings._internal.words import counted
from nexus.bindings.enums import KernelFlags
from nexus.bindings.errors import PropertyNotFoundError

if TYPE_CHECKING:
    from nexus.schedule import Run

_DEFAULT_GROUP = 256  # items; a multiple of every warp, wave and vector width


class Argument(NamedTuple):
    """One argument of a kernel, as its source spells it.

    Attributes:
        name: "x".
        type: "float".
        nbytes: of the value, or of one element of the buffer.
        access: "value", or of a buffer "in", "out" or "inout".
    """

    name: str
    type: str
    nbytes: int
    access: str


class Library(Handle):
    """Kernels that were loaded together, from a file or from memory.

    >>> import nexus
    >>> source = '''
    ... #include <nexus/kernel.h>
    ... NXS_KERNEL(twice, inout(float, x)) { x[nxs_global_id(0)] *= 2; }
    ... '''
    >>> nexus.device("cpu").compile(source).kernels
    ['twice']
    """

    __slots__ = ()

    def get_kernel(self, name: str, *, unchecked: bool = False) -> Kernel:
        """Return a kernel by its name.

        Args:
            name: as in the source.
            unchecked: take a function that carries no record of its arguments. Nothing is known
                of it then, so a wrong argument is found by nobody and may crash the process.

        Raises:
            KernelNotFoundError: the library has no such kernel.
        """
        _ = self.handle  # a closed library says that it is closed
        flags = KernelFlags.Unchecked if checks.flag(unchecked, "unchecked") else 0
        return adopt(Kernel, self, self._call(nxs.get_kernel, name, flags))

    @property
    def kernels(self) -> list[str]:
        """The names of the kernels."""
        return self._call(nxs.get_library_kernels)

    @property
    def binary(self) -> bytes:
        """The library as bytes, which `create_library` takes without compiling.

        For the same device and driver: of OpenCL, the driver's binary and what it tells of the
        kernels' arguments.

        Raises:
            NexusError: the runtime keeps none (NotSupported), as that of the CPU.
        """
        return self._call(nxs.get_library_binary)

    def __iter__(self) -> Any:
        raise TypeError("a Library is not iterated; library.kernels has the names")


class Kernel(KernelBase):
    """A function that runs on a device, once for each item of a grid.

    >>> import nexus, numpy as np
    >>> source = '''
    ... #include <nexus/kernel.h>
    ... NXS_KERNEL(scale, val(float, a), inout(float, x)) { x[nxs_global_id(0)] *= a; }
    ... '''
    >>> scale = nexus.device("cpu").compile(source).get_kernel("scale")
    >>> scale.info[0]
    Argument(name='a', type='float', nbytes=4, access='value')
    >>> x = np.arange(4, dtype=np.float32)
    >>> scale(10, x, grid=4)
    >>> x.tolist()
    [0.0, 10.0, 20.0, 30.0]
    """

    __slots__ = ("_fixed", "_info")

    _fixed: Sequence[int]
    _info: list[Argument]

    @property
    def name(self) -> str:
        """The name, as in the source."""
        return self.get_property_str("Name")

    @property
    def info(self) -> list[Argument]:
        """The arguments; empty for a kernel that carries no record of them."""
        try:
            return self._info
        except AttributeError:
            self._info = self._read_info()
            return self._info

    def _read_info(self) -> list[Argument]:
        try:
            records = self.get_property("ArgumentInfo")
        except PropertyNotFoundError:
            return []
        return [Argument(r["name"], r["type"], r["nbytes"], r["access"]) for r in records]

    def close(self) -> None:
        """Give the kernel back now; commands keep it, and go on."""
        if not self.closed:
            _ = self.info  # commands ask for it
        super().close()

    def _record_and_run(
        self, args: tuple[Any, ...], sizes: tuple[Any, Any, Any], stream: Any, blocking: bool
    ) -> Run | None:
        schedule = self.device.create_schedule()
        command = schedule.create_command(self)
        command._set_arguments(args)
        command._finalize(*sizes)
        run = schedule._run(stream, blocking, False)
        del command, schedule
        parking.sweep_some()  # arrays that were used in place
        return run

    def _count_error(self, n: int) -> TypeError:
        names = ", ".join(argument.name for argument in self.info)
        takes = f"{counted(len(self.info), 'argument')} ({names})"
        return TypeError(f"kernel {self.name} takes {takes} and got {n}")

    def _fixed_group(self) -> Sequence[int]:
        try:
            return self._fixed
        except AttributeError:
            self._fixed = self.get_property_int_vec("GroupSize") if self.info else [0]
            return self._fixed

    def _group(self, grid: int | Sequence[int]) -> Sequence[int]:
        fixed = self._fixed_group()
        if fixed[0]:
            return fixed
        items = grid[0] if isinstance(grid, list | tuple) and grid else grid
        return [max(1, min(items, _DEFAULT_GROUP))] if isinstance(items, int) else [1]
