"""Cost of compiling again what was compiled before: from disk, and from the process. Unit: us.

`python tests/benchmarks/bench_compile.py` prints a JSON object a line: name, unit, and the lowest,
median and highest of fresh processes with a cache of their own. Then the same for the OpenCL driver
that is here.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import nexus

N_PROCESSES = 11
PROGRAM = """
import json, time
import nexus

SOURCE = '''#include <nexus/kernel.h>
NXS_KERNEL({}, inout(float, x)) {{ x[nxs_global_id(0)] *= 2; }}
'''
one, other = SOURCE.format("one"), SOURCE.format("other")
device, taken = nexus.device("cpu"), {}

def measure(name, call, n=1):
    times = []
    for _ in range(n):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e6)
    taken[name] = min(times)

measure("first compile of the process", lambda: device.compile(one))
measure("first compile of another source", lambda: device.compile(other))
from nexus._internal import compilers  # after the first compile, which shows what it imports
from nexus._internal.compilers import cached
compiler, arch = compilers.get(device.runtime.get_property_str("Compiler")), "here"
library = cached.compile(compiler, one, arch=arch).binary
measure("again in the process, with loading", lambda: device.compile(one), 100)
opened = device.compile(one)
measure("again in the process, while it is open", lambda: device.compile(one), 100)
again = lambda: cached.compile(compiler, one, arch=arch)
measure("again in the process, the compile alone", again, 100)
opened = None
measure("loading alone, from memory", lambda: device.create_library(library), 100)
print(json.dumps(taken))
"""
BY_DRIVER = """
import json, time
import nexus

SOURCE = '''#include <nexus/kernel.h>
NXS_KERNEL({}, inout(float, x)) {{ x[nxs_global_id(0)] *= 2; }}
'''
one, other = SOURCE.format("one"), SOURCE.format("other")
device, taken = nexus.device("opencl"), {}
device.create_buffer(4)  # the driver makes what it makes once
platform = device.get_property_str("Platform").split(",")[0]

def measure(name, call, n=1):
    times = []
    for _ in range(n):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e6)
    taken[name + ", " + platform] = min(times)

measure("first compile of the process", lambda: device.compile(one))
measure("first compile of another source", lambda: device.compile(other))
measure("again in the process, with loading", lambda: device.compile(one), 20)
opened = device.compile(one)
measure("again in the process, while it is open", lambda: device.compile(one), 100)
print(json.dumps(taken))
"""


def taken(folder: str, program: str = PROGRAM) -> dict[str, float]:
    """Return the times of a fresh process that keeps what it compiles in `folder`."""
    kept = {"NEXUS_CACHE": "1", "NEXUS_CACHE_DIR": folder, "POCL_CACHE_DIR": f"{folder}/pocl"}
    environment = os.environ | kept
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def told(state: str, found: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Yield what is shown: first calls in either state, and later ones once."""
    for name, value in found.items():
        if name.startswith("first"):
            yield f"{name}, {state}", value
        elif state == "from disk":
            yield name, value


def rounds() -> Iterator[tuple[str, float]]:
    """Yield what fresh processes measure, with an empty folder and then with a full one."""
    programs = [PROGRAM] + [BY_DRIVER] * ("opencl" in nexus.get_runtimes().names())
    for _ in range(N_PROCESSES):
        with tempfile.TemporaryDirectory() as folder:
            for state in ("compiled", "from disk"):
                for program in programs:
                    yield from told(state, taken(folder, program))


def main() -> None:
    """Measure, and print."""
    times: dict[str, list[float]] = {}
    for name, value in rounds():
        times.setdefault(name, []).append(value)
    for name, values in times.items():
        found = {"lowest": min(values), "median": statistics.median(values), "highest": max(values)}
        rounded = {key: float(f"{value:.3g}") for key, value in found.items()}
        print(json.dumps({"name": name, "unit": "us", **rounded}))


if __name__ == "__main__":
    main()
