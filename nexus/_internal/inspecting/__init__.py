"""Readers of kernel binaries: what a file is, for which architecture, and which kernels are in it.

One file a format; `formats` tells them apart, and is imported where it is needed. Every reader
looks at the bytes through a `Source`, which bounds what can be read and turns whatever is wrong
with them into one exception; nothing is loaded or run.
"""

from __future__ import annotations

from nexus._internal.inspecting.facts import ArgumentInfo, KernelInfo, LibraryInfo

__all__ = ["ArgumentInfo", "KernelInfo", "LibraryInfo"]
