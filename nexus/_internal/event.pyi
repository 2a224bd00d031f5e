"""Events, and the values they take."""

from typing import TypeVar

from nexus._internal.handle import DeviceBase, Handle

_E = TypeVar("_E", bound=EventBase)

class EventBase(Handle):
    def _signal(self, value: int) -> None: ...
    def _wait(self, value: int, timeout: float | None) -> None: ...

def make_event(cls: type[_E], device: DeviceBase, event_type: int) -> _E: ...
def checked_value(value: int) -> int: ...
