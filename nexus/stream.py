"""Streams: queues of runs, in order each, beside one another and beside the host."""

from __future__ import annotations

from nexus._internal import parking
from nexus._internal.handle import Handle
from nexus._internal.run import nanoseconds
from nexus.bindings import nxs


class Stream(Handle):
    """An in-order queue of a device. What is submitted to two streams may run at the same time.

    Closing a stream does not wait: what was submitted to it still runs.

    >>> import nexus
    >>> device = nexus.device("cpu")
    >>> with device.create_stream() as stream:
    ...     device.create_buffer(1024).fill(7, stream=stream, blocking=False)
    ...     stream.synchronize()
    <Run 1 on cpu:0>
    """

    __slots__ = ()

    def synchronize(self, timeout: float | None = None) -> None:
        """Wait until everything that was submitted before is finished.

        A run that failed is finished too; its `Run.wait()` tells why.

        Args:
            timeout: seconds; None waits on.

        Raises:
            WaitTimeoutError: the time was over before.
        """
        _ = self.handle  # a closed stream says that it is closed
        self._call(nxs.synchronize_stream, nanoseconds(timeout))
        parking.sweep()
