"""What is in a kernel library, read from its bytes: no device and no driver is needed."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from nexus.bindings._internal.words import kind, shown

if TYPE_CHECKING:
    from nexus._internal.inspecting import LibraryInfo


def inspect(path_or_bytes: str | os.PathLike[str] | bytes | bytearray | memoryview) -> LibraryInfo:
    r"""Return what a kernel library says about itself and its kernels; nothing is loaded or run.

    Read are shared objects for the `cpu` runtime, cubins, fatbins, PTX, AMD's code objects, clang's
    offload bundles, SPIR-V, what `nexus compile` writes and the `binary` of a library. The file may
    come from anywhere: whatever is in it, reading ends in bounded time and memory.

    Args:
        path_or_bytes: a path, or the bytes of a library.

    Raises:
        FileNotFoundError: there is no such file.
        BinaryFormatError: it is no kernel library, or a damaged one; the message tells at which
            byte what was expected.

    >>> import nexus
    >>> text = ".version 8.0 .target sm_90\n.entry scale(.param .f32 a, .param .u64 x) { ret; }"
    >>> nexus.inspect(text.encode()).kernels["scale"].arguments[0]
    ArgumentInfo(index=0, kind='value', nbytes=4, offset=0, name='a', type='f32', access='', \
element_nbytes=0)
    """
    from nexus._internal.inspecting.formats import read
    from nexus._internal.inspecting.source import Source

    if isinstance(path_or_bytes, bytes | bytearray | memoryview):
        return read(Source.of_bytes(bytes(path_or_bytes)))
    path = path_or_bytes
    if hasattr(path, "__fspath__"):
        path = os.fspath(path)
    if not isinstance(path, str):
        raise TypeError(
            f"path_or_bytes is {kind(path_or_bytes)}; it is a path, or the bytes of a library"
        )
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, "there is no such file to inspect", path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe blocks nobody
    try:
        return read(Source.of_file(descriptor, shown(path)))
    finally:
        os.close(descriptor)
