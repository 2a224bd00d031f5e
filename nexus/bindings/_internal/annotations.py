"""What the stubs of the bindings call the types of arguments and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import Buffer

# An address, whose size another argument gives; or what has the buffer protocol, C-contiguous.
HostMemory: TypeAlias = "int | Buffer"

# One to three sizes, x first; those not given are 1.
Dim3: TypeAlias = int | Sequence[int]

# int, float, str, a list of one of these, or what a JSON document has.
PropertyValue: TypeAlias = Any
