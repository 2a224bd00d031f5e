"""What an OpenCL driver itself does, in plain C: launches with pauses, and in a command buffer.

`python tests/benchmarks/bench_opencl_driver.py [TURNS]` prints one JSON object a line, in us for a
launch: the median with the lowest and the highest tenth. "host waits" are launches in a row after
each of which the host looks at the clock for so long; "recorded" are as many launches in one
buffer of `cl_khr_command_buffer`, where the driver has it, "enqueued" the same without.
"""

from __future__ import annotations

import ctypes
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench_opencl import (  # type: ignore[import-not-found]  # beside this script
    GROUP,
    N_ITEMS,
    NAME,
    SOURCE,
    built,
    spread,
)

PAUSES = (0, 0.5, 1, 1.5, 2, 3)  # us
IN_A_ROW, RECORDED = 1000, 100
TURNS = 31


def function(
    library: ctypes.CDLL, name: str, *arguments: ctypes._SimpleCData[float] | ctypes.c_long
) -> Callable[[], float]:
    """Return a call that answers us for a launch."""
    called = getattr(library, name)
    called.restype = ctypes.c_double
    return lambda: float(called(*arguments))


def main() -> None:
    """Measure in turns, and print."""
    n_turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    with tempfile.TemporaryDirectory() as folder:
        library = built(Path(folder))
    sizes = ctypes.c_size_t(N_ITEMS), ctypes.c_size_t(GROUP)
    if status := library.prepare(SOURCE.encode(), NAME.encode(), *sizes):
        raise SystemExit(f"opencl.c: the driver answers {status}")
    row, few = ctypes.c_long(IN_A_ROW), ctypes.c_long(RECORDED)
    turns = {
        f"host waits {pause} us": function(library, "launch_paced", ctypes.c_double(pause), row)
        for pause in PAUSES
    }
    turns["100 enqueued, one wait"] = function(library, "launch_paced", ctypes.c_double(0), few)
    status = library.record(few)
    if status == 0:
        turns["100 recorded, one wait"] = function(library, "launch_recorded", few)
    else:
        print(json.dumps({"name": "100 recorded, one wait", "driver": f"refuses: {status}"}))
    taken = [{name: call() for name, call in turns.items()} for _ in range(n_turns)]
    for name in turns:
        print(json.dumps({"name": name, "unit": "us", "C": spread([t[name] for t in taken])}))


if __name__ == "__main__":
    main()
