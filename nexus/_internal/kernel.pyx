# distutils: language = c++
"""Kernels. One that is launched once is recorded, run and given back below Python.

What needs a word about it (an error, an array, bytes of a struct, group memory) is left to the
objects that record schedules.
"""

cimport cython
from cpython.long cimport PyLong_AsLong
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memcpy

from nexus._internal.handle cimport Handle
from nexus._internal.memory cimport BufferBase
from nexus._internal.parking cimport sweep_some
from nexus._internal.run cimport run_of, wait_for
from nexus.bindings cimport cynxs
from nexus.bindings._internal.c cimport (
    NXS_Kind_Stream,
    NXS_RunFlags_Blocking,
    NXS_RunFlags_Bounded,
    nxs_dim3,
)

import struct

from nexus._internal import checks, dtypes, host_arrays, scalars
from nexus.bindings._internal.words import shown

cdef object BYTE = dtypes.BYTE

cdef enum:
    MOST_ARGUMENTS = 32
    MOST_BYTES = 16  # of a number
    MOST_ITEMS = 0x7FFFFFFF  # in one dimension of a group or grid

cdef struct Given:
    int64_t buffer  # 0: a number
    size_t nbytes
    unsigned char[MOST_BYTES] value

cdef struct Launch:
    int64_t ticket
    int64_t state
    int runtime
    int device
    int64_t kernel
    int64_t stream
    uint32_t flags
    nxs_dim3 group
    nxs_dim3 grid
    int n_given
    Given[MOST_ARGUMENTS] given


# ---- sizes -------------------------------------------------------------------------------------

cdef int size_of(object size, str name, nxs_dim3* out) except -1:
    """A group or grid: an int, or a sequence of one to three."""
    out.y = out.z = 1
    if type(size) is int:
        out.x = items_of(size, name)
        return 0
    if not isinstance(size, (list, tuple)):
        size = host_arrays.sequence_of_size(size, name)
    if not 1 <= len(size) <= 3:
        raise ValueError(f"{name} is {shown(size)}; it has one to three dimensions")
    out.x = items_of(size[0], name)
    if len(size) > 1:
        out.y = items_of(size[1], name)
    if len(size) > 2:
        out.z = items_of(size[2], name)
    return 0


cdef uint32_t items_of(object n, str name) except 0:
    if type(n) is not int:
        n = checks.whole(n, f"a dimension of {name}", "it is an int")
    if not 1 <= n <= MOST_ITEMS:
        raise ValueError(f"{name} is or contains {shown(n)}; each dimension has 1 to 2**31-1 items")
    return <uint32_t>PyLong_AsLong(n)


# ---- kernels -----------------------------------------------------------------------------------

cdef class KernelBase(Handle):
    """A kernel, with the types of the elements of its buffers."""

    def __cinit__(self, *_, **__):
        self.n_arguments = -1

    @cython.embedsignature(True)  # of a slot nothing else tells it
    def __call__(
        self, *args, grid, group=None, group_memory=0, stream=None, blocking=True
    ):
        """Launch the kernel once.

        For the same launch many times, record a schedule: that costs a fraction.

        Args:
            *args: buffers, arrays that the device can use in place, numbers, or bytes of structs.
            grid: work-items in total, in up to three dimensions.
            group: work-items in a group; None: what the kernel was made for, else up to 256.
            group_memory: bytes of group memory for each group.
            stream: None: the default stream of the device.
            blocking: wait until it is finished.

        Returns:
            the Run when not blocking, else None.

        Raises:
            TypeError: the number of arguments, or the kind of one, is not the kernel's.
        """
        cdef Launch made
        self.opened()
        if self.n_arguments < 0:
            self.n_arguments = len(self.info)
        if self.n_arguments > 0 and len(args) != self.n_arguments:
            raise self._count_error(len(args))
        if group is None:
            group = self._group(grid)
        if type(group_memory) is int and group_memory == 0 and fill_in(
            &made, self, args, stream, blocking
        ):
            size_of(group, "group_size", &made.group)
            size_of(grid, "grid_size", &made.grid)
            if submit(&made):
                return finished(&made, self, <Handle>stream)
        return self._record_and_run(args, (group, grid, group_memory), stream, blocking)

    cdef bytes packed(self, int place, object value):
        """Return the bytes of a number of the kernel's own type that fits, else None."""
        if self.packers is None:
            self.packers = scalars.packers(self.info)
        packer = self.packers[place] if 0 <= place < len(self.packers) else None
        if packer is None:
            return None
        given = type(value)
        if given is packer.numpy:
            return value.tobytes()
        if given is not int and (given is not float or packer.is_integer):
            return None
        try:
            return packer.pack(value)
        except (struct.error, OverflowError):
            return None

    cdef bint takes(self, int index, object element) except -1:
        """Whether a buffer of this type may be an argument; bytes may be any."""
        if self.elements is None:
            self.elements = scalars.buffer_elements(self.info)
        if index >= len(self.elements) or element is BYTE:
            return True
        wanted = self.elements[index]
        return wanted is None or wanted is element or scalars.fits(element, wanted)


cdef bint submit(Launch* made) except -1:
    """Run it, and wait if that is asked for; False: it was refused."""
    made.state = 0
    with nogil:
        made.ticket = record_and_run(made)
        if made.ticket > 0 and made.flags:
            made.state = cynxs.wait_run(made.runtime, made.stream, made.ticket, 0)
    return made.ticket > 0


cdef object finished(Launch* made, KernelBase kernel, Handle stream):
    sweep_some()
    if not made.flags:
        return run_of(kernel.device, stream, made.ticket)
    if made.state < 0:  # goes on, or has failed
        wait_for(kernel, stream, made.ticket)
    return None


cdef bint fill_in(
    Launch* made, KernelBase kernel, tuple args, object stream, object blocking
) except -1:
    """Take what is given; False: not all of it is as simple as that."""
    if len(args) > MOST_ARGUMENTS or (blocking is not True and blocking is not False):
        return False
    made.runtime = kernel.runtime_number
    made.device = <int>kernel.device.identity
    made.kernel = kernel.opened()
    made.flags = NXS_RunFlags_Blocking | NXS_RunFlags_Bounded if blocking is True else 0
    made.n_given = 0
    if stream is None:
        made.stream = kernel.device.default_stream()
    elif isinstance(stream, Handle) and (<Handle>stream).kind == NXS_Kind_Stream and belongs(
        <Handle>stream, kernel
    ):
        made.stream = (<Handle>stream).identity
    else:
        return False
    for value in args:
        if not take(&made.given[made.n_given], kernel, made.n_given, value):
            return False
        made.n_given += 1
    return True


cdef inline bint belongs(Handle value, KernelBase kernel) noexcept:
    return value.identity != 0 and value.runtime_number == kernel.runtime_number


cdef bint take(Given* given, KernelBase kernel, int place, object value) except -1:
    cdef bytes packed
    if isinstance(value, BufferBase):
        given.buffer = (<BufferBase>value).identity
        return (
            belongs(<Handle>value, kernel)
            and not (<BufferBase>value).readonly
            and kernel.takes(place, (<BufferBase>value).element)
        )
    packed = kernel.packed(place, value)
    if packed is None or len(packed) > MOST_BYTES:
        return False
    given.buffer = 0
    given.nbytes = len(packed)
    memcpy(given.value, <const unsigned char*>packed, given.nbytes)
    return True


cdef int64_t record_and_run(Launch* made) noexcept nogil:
    """Answer the ticket of the run, or a status; nothing recorded is left behind."""
    cdef int64_t result, command
    cdef int64_t schedule = cynxs.create_schedule(made.runtime, made.device, 0)
    if schedule < 0:
        return schedule
    command = cynxs.create_command(made.runtime, schedule, made.kernel)
    result = command
    if command > 0:
        result = set_arguments(made, command)
        if result >= 0:
            result = cynxs.finalize_command(made.runtime, command, made.group, made.grid)
        if result >= 0:
            result = cynxs.run_schedule(made.runtime, schedule, made.stream, made.flags)
        cynxs.release_command(made.runtime, command)
    cynxs.release_schedule(made.runtime, schedule)
    return result


cdef int64_t set_arguments(Launch* made, int64_t command) noexcept nogil:
    cdef int64_t result = 0
    cdef int place
    cdef Given* given
    for place in range(made.n_given):
        given = &made.given[place]
        if given.buffer:
            result = cynxs.set_command_argument(made.runtime, command, place, given.buffer)
        else:
            result = cynxs.set_command_scalar(
                made.runtime, command, place, given.value, given.nbytes
            )
        if result < 0:
            break
    return result
