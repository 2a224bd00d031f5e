"""What the tests for every runtime are written with: one device, and what a test makes on it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from conformance.api_table import FUNCTIONS
from nexus.bindings.enums import EventType, Property, Status
from nexus.bindings.errors import InvalidArgumentError, NexusError
from nexus.bindings.nxs import Backend

# What a plugin may name under [known_gaps] of its plugin.toml, with the reason: the tests that
# rest on it are skipped.
FEATURES = {
    "kernels_compute": "kernels write what their source says",
    "kernel_info": "the arguments of a kernel are known and checked",
    "libraries_are_checked": "what is no library is refused",
    "native_kernels": "kernels in a language of the runtime, which take dynamic group memory",
    "failing_kernels": "a kernel fails while it runs, or not, as its arguments say",
    "unchecked_kernels": "a kernel carries no record of its arguments, and takes any number",
    "group_memory_told": "a kernel can ask how much group memory it was given",
    "threads": "functions may be called by several threads at once",
    "unaligned_sub_buffers": "a sub-buffer may begin at any byte",
    "group_limits": "groups beyond the device's limits are refused",
    "wrap": "a buffer may be memory of the host itself",
    "memory_hierarchy": "a device tells its memories, from the core outwards",
    "clusters": "groups run in clusters, and cooperatively",
    "library_binary": "a library is given out as bytes that need no compiling",
    "export": "buffers and events leave the runtime",
}

# Optional functions -> the feature that a plugin without them names as a gap.
FEATURE_OF = {
    "nxsGetLibraryBinary": "library_binary",
    "nxsExportBuffer": "export",
    "nxsImportBuffer": "export",
    "nxsExportEvent": "export",
    "nxsImportEvent": "export",
}

DECLARED = {function.name: function.statuses for function in FUNCTIONS}
LONG_NS = 60 * 10**9  # for waits that end at once when all is well: longer than any busy machine
SHORT_NS = 20 * 10**6  # for waits that must time out: what is wrong happens much sooner

Array = npt.NDArray[Any]


@contextlib.contextmanager
def refused(
    *statuses: Status, match: str | None = None
) -> Iterator[pytest.ExceptionInfo[NexusError]]:
    """Expect a failure with one of these statuses, which its function declares, and a sentence."""
    with pytest.raises(NexusError, match=match) as caught:
        yield caught
    error = caught.value
    assert error.status in statuses, f"{error!s}"
    assert Status(error.status).name in DECLARED[error.function], f"{error.function}: {error!s}"
    assert error.message.strip()


class Lab:
    """One device of one runtime; gives back, at the end of a test, what was made on it."""

    def __init__(
        self,
        api: Backend,
        device: int,
        gaps: Mapping[str, str],
        binary: Callable[[str], bytes],
        libraries: dict[str, int],
    ) -> None:
        self.api = api
        self.device = device
        self.gaps = gaps
        self._binary = binary
        self._made: list[tuple[str, int]] = []
        self._libraries = libraries

    def needs(self, *features: str) -> None:
        """Skip the test where the plugin's known gaps name one of these features."""
        for feature in features:
            assert feature in FEATURES
            if feature in self.gaps:
                pytest.skip(f"{feature}: {self.gaps[feature]}")

    # ---- objects -----------------------------------------------------------------------------

    def own(self, kind: str, handle: int) -> int:
        """Release this handle at the end, unless the test does."""
        self._made.append((kind, handle))
        return handle

    def buffer(self, contents: int | bytes | Array, flags: int = 0) -> int:
        """Make a buffer of so many zeros, or with these bytes."""
        data = bytes(contents) if isinstance(contents, int) else contents
        nbytes = memoryview(data).nbytes
        return self.own("buffer", self.api.create_buffer(self.device, nbytes, flags, data))

    def part(self, buffer: int, offset: int, nbytes: int) -> int:
        """Make a sub-buffer."""
        return self.own("buffer", self.api.create_sub_buffer(buffer, offset, nbytes))

    def stream(self) -> int:
        """Make a stream."""
        return self.own("stream", self.api.create_stream(self.device))

    def event(self, type: EventType = EventType.Shared) -> int:
        """Make an event."""
        return self.own("event", self.api.create_event(self.device, type))

    def schedule(self) -> int:
        """Make an empty schedule."""
        return self.own("schedule", self.api.create_schedule(self.device))

    def load(self, name: str = "kernels") -> int:
        """Load the library built from one of the sources beside this file, for this test alone."""
        return self.own("library", self.api.create_library(self.device, self._binary(name)))

    def library(self, name: str = "kernels") -> int:
        """Return such a library that all tests share and none releases: drivers take seconds."""
        if name not in self._libraries:
            self._libraries[name] = self.api.create_library(self.device, self._binary(name))
        return self._libraries[name]

    def kernel(self, name: str, library: str | int = "kernels") -> int:
        """Look up a kernel of one of the libraries."""
        handle = self.library(library) if isinstance(library, str) else library
        return self.own("kernel", self.api.get_kernel(handle, name))

    # ---- commands ----------------------------------------------------------------------------

    def dispatch(
        self,
        schedule: int,
        kernel: str | int,
        args: Sequence[object],
        grid: int | Sequence[int] = 1,
        group: int | Sequence[int] = 1,
    ) -> int:
        """Record a kernel, ready to run. Arguments: a buffer's handle (int), or a NumPy scalar."""
        handle = self.kernel(kernel) if isinstance(kernel, str) else kernel
        command = self.own("command", self.api.create_command(schedule, handle))
        for index, arg in enumerate(args):
            self.set(command, index, arg)
        self.api.finalize_command(command, group, grid)
        return command

    def set(self, command: int, index: int, arg: object) -> None:
        """Set an argument: a buffer by its handle, or a NumPy scalar by value."""
        if isinstance(arg, int) and not isinstance(arg, np.generic):
            self.api.set_command_argument(command, index, arg)
        else:
            self.api.set_command_scalar(command, index, np.asarray(arg))

    def fill(self, schedule: int, buffer: int, byte: int) -> int:
        """Record a fill of the whole buffer."""
        nbytes = self.get("buffer", buffer, Property.Size)
        command = self.api.create_fill_command(schedule, buffer, 0, nbytes, bytes([byte]))
        return self.own("command", command)

    def signal(self, schedule: int, event: int, value: int = 1) -> int:
        """Record a signal."""
        return self.own("command", self.api.create_signal_command(schedule, event, value))

    def wait(self, schedule: int, event: int, value: int = 1) -> int:
        """Record a wait."""
        return self.own("command", self.api.create_wait_command(schedule, event, value))

    # ---- runs --------------------------------------------------------------------------------

    def hold(self, stream: int) -> int:
        """Hold up the stream; what is submitted after this runs once the event is signalled."""
        gate, schedule = self.event(), self.schedule()
        self.wait(schedule, gate)
        self.api.run_schedule(schedule, stream)
        return gate

    def run(self, schedule: int, stream: int = 0, flags: int = 0) -> None:
        """Run and wait, with an end; raises as the run failed."""
        stream = stream or self.api.get_default_stream(self.device)
        ticket = self.api.run_schedule(schedule, stream, flags)
        self.api.wait_run(stream, ticket, LONG_NS)

    def run_kernel(
        self,
        kernel: str | int,
        args: Sequence[object],
        grid: int | Sequence[int] = 1,
        group: int | Sequence[int] = 1,
    ) -> None:
        """Run one kernel and wait."""
        schedule = self.schedule()
        self.dispatch(schedule, kernel, args, grid, group)
        self.run(schedule)

    def read(self, buffer: int, dtype: npt.DTypeLike = np.uint8) -> Array:
        """Copy the buffer to the host."""
        nbytes = self.get("buffer", buffer, Property.Size)
        out = np.empty(nbytes // np.dtype(dtype).itemsize, dtype)
        self.api.copy_buffer(buffer, out, timeout_ns=LONG_NS)
        return out

    def get(self, kind: str, handle: int, property: Property) -> Any:
        """Read a property of an object."""
        return getattr(self.api, f"get_{kind}_property")(handle, property)

    def close(self) -> None:
        """Open every gate, wait for the default stream, and release what the test did not."""
        for kind, handle in self._made:
            if kind == "event":
                with contextlib.suppress(InvalidArgumentError):
                    self.api.signal_event(handle, 2**62)
        self.api.synchronize_stream(self.api.get_default_stream(self.device), LONG_NS)
        for kind, handle in reversed(self._made):
            with contextlib.suppress(InvalidArgumentError):
                getattr(self.api, f"release_{kind}")(handle)
