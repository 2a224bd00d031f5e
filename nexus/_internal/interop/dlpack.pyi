"""DLPack, both ways, for memory of the host."""

from typing import Any, final

import numpy.typing as npt

from nexus.buffer import Buffer

@final
class Borrowed: ...

def export(
    buffer: Buffer,
    stream: int | None,
    max_version: tuple[int, int] | None,
    dl_device: tuple[int, int] | None,
    copy: bool | None,
) -> Any: ...
def array_of(data: Any) -> npt.NDArray[Any]: ...
