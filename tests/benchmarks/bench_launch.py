"""Cost of a launch below the bindings: the C API of the cpu runtime, called from C++.

`python tests/benchmarks/bench_launch.py` prints one JSON object a line: name, value in ns (median),
and the 99th percentile.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "csrc"))

import build_plugins as native  # noqa: E402


def main() -> None:
    """Build launch.cpp, run it, and print what it measured."""
    source = Path(__file__).with_name("launch.cpp")
    includes = [f"-I{ROOT / 'csrc' / 'include'}", f"-I{ROOT / 'csrc'}"]
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "launch"
        command = [*native.find_compiler(), "-std=c++20", "-O2", *includes, str(source)]
        subprocess.run([*command, "-o", str(program), "-pthread", "-ldl"], check=True)
        done = subprocess.run(
            [program, ROOT / "nexus" / "plugins"], check=True, capture_output=True, text=True
        )
    for line in done.stdout.splitlines():
        name, p50, p99 = line.split()
        result = {"name": name, "value": float(p50), "p99": float(p99), "unit": "ns"}
        print(json.dumps(result | {"machine": platform.machine()}))


if __name__ == "__main__":
    main()
