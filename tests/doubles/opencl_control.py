"""What a process that has the fake OpenCL driver open says to it: what fails, what is alive."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import time
from collections.abc import Iterator

SONAME = "libOpenCL.so.1"
KINDS = ("context", "queue", "memory", "svm", "program", "kernel", "event")  # as in plan.hpp
OUT_OF_RESOURCES, OUT_OF_HOST_MEMORY, ALLOCATION_FAILURE = -5, -6, -4


class Control:
    """The driver of this process, as its tests see it."""

    def __init__(self) -> None:
        self._driver = ctypes.CDLL(SONAME)
        self._driver.opencl_double_calls.restype = ctypes.c_int64
        self._driver.opencl_double_failed.restype = ctypes.c_char_p

    @contextlib.contextmanager
    def failing(self, n: int, status: int = OUT_OF_RESOURCES) -> Iterator[None]:
        """Let the n-th call of the driver inside fail."""
        self._driver.opencl_double_fail(ctypes.c_int64(n), status)
        try:
            yield
        finally:
            self.failed = self._driver.opencl_double_failed().decode()
            self._driver.opencl_double_fail(ctypes.c_int64(0), 0)

    def fail_command(self, n: int, status: int = OUT_OF_RESOURCES) -> None:
        """Let the n-th command from now on end with this status; 0: none."""
        self._driver.opencl_double_fail_command(ctypes.c_int64(n), status)

    def lose(self) -> None:
        """Let every call and every command fail from now on."""
        self._driver.opencl_double_lose()

    def calls(self) -> int:
        """Return how many calls that can fail were made since a plan was made or ended."""
        return int(self._driver.opencl_double_calls())

    def waits(self) -> int:
        """Return how many markers waited for events so far."""
        return int(self._driver.opencl_double_waits())

    def sources(self) -> int:
        """Return how many programs were made of source so far."""
        return int(self._driver.opencl_double_sources())

    def alive(self) -> dict[str, int]:
        """Return how many objects of each kind there are."""
        return {kind: self._driver.opencl_double_alive(i) for i, kind in enumerate(KINDS)}

    def settled(self, wanted: dict[str, int]) -> dict[str, int]:
        """Return what is alive, as soon as that is what is wanted, or in the end."""
        end = time.monotonic() + 20
        if self.alive() != wanted:
            gc.collect()
        while (alive := self.alive()) != wanted and time.monotonic() < end:
            time.sleep(0.005)
        return alive
