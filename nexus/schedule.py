"""Schedules: commands that are recorded once and run many times."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nexus._internal import arguments, scalars
from nexus._internal.event import checked_value
from nexus._internal.handle import adopt
from nexus._internal.launch import CommandBase, ScheduleBase, argument_index
from nexus._internal.run import Run
from nexus.bindings import nxs

if TYPE_CHECKING:
    from typing_extensions import Buffer as SupportsBuffer

    from nexus._internal.dtypes import DTypeLike
    from nexus.buffer import Buffer
    from nexus.event import Event
    from nexus.library import Kernel
    from nexus.stream import Stream

__all__ = ["Command", "Run", "Schedule"]

Size: TypeAlias = int | Sequence[int]

_STRUCT = (bytes, bytearray, np.void)


class Schedule(ScheduleBase):
    """Commands of one device, run in the order in which they were recorded.

    Recording more, setting arguments again and finalizing again are legal at any time; the next
    run sees them. Runs of one schedule never overlap, on whatever streams.

    >>> import nexus, numpy as np
    >>> device = nexus.device("cpu")
    >>> library = device.compile('''
    ... #include <nexus/kernel.h>
    ... NXS_KERNEL(increment, inout(int, x)) { x[nxs_global_id(0)] += 1; }
    ... ''')
    >>> buffer = device.create_buffer(np.zeros(4, np.int32))
    >>> schedule = device.create_schedule()
    >>> command = schedule.create_command(library.get_kernel("increment"))
    >>> command.set_buffer(0, buffer)
    >>> command.finalize(2, 4)
    >>> schedule.run()
    >>> schedule.run()
    >>> buffer.numpy().tolist()
    [2, 2, 2, 2]
    """

    __slots__ = ()

    def create_command(self, kernel: Kernel) -> Command:
        """Record a launch of a kernel. Set its arguments and finalize it before the next run."""
        return self._dispatch(Command, kernel)

    def create_signal_command(self, event: Event, value: int = 1) -> Command:
        """Record a signal: when everything before it is done, the event rises to `value`."""
        return self._signal_or_wait(Command, event, value, True)

    def create_wait_command(self, event: Event, value: int = 1) -> Command:
        """Record a wait: what follows runs once the event is at least `value`.

        The run may be submitted before anything that signals the event.
        """
        return self._signal_or_wait(Command, event, value, False)

    def create_copy_command(
        self,
        source: Buffer,
        target: Buffer,
        nbytes: int | None = None,
        *,
        source_offset: int = 0,
        target_offset: int = 0,
    ) -> Command:
        """Record a copy between buffers; `set_buffer` 0 and 1 replace source and target later.

        Args:
            source: buffer to copy from.
            target: buffer to copy into.
            nbytes: how many bytes; None: up to the end of the source.
            source_offset: first byte in the source.
            target_offset: first byte in the target.
        """
        where = self._handle_of(source, "source"), self._handle_of(target, "target")
        target._check_writable("copied into")
        first, n = scalars.extent(source, source_offset, nbytes, "the source")
        place, n = scalars.extent(target, target_offset, n, "the target")
        handle = self._call(nxs.create_copy_command, where[0], first, where[1], place, n)
        return adopt(Command, self, handle)

    def create_fill_command(
        self,
        buffer: Buffer,
        value: Any,
        dtype: DTypeLike = None,
        *,
        offset: int = 0,
        nbytes: int | None = None,
    ) -> Command:
        """Record a fill of a buffer with one value; `set_buffer` 0 replaces the buffer later.

        Args:
            buffer: buffer to fill.
            value: a number, or the bytes of a pattern of 1, 2, 4, 8 or 16 bytes.
            dtype: type of the number; None: that of the buffer.
            offset: first byte.
            nbytes: how many bytes; None: up to the end of the buffer.
        """
        where = self._handle_of(buffer, "buffer")
        buffer._check_writable("filled")
        pattern = scalars.pattern(value, dtype, buffer.element)
        first, n = scalars.extent(buffer, offset, nbytes, "the buffer")
        handle = self._call(nxs.create_fill_command, where, first, n, pattern)
        return adopt(Command, self, handle)

    def run(
        self, stream: Stream | None = None, blocking: bool = True, *, timing: bool = False
    ) -> Run | None:
        """Run the commands, with what is set now.

        Args:
            stream: None: the default stream of the device.
            blocking: wait until the run is finished; Ctrl-C works.
            timing: take the time of the run and of each command.

        Returns:
            the Run when not blocking, else None.

        Raises:
            ExecutionError: a kernel failed, or what was waited for has failed.
            InvalidArgumentError: an argument was not set.
            NexusError: a command was not finalized.
        """
        return self._run(stream, blocking, timing)

    @property
    def elapsed_ms(self) -> float:
        """How long the newest finished run took that was run with `timing=True`."""
        return self.get_property_flt("ElapsedTime")

    @property
    def status(self) -> str:
        """`recording`, `ready`, `running`, `complete` or `failed`."""
        return self.get_property_str("Status")


class Command(CommandBase):
    """One step of a schedule: a launch of a kernel, a signal, a wait, a copy or a fill.

    It stays recorded when this object goes.

    >>> import nexus
    >>> device = nexus.device("cpu")
    >>> schedule, event = device.create_schedule(), device.create_event()
    >>> command = schedule.create_signal_command(event, 2)
    >>> schedule.run()
    >>> command.set_value(3)
    >>> schedule.run()
    >>> event.value
    3
    """

    __slots__ = ()

    def set_buffer(self, index: int, buffer: Buffer | Any) -> None:
        """Set a buffer as an argument; the next run sees it.

        The command keeps the buffer until it is replaced. On a device that shares the host's
        memory an array may be given as well: it is borrowed, the kernel works in it, and it is kept
        for as long as the command or a run needs it.

        Args:
            index: of the argument, from 0.
            buffer: a buffer of this runtime, or an array (NumPy, or any with DLPack).

        Raises:
            InvalidArgumentError: there is no such argument, or it is a value.
            TypeError: not a buffer, or an array that the device cannot use in place.
            ValueError: of another runtime; or read-only, where the kernel writes.
        """
        self._set_buffer(index, buffer)

    def set_scalar(self, index: int, value: Any, dtype: DTypeLike = None) -> None:
        """Set a number as an argument, by value; the next run sees it.

        Args:
            index: of the argument, from 0.
            value: a NumPy scalar, which has a type; or a Python number.
            dtype: type of the number; None: the NumPy scalar's, else the kernel's own.

        Raises:
            TypeError: its type is not the kernel's, or is not known.
            ValueError: the number does not fit the type.
            InvalidArgumentError: there is no such argument, or it is a buffer.
        """
        if dtype is None and self._set_number(index, value):
            return
        _ = self.handle  # a closed command says that it is closed
        place = argument_index(index)
        self._set_value(place, arguments.packed(self.kernel, place, value, dtype))

    def set_struct(self, index: int, value: SupportsBuffer) -> None:
        """Set the bytes of a struct as an argument, by value; the next run sees it.

        Args:
            index: of the argument, from 0.
            value: bytes, a ctypes structure, a NumPy record, or anything with a buffer.
        """
        _ = self.handle  # a closed command says that it is closed
        self._set_value(index, scalars.struct_bytes(value))

    def set_arguments(self, *values: Any) -> None:
        """Set every argument from the first on: buffers, arrays, numbers, bytes of structs."""
        self._set_arguments(values)

    def _set_other(self, index: int, value: Any) -> None:
        if isinstance(value, _STRUCT):
            self.set_struct(index, value)
        elif scalars.is_number(value):
            self.set_scalar(index, value)
        else:
            self.set_buffer(index, value)

    def set_value(self, value: int) -> None:
        """Set the value of a signal or wait command; the next run sees it."""
        self.get_event()
        self._set_value(0, checked_value(value).to_bytes(8, sys.byteorder))

    def finalize(self, group_size: Size, grid_size: Size, *, group_memory: int = 0) -> None:
        """Set the group and the grid of a launch. May be called again; the next run sees it.

        Args:
            group_size: work-items in a group; an int, or up to three.
            grid_size: work-items in total (not groups), likewise; the group need not divide it.
            group_memory: bytes of group memory for each group.

        Raises:
            ValueError: a size is not positive, too large, or not what the kernel was made for.
        """
        self._finalize(group_size, grid_size, group_memory)

    @property
    def elapsed_ms(self) -> float:
        """How long the command took in the newest finished run that was timed."""
        return self.get_property_flt("ElapsedTime")
