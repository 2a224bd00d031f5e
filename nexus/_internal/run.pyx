# distutils: language = c++
"""A run in flight or finished, as a place on the timeline of a stream."""

cimport cython
from libc.stdint cimport int64_t, uint64_t

from nexus._internal.handle cimport DeviceBase, Handle, blank, check_key, handle_of, is_set
from nexus._internal.parking cimport sweep_some
from nexus.bindings cimport cynxs
from nexus.bindings._internal.c cimport (
    NP_ElapsedTime,
    NP_Status,
    NXS_Kind_Stream,
    NXS_RunFlags_Blocking,
    NXS_Timeout,
    NXS_WAIT_FOREVER,
)
from nexus.bindings._internal.convert cimport Deadline, again, check_wait, deadline_of

from nexus.bindings import nxs
from nexus.bindings._internal.words import kind, shown
from nexus.bindings.errors import InvalidArgumentError


cdef uint64_t to_ns(object timeout) except? 1:
    """Nanoseconds of a timeout in seconds; None is no end."""
    if timeout is None:
        return NXS_WAIT_FOREVER
    cdef double seconds
    try:
        if type(timeout) is bool:
            raise TypeError
        seconds = timeout
    except TypeError:
        raise TypeError(
            f"timeout is {kind(timeout)}; give seconds, or None to wait without an end"
        ) from None
    except OverflowError:  # an int beyond every float
        seconds = 1e300 if timeout > 0 else -1
    if not seconds >= 0:
        raise ValueError(f"timeout is {shown(timeout)} seconds; it is 0 or more, or None")
    return NXS_WAIT_FOREVER if seconds > 9e9 else <uint64_t>(seconds * 1e9)


def nanoseconds(timeout):
    """Return the nanoseconds of a timeout in seconds; None is no end."""
    return to_ns(timeout)


cdef int wait_run(int runtime, int64_t stream, int64_t ticket, uint64_t timeout_ns) except -1:
    """Wait in slices, so that Ctrl-C works; raise what the run failed with."""
    cdef Deadline deadline = deadline_of(timeout_ns)
    cdef int64_t result
    while True:
        with nogil:
            result = cynxs.wait_run(runtime, stream, ticket, deadline.slice_ns)
        if not again(&deadline, result):
            break
    check_wait(runtime, result, "nxsWaitRun", &deadline)
    return 0


cdef int wait_for(Handle user, Handle stream, int64_t ticket) except -1:
    """Wait for a run; raise what it failed with. No stream is the default one."""
    cdef int64_t named = user.device.default_stream() if stream is None else stream.identity
    try:
        wait_run(user.runtime_number, named, ticket, NXS_WAIT_FOREVER)
    except InvalidArgumentError:
        if stream is not None:
            stream.opened()  # closed by another thread meanwhile: that is why
        raise
    return 0


cdef int finish(DeviceBase device, int64_t stream, int64_t ticket) except -1:
    """Go on with a blocking submission that came back unfinished, or has failed."""
    return wait_run(
        device.runtime_number, stream or device.default_stream(), ticket, NXS_WAIT_FOREVER
    )


cdef int64_t stream_of(object stream, Handle user) except -1:
    """The handle of an argument `stream`; 0 for None, the default stream."""
    return 0 if stream is None else handle_of(stream, NXS_Kind_Stream, user, "stream")


def run_flags(blocking):
    """Return the flags of a submission that blocks, or does not."""
    return NXS_RunFlags_Blocking if is_set(blocking, "blocking") else 0


@cython.final
@cython.no_gc_clear  # the finalizer needs the stream
cdef class Run:
    """A run that was submitted: wait for it, ask whether it is done, read its time.

    It is light and may be dropped at any time; the run goes on without it.

    >>> import nexus
    >>> buffer = nexus.create_buffer(16)
    >>> schedule = buffer.device.create_schedule()
    >>> command = schedule.create_fill_command(buffer, 0)
    >>> run = schedule.run(blocking=False)
    >>> run.wait()
    >>> run.done, run.status
    (True, 'complete')
    """

    def __cinit__(self, *key, **_):
        check_key(key, "Run")

    def __dealloc__(self):
        if self.stream is not None:
            self.stream.give_back()

    def wait(self, timeout=None):
        """Wait until the run is finished, and fail as it failed.

        Args:
            timeout: seconds; None waits on.

        Raises:
            WaitTimeoutError: the time was over before; the run goes on.
            ExecutionError: a kernel of the run failed, or what it waited for has failed.
        """
        wait_run(self.device.runtime_number, self.stream_handle, self.ticket, to_ns(timeout))
        sweep_some()

    @property
    def done(self):
        """Whether the run is finished, well or not."""
        cdef int64_t result = cynxs.wait_run(
            self.device.runtime_number, self.stream_handle, self.ticket, 0
        )
        return result != NXS_Timeout

    @property
    def elapsed_ms(self):
        """How long the run took on the device; it must have been run with `timing=True`.

        Raises:
            NexusError: the run is not finished, or its time was not taken or kept.
        """
        return self.property_of(NP_ElapsedTime)

    @property
    def status(self):
        """`running`, `complete` or `failed`."""
        return self.property_of(NP_Status)

    def __repr__(self):
        return f"<Run {self.ticket} on {self.device.spec}>"

    def __reduce__(self):
        raise TypeError("a Run belongs to this process and cannot be pickled or copied")

    cdef object property_of(self, int property_id):
        return nxs.get_run_property(
            self.device.runtime_number, self.stream_handle, self.ticket, property_id
        )


cdef Run run_of(DeviceBase device, Handle stream, int64_t ticket):
    cdef Run self = <Run>blank(Run)
    self.device = device
    self.ticket = ticket
    self.stream_handle = device.default_stream() if stream is None else stream.opened()
    if stream is not None:
        stream.keep()
        self.stream = stream
    return self


def submitted(DeviceBase device not None, stream, int64_t ticket):
    """Make the Run of a ticket that a low-level call returned."""
    return run_of(device, stream, ticket)
