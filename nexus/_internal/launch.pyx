# distutils: language = c++
"""Schedules and commands: what a launch goes through, one short C call at a time.

Recording holds the GIL, a run releases it once.
"""

from cpython.long cimport PyLong_AsLong
from libc.stdint cimport int64_t, uint32_t, uint64_t

from nexus._internal.event cimport event_value
from nexus._internal.handle cimport DeviceBase, Handle, adopted, handle_of, is_set
from nexus._internal.kernel cimport size_of
from nexus._internal.memory cimport BufferBase, HostView, view_of, wrap
from nexus._internal.parking cimport park, sweep_some
from nexus._internal.run cimport run_of, stream_of, wait_for
from nexus.bindings cimport cynxs
from nexus.bindings._internal.c cimport (
    NXS_CommandOption_GroupMemoryBytes,
    NXS_Kind_Buffer,
    NXS_Kind_Event,
    NXS_Kind_Kernel,
    NXS_RunFlags_Blocking,
    NXS_RunFlags_Bounded,
    NXS_RunFlags_Timing,
    nxs_dim3,
)
from nexus.bindings._internal.loader cimport check_on

from nexus._internal import arguments, checks, dtypes, host_arrays
from nexus.bindings._internal.words import shown
from nexus.bindings.errors import InvalidArgumentError

cdef enum:
    MOST_INDICES = 0x7FFFFFFF


# ---- arguments ---------------------------------------------------------------------------------

cdef int index_of(object index) except -1:
    """The index of an argument as C takes it; whether it is there, the runtime tells."""
    number = checks.whole(index, "index", "it is an int from 0")
    if not 0 <= number <= MOST_INDICES:
        raise IndexError(f"index is {shown(number)}; arguments are numbered from 0")
    return number


def argument_index(index):
    """Return the index of an argument as an int; whether it is there, the runtime tells."""
    return index_of(index)


# ---- schedules ---------------------------------------------------------------------------------

def make_schedule(type cls not None, DeviceBase device not None):
    """Make an empty schedule."""
    cdef int64_t handle = cynxs.create_schedule(device.runtime_number, <int>device.identity, 0)
    check_on(device.runtime_number, <int>device.identity, handle, "nxsCreateSchedule")
    return adopted(cls, device, handle)


cdef class ScheduleBase(Handle):
    """Commands that are recorded once and run many times."""

    def _dispatch(self, type command_class not None, kernel):
        """Record a dispatch."""
        cdef int64_t own = self.opened()
        cdef int64_t which = handle_of(kernel, NXS_Kind_Kernel, self, "kernel")
        cdef int64_t handle = cynxs.create_command(self.runtime_number, own, which)
        self.checked(handle, "nxsCreateCommand")
        cdef CommandBase command = <CommandBase>adopted(command_class, self, handle)
        command.kernel = kernel
        return command

    def _signal_or_wait(self, type command_class not None, event, value, bint signals):
        """Record a signal or a wait."""
        cdef int64_t own = self.opened()
        cdef int64_t which = handle_of(event, NXS_Kind_Event, self, "event")
        cdef uint64_t number = event_value(value)
        cdef int64_t handle
        if signals:
            handle = cynxs.create_signal_command(self.runtime_number, own, which, number)
        else:
            handle = cynxs.create_wait_command(self.runtime_number, own, which, number)
        self.checked(
            handle,
            "nxsCreateSignalCommand" if signals else "nxsCreateWaitCommand",
        )
        cdef CommandBase command = <CommandBase>adopted(command_class, self, handle)
        command.event = event
        return command

    def _handle_of(self, buffer, str name not None):
        """The handle of a buffer that a command of this schedule writes or reads."""
        self.opened()
        return handle_of(buffer, NXS_Kind_Buffer, self, name)

    def _run(self, stream, blocking, timing):
        """Submit a run; wait for it, or return it."""
        self.opened()
        cdef uint32_t flags = NXS_RunFlags_Timing if is_set(timing, "timing") else 0
        return self.submit(stream, is_set(blocking, "blocking"), flags)

    cdef object submit(self, object stream, bint blocking, uint32_t flags):
        cdef int64_t own = self.opened()
        cdef int64_t where = stream_of(stream, self)
        cdef int64_t named = where or self.device.default_stream()
        cdef int64_t ticket, state = 0
        cdef int runtime = self.runtime_number
        if not blocking:
            with nogil:
                ticket = cynxs.run_schedule(runtime, own, where, flags)
            self.checked(ticket, "nxsRunSchedule")
            return run_of(self.device, stream, ticket)
        flags |= NXS_RunFlags_Blocking | NXS_RunFlags_Bounded
        with nogil:
            ticket = cynxs.run_schedule(runtime, own, where, flags)
            if ticket > 0:
                state = cynxs.wait_run(runtime, named, ticket, 0)
        self.checked(ticket, "nxsRunSchedule")
        if state < 0:  # goes on, or has failed
            wait_for(self, <Handle>stream, ticket)
        sweep_some()
        return None


# ---- commands ----------------------------------------------------------------------------------

cdef class CommandBase(Handle):
    """One step of a schedule."""

    def _set_arguments(self, tuple values):
        """Set every argument: buffers here, all else by the functions of its kind."""
        self.opened()
        for place, value in enumerate(values):
            if isinstance(value, BufferBase):
                self.place_buffer(place, value)
                continue
            if not self.set_number(place, value):
                self._set_other(place, value)

    def _set_number(self, index, value):
        """Set a number of the kernel's own type; False: it is another thing, or does not fit."""
        self.opened()
        return bool(self.set_number(argument_index(index), value))

    cdef int set_number(self, int place, object value) except -1:
        cdef bytes packed = None if self.kernel is None else self.kernel.packed(place, value)
        if packed is None:
            return False
        self.put_value(place, packed, len(packed))
        return True

    def _set_buffer(self, index, buffer):
        """Set a buffer, or host memory that the command then borrows."""
        self.opened()
        cdef int place = index_of(index) if type(index) is not int else quick_index(index)
        if not isinstance(buffer, BufferBase):
            return self.set_host_memory(place, buffer)
        self.place_buffer(place, buffer)

    cdef int place_buffer(self, int place, object buffer) except -1:
        cdef int64_t which, result
        cdef int64_t own = self.opened()
        which = (<BufferBase>buffer).opened()
        if (<BufferBase>buffer).runtime_number != self.runtime_number:
            which = handle_of(buffer, NXS_Kind_Buffer, self, "buffer")  # raises
        if self.kernel is not None:
            self.check_element(place, (<BufferBase>buffer).element)
        if (<BufferBase>buffer).readonly:
            host_arrays.check_not_written(self, place, "buffer")
        result = cynxs.set_command_argument(self.runtime_number, own, place, which)
        if result < 0:
            self.refuse(result, "nxsSetCommandArgument", place, buffer)
        return 0

    cdef int check_element(self, int index, object element) except -1:
        """Refuse a buffer of another type than the kernel's."""
        if not self.kernel.takes(index, element):
            raise arguments.misfit(self.kernel, index, element, self.kernel.elements[index])
        return 0

    cdef int refuse(
        self, int64_t result, const char* function, int index, object given
    ) except -1:
        """Raise what a failed status means, with what the kernel takes there."""
        try:
            self.checked(result, function)
        except InvalidArgumentError as error:
            raise arguments.with_remedy(error, self.kernel, index, given)
        return 0

    cdef int set_host_memory(self, int index, object array) except -1:
        try:
            borrowed = host_arrays.borrow(array, self.device, f"argument {index}")
        except TypeError as error:
            raise arguments.refused_memory(self.kernel, index, array, error) from None
        if self.kernel is not None:
            self.check_element(index, dtypes.element_of(borrowed.dtype))
        if not borrowed.flags.writeable:
            host_arrays.check_not_written(self, index, "array")
        cdef HostView view = view_of(host_arrays.bytes_of(borrowed), borrowed.flags.writeable)
        cdef int64_t handle = wrap(self.device, view)
        cdef int64_t result = cynxs.set_command_argument(
            self.runtime_number, self.identity, index, handle
        )
        park(self.runtime_number, handle, view)
        if result < 0:
            self.refuse(result, "nxsSetCommandArgument", index, array)
        return sweep_some()

    def _set_value(self, index, const unsigned char[::1] value not None):
        """Set the bytes of a value."""
        cdef int place = index_of(index)
        if value.shape[0] == 0:
            raise ValueError("a value of 0 bytes cannot be an argument")
        self.put_value(place, &value[0], value.shape[0])

    cdef int put_value(self, int place, const unsigned char* value, size_t nbytes) except -1:
        cdef int64_t own = self.opened()
        cdef int64_t result = cynxs.set_command_scalar(
            self.runtime_number, own, place, value, nbytes
        )
        if result < 0:
            self.refuse(result, "nxsSetCommandScalar", place, None)
        return 0

    def _finalize(self, group_size, grid_size, group_memory):
        """Set group, grid and group memory."""
        cdef nxs_dim3 group, grid
        cdef int64_t own = self.opened()
        cdef int64_t result
        size_of(group_size, "group_size", &group)
        size_of(grid_size, "grid_size", &grid)
        if type(group_memory) is not int or group_memory != 0 or self.has_group_memory:
            self.set_group_memory(group_memory)
        result = cynxs.finalize_command(self.runtime_number, own, group, grid)
        self.checked(result, "nxsFinalizeCommand")

    cdef int set_group_memory(self, object group_memory) except -1:
        nbytes = checks.nbytes(group_memory, "group_memory")
        if nbytes == 0 and not self.has_group_memory:
            return 0
        cdef int64_t result = cynxs.set_command_option(
            self.runtime_number, self.identity, NXS_CommandOption_GroupMemoryBytes, nbytes
        )
        self.checked(result, "nxsSetCommandOption")
        self.has_group_memory = nbytes > 0
        return 0

    def get_event(self):
        """Return the event of a signal or wait command.

        Raises:
            TypeError: the command is neither.
        """
        self.opened()
        if self.event is None:
            raise TypeError(f"{self!r} is no signal and no wait command: it has no event")
        return self.event


cdef inline int quick_index(object index) except -1:
    cdef long number = PyLong_AsLong(index) if -1 < index <= MOST_INDICES else -1
    return <int>number if number >= 0 else index_of(index)
