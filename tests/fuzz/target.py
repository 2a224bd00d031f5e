"""What is fuzzed: the readers of kernel libraries, which must answer or refuse, and quickly."""

from __future__ import annotations

import dataclasses
import json
import time

import nexus
from nexus._internal.inspecting.formats import identify
from nexus._internal.inspecting.source import Source

SECONDS = 0.5  # of processor time for an input ...
SECONDS_PER_BYTE = 50e-6  # ... and for each of its bytes, as it is and unpacked
MOST_NBYTES = 1 << 17


class SlowError(Exception):
    """An input took longer than its length allows."""


def one_input(data: bytes) -> bool:
    """Read one input; return whether it was a library.

    Raises:
        Exception: anything but BinaryFormatError is a finding.
    """
    began = time.process_time()
    identity = identify(Source.of_bytes(data))
    is_library = True
    try:
        found = nexus.inspect(data)
        assert identity.kind == found.kind or identity.kind == "bundle"
        check(found)
    except nexus.BinaryFormatError as error:
        assert str(error).startswith("cannot read the bytes"), error
        assert error.offset is None or error.offset >= 0
        is_library = False
    seconds = time.process_time() - began
    if seconds > SECONDS + SECONDS_PER_BYTE * len(data):
        raise SlowError(f"{len(data)} bytes took {seconds:.1f} s")
    return is_library


def check(found: nexus.LibraryInfo) -> None:
    """Check what holds of every answer."""
    json.dumps(dataclasses.asdict(found))
    for part in found.flat():
        assert part.kind
        for name, kernel in part.kernels.items():
            assert kernel.name == name
            assert kernel.group_size >= 0 and len(kernel.group) == 3
            for index, argument in enumerate(kernel.arguments or ()):
                assert argument.kind and argument.nbytes >= 0
                assert argument.offset is None or argument.offset >= 0
                assert argument.index >= index or part.kind == "cubin"
