"""Schedules and commands: what a launch goes through."""

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

from typing_extensions import Buffer as SupportsBuffer

from nexus._internal.handle import DeviceBase, Handle
from nexus._internal.memory import BufferBase
from nexus._internal.run import Run
from nexus.event import Event
from nexus.library import Kernel
from nexus.stream import Stream

_C = TypeVar("_C", bound=CommandBase)
_S = TypeVar("_S", bound=ScheduleBase)
_Size: TypeAlias = int | Sequence[int]

class ScheduleBase(Handle):
    def _dispatch(self, command_class: type[_C], kernel: Kernel) -> _C: ...
    def _signal_or_wait(
        self, command_class: type[_C], event: Event, value: int, signals: bool
    ) -> _C: ...
    def _handle_of(self, buffer: BufferBase, name: str) -> int: ...
    def _run(self, stream: Stream | None, blocking: bool, timing: bool) -> Run | None: ...

class CommandBase(Handle):
    @property
    def kernel(self) -> Kernel | None: ...
    def get_event(self) -> Event: ...
    def _set_buffer(self, index: int, buffer: Any) -> None: ...
    def _set_value(self, index: int, value: SupportsBuffer) -> None: ...
    def _finalize(self, group_size: _Size, grid_size: _Size, group_memory: int) -> None: ...

def make_schedule(cls: type[_S], device: DeviceBase) -> _S: ...
