"""Events: 64-bit timelines by which streams, devices and the host wait for one another."""

from __future__ import annotations

from nexus._internal.event import EventBase, checked_value
from nexus.bindings import nxs


class Event(EventBase):
    """A value that only rises, from 0; a wait is over once it is high enough.

    A wait may be submitted, or made on the host, before anything that signals it: it really waits.

    >>> import nexus
    >>> with nexus.device("cpu").create_event() as event:
    ...     event.signal(3)
    ...     event.wait(2)
    ...     event.value
    3
    """

    __slots__ = ()

    def signal(self, value: int = 1) -> None:
        """Raise the value from the host.

        Args:
            value: the new value, 0 to 2**64-1; one that is not above the present one changes
                nothing.
        """
        self._signal(value)

    def wait(self, value: int = 1, timeout: float | None = None) -> None:
        """Wait on the host until the value is at least `value`.

        Args:
            value: the value to wait for.
            timeout: seconds; None waits on.

        Raises:
            WaitTimeoutError: the time was over before.
            ExecutionError: a run that would have signalled the event failed.
        """
        self._wait(value, timeout)

    def reset(self, value: int = 0) -> None:
        """Set the value, lower ones too, and clear a failure, so that the event is as new.

        Raises:
            NexusError: something submitted refers to the event, or somebody waits for it.
        """
        _ = self.handle  # a closed event says that it is closed
        self._call(nxs.reset_event, checked_value(value))

    @property
    def value(self) -> int:
        """The present value."""
        return self.get_property_int("Value") & 0xFFFFFFFFFFFFFFFF  # crosses C as a signed number

    @property
    def status(self) -> str:
        """`submitted`: a signal is outstanding; `error`: a run failed; else `complete`."""
        return self.get_property_str("Status")
