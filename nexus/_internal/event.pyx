# distutils: language = c++
"""Events, and the values they take."""

from libc.stdint cimport int64_t, uint64_t

from nexus._internal.handle cimport DeviceBase, Handle, adopted
from nexus._internal.run cimport to_ns
from nexus.bindings cimport cynxs
from nexus.bindings._internal.convert cimport Deadline, again, check_wait, deadline_of
from nexus.bindings._internal.loader cimport check_on

from nexus._internal import checks
from nexus.bindings._internal.words import shown


cdef uint64_t event_value(object value) except? 0xFFFFFFFFFFFFFFFF:
    """The value of an event as C takes it."""
    number = checks.whole(value, "value", "it is an int from 0")
    if not 0 <= number < 1 << 64:
        raise ValueError(f"value is {shown(number)}; the value of an event is from 0 to 2**64-1")
    return number


def checked_value(value):
    """Return the value of an event, or raise what is wrong with it."""
    return event_value(value)


def make_event(type cls not None, DeviceBase device not None, int event_type):
    """Make an event."""
    cdef int64_t handle
    with nogil:
        handle = cynxs.create_event(device.runtime_number, <int>device.identity, event_type)
    check_on(device.runtime_number, <int>device.identity, handle, "nxsCreateEvent")
    return adopted(cls, device, handle)


cdef class EventBase(Handle):
    """A value that only rises."""

    def _signal(self, value):
        """Raise the value."""
        cdef int64_t handle = self.opened()
        cdef uint64_t number = event_value(value)
        cdef int64_t result
        with nogil:
            result = cynxs.signal_event(self.runtime_number, handle, number)
        self.checked(result, "nxsSignalEvent")

    def _wait(self, value, timeout):
        """Wait in slices, so that Ctrl-C works."""
        cdef int64_t handle = self.opened()
        cdef uint64_t number = event_value(value)
        cdef Deadline deadline = deadline_of(to_ns(timeout))
        cdef int64_t result
        while True:
            with nogil:
                result = cynxs.wait_event(
                    self.runtime_number, handle, number, deadline.slice_ns
                )
            if not again(&deadline, result):
                break
        if result < 0:
            self.opened()  # closed by another thread meanwhile: that is why
        check_wait(self.runtime_number, result, "nxsWaitEvent", &deadline)
