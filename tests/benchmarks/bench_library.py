"""Cost of looking an architecture up, and of what the device library is asked for most. Unit: ms.

`python tests/benchmarks/bench_library.py` prints a JSON object a line: name, unit, and the lowest,
median and highest of fresh processes: what happens first is what counts.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

N_PROCESSES = 21
NAME = "nvidia-gpu-sm_90"
BEGIN = "import time, nexus; device = nexus.device('cpu'); {before}; start = time.perf_counter(); "
END = "; print((time.perf_counter() - start) * 1e3)"
PARTS = {  # what happens before, and what is timed
    "import json (a part of the next)": ("None", "import json"),
    "first look-up": ("None", f"nexus.lookup_device_info('{NAME}')"),
    "first look-up, json imported": ("import json", f"nexus.lookup_device_info('{NAME}')"),
    "look-up again": (
        f"nexus.lookup_device_info('{NAME}')",
        f"nexus.lookup_device_info('{NAME}')",
    ),
    "first look-up by product, all files": ("None", "nexus.lookup_device_info('H200 SXM')"),
    "first get_info()": ("None", "device.get_info()"),
    "get_info() again": ("device.get_info()", "device.get_info()"),
}
INFO = "nexus info, the whole command"


def milliseconds(before: str, timed: str) -> float:
    """Return what a fresh Python takes for a statement."""
    program = BEGIN.format(before=before) + timed + END
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def milliseconds_of_info() -> float:
    """Return what `nexus info` takes, with the start of Python."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "nexus", "info"], check=True, capture_output=True)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Measure all parts in turns."""
    taken: dict[str, list[float]] = {name: [] for name in (*PARTS, INFO)}
    for _ in range(N_PROCESSES):
        for name, (before, timed) in PARTS.items():
            taken[name].append(milliseconds(before, timed))
        taken[INFO].append(milliseconds_of_info())
    for name, times in taken.items():
        found = {"lowest": min(times), "median": statistics.median(times), "highest": max(times)}
        rounded = {key: float(f"{value:.3g}") for key, value in found.items()}
        print(json.dumps({"name": name, "unit": "ms", **rounded}))


if __name__ == "__main__":
    main()
