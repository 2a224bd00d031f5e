"""The file of a compiled library, `.nxsb`: the binary, and how it was made.

Its head has 56 bytes, integers in little-endian order; then come the facts and the binary:

    bytes  0-7    89 4e 58 53 42 0d 0a 1a, with NXSB in it
           8-11   version of the format, 1
          12-15   bytes of the facts, a JSON object
          16-23   bytes of the binary
          24-55   SHA-256 of facts and binary
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from nexus._internal import compilers
from nexus.bindings.errors import InvalidArgumentError

if TYPE_CHECKING:
    from typing_extensions import Buffer as SupportsBuffer

MAGIC = b"\x89NXSB\r\n\x1a"
SUFFIX = ".nxsb"
VERSION = 1

_HEAD = struct.Struct("<8sIIQ32s")


class DamagedContainerError(ValueError):
    """The bytes are no whole container."""


class Container(NamedTuple):
    """A binary, and the facts about it.

    Attributes:
        binary: what the runtime loads.
        facts: Compiler, Version, Architecture, Command, Log and more, as JSON has them.
    """

    binary: bytes
    facts: dict[str, Any]

    def pack(self) -> bytes:
        """Return the bytes of the file."""
        import hashlib
        import json

        facts = json.dumps(self.facts, separators=(",", ":")).encode()
        digest = hashlib.sha256(facts + self.binary).digest()
        head = _HEAD.pack(MAGIC, VERSION, len(facts), len(self.binary), digest)
        return head + facts + self.binary


def is_container(data: SupportsBuffer) -> bool:
    """Whether the bytes begin as a container does; anything else is for others to judge."""
    try:
        view = memoryview(data)
    except TypeError:
        return False
    return view.ndim == view.itemsize == 1 and view[: len(MAGIC)].tobytes() == MAGIC


def unpack_for(data: SupportsBuffer, name: str, runtime: str, compiler: str) -> Container:
    """Read a container whose library is for a runtime with this compiler.

    Raises:
        InvalidArgumentError: the container is damaged, or made for another kind of runtime.
    """
    try:
        contained = unpack(bytes(data), name)
    except DamagedContainerError as error:
        raise InvalidArgumentError(f"cannot load a library: {error}") from None
    made_by = contained.facts.get("Compiler")
    if made_by != compiler:
        raise InvalidArgumentError(
            f"cannot load {name}: it was compiled for {_whose(contained.facts)} and this device is "
            f"of the runtime {runtime}{_remedy(runtime, compiler)}"
        )
    return contained


def _whose(facts: dict[str, Any]) -> str:
    """Return what a library was compiled for, in the words of callers."""
    runtime = compilers.runtime_for(facts.get("Compiler"))
    if runtime is None:
        return "a runtime that this nexus does not know"
    arch = facts.get("Architecture")
    return f"the runtime {runtime}" + (f" ({arch})" if isinstance(arch, str) and arch else "")


def _remedy(runtime: str, compiler: str) -> str:
    if not compiler:
        return ", which has no compiler"
    return f"; compile its source again with `nexus compile --runtime {runtime}`"


def unpack(data: bytes, name: str) -> Container:
    """Read a container; `name` is for messages.

    Raises:
        DamagedContainerError: it is cut, changed, of another version, or no container at all.
    """
    if not is_container(data):
        raise DamagedContainerError(f"{name} does not begin as a {SUFFIX} file does")
    if len(data) < _HEAD.size:
        raise DamagedContainerError(f"{name} is cut in its head, after {len(data)} bytes")
    _, version, n_facts, n_binary, digest = _HEAD.unpack_from(data)
    if version != VERSION:
        raise DamagedContainerError(
            f"{name} is of version {version} of the format and this nexus reads version {VERSION}; "
            "compile it again"
        )
    if len(data) != _HEAD.size + n_facts + n_binary:
        raise DamagedContainerError(
            f"{name} has {len(data)} bytes and its head tells of {_HEAD.size + n_facts + n_binary}"
        )
    import hashlib

    if hashlib.sha256(memoryview(data)[_HEAD.size :]).digest() != digest:
        raise DamagedContainerError(f"{name} was changed after it was written: its SHA-256 differs")
    facts = _facts(data[_HEAD.size : _HEAD.size + n_facts], name)
    return Container(data[_HEAD.size + n_facts :], facts)


def _facts(text: bytes, name: str) -> dict[str, Any]:
    import json

    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):  # whoever made the digest made them so
        facts = None
    if not isinstance(facts, dict):
        raise DamagedContainerError(f"{name} has facts that are no JSON object")
    return facts
