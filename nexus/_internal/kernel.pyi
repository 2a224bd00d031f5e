"""Kernels, and what launching one once goes through."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from nexus._internal.handle import Handle
from nexus._internal.run import Run
from nexus.stream import Stream

_Size: TypeAlias = int | Sequence[int]

class KernelBase(Handle):
    def __call__(
        self,
        *args: Any,
        grid: _Size,
        group: _Size | None = None,
        group_memory: int = 0,
        stream: Stream | None = None,
        blocking: bool = True,
    ) -> Run | None: ...
