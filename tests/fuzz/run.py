"""Fuzzes the readers of kernel libraries for some time: python tests/fuzz/run.py --seconds 120.

With atheris (pip install 'nexus-accelerator[fuzz]') inputs are led by what they reach in the code;
without it files are changed at random. A finding is kept as a file, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz import mutation, seeds, target

HERE = Path(__file__).parent
MEMORY = 2 << 30  # bytes of address space that an input may bring the process to
KEPT = 64  # changed files to start from again, besides the seeds


def main() -> int:
    """Fuzz as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="fuzz the readers of kernel libraries")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--findings", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--random", action="store_true", help="change at random, without atheris")
    options = parser.parse_args()
    options.findings.mkdir(parents=True, exist_ok=True)
    if importlib.util.find_spec("atheris") and not options.random:
        return with_atheris(options.seconds, options.seed, options.findings)
    seed = options.seed or random.randrange(1, 1 << 31)
    n_inputs, n_read, findings = at_random(options.seconds, seed, options.findings)
    print(f"{n_inputs} inputs (seed {seed}), {n_read} of them libraries, {findings} findings")
    return 1 if findings else 0


def at_random(seconds: float, seed: int, folder: Path, most: int = 1 << 62) -> tuple[int, int, int]:
    """Change files at random; return how many there were, were read, and what was found."""
    chance = random.Random(seed)
    known = [*seeds.all_seeds().values()]
    again: list[bytes] = []
    end, n_inputs, n_read, n_findings = time.monotonic() + seconds, 0, 0, 0
    while time.monotonic() < end and n_inputs < most:
        data = mutation.changed(chance, chance.choice([*known, *again]), known)
        n_inputs += 1
        try:
            is_library = target.one_input(data)
        except Exception as error:  # whatever it is, it is a finding
            n_findings += 1
            keep(data, folder, "".join(traceback.format_exception(error)))
            continue
        n_read += is_library
        if is_library and chance.random() < 0.02:
            again = [*again[-KEPT:], data]
    return n_inputs, n_read, n_findings


def keep(data: bytes, folder: Path, why: str) -> None:
    """Write an input down with what it did."""
    name = f"finding-{abs(hash(data)):016x}"
    (folder / name).write_bytes(data)
    print(f"{folder / name}:\n{why}", file=sys.stderr)


def with_atheris(seconds: float, seed: int, folder: Path) -> int:
    """Run atheris in a process of its own, since it ends its process."""
    with tempfile.TemporaryDirectory() as corpus:
        for name, data in seeds.all_seeds().items():
            (Path(corpus) / name).write_bytes(data)
        limits = ["-timeout=20", "-rss_limit_mb=2048", f"-max_len={target.MOST_NBYTES}"]
        command = [sys.executable, str(HERE / "guided.py"), corpus, *limits, f"-seed={seed}"]
        command += [f"-max_total_time={int(seconds)}", f"-artifact_prefix={folder}/"]
        return subprocess.run([*command, "-print_final_stats=1"]).returncode


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, resource.RLIM_INFINITY))
    sys.exit(main())
