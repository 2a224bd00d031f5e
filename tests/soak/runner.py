"""Builds the random driver and a plugin, sanitized or not, and runs it.

    python tests/soak/runner.py --runtime cpu --sanitizers address,undefined --calls 200000

Prints how often each function answered what; exit status 1 when something did not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "soak"
sys.path[:0] = [str(ROOT / "csrc"), str(ROOT / "tests"), str(ROOT)]

import build_plugins as native  # noqa: E402
from doubles import opencl_double  # noqa: E402
from nexus.bindings.enums import Status  # noqa: E402

# Libraries that the sanitizers bring cannot hand out more than this: huge buffers are refused.
MOST_MB = 256
OPTIONS = {
    "ASAN_OPTIONS": f"detect_leaks=1:allocator_may_return_null=1:max_allocation_size_mb={MOST_MB}",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:allocator_may_return_null=1:"
    f"max_allocation_size_mb={MOST_MB}:suppressions={HERE / 'tsan_suppressions.txt'}",
}
REFUSED_MEMORY = ("failed to allocate", "exceeds maximum supported size")  # what sanitizers say


@dataclass(frozen=True)
class Built:
    """What a run needs: the driver, the folder of the plugins, the kernels, a driver of OpenCL."""

    driver: Path
    plugins: Path
    kernels: Path
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What came of a run.

    Attributes:
        status: exit status of the driver.
        report: what the driver printed: `calls`, `functions`, ...
        complaints: what it and the sanitizers said.
    """

    status: int
    report: dict[str, Any]
    complaints: str

    def counts(self) -> dict[str, dict[Status, int]]:
        """Return how often each function answered what."""
        return {
            name: {Status(int(number)): n for number, n in answers.items()}
            for name, answers in self.report["functions"].items()
        }


@contextlib.contextmanager
def sanitized(sanitizers: str) -> Iterator[None]:
    """Let everything built inside have these sanitizers."""
    before = os.environ.get("NEXUS_SANITIZE")
    os.environ["NEXUS_SANITIZE"] = sanitizers
    try:
        yield
    finally:
        os.environ.pop("NEXUS_SANITIZE")
        if before is not None:
            os.environ["NEXUS_SANITIZE"] = before


def build(sanitizers: str) -> Built:
    """Build what is not built yet, under build/soak."""
    folder = ROOT / "build" / "soak"
    out = folder / (sanitizers.replace(",", "_") or "plain")
    kernels = folder / "kernels.so"
    source = HERE / "kernels.cpp"
    includes = [f"-I{ROOT / 'csrc' / 'include'}", f"-I{ROOT / 'csrc'}"]
    command = [*native.find_compiler(), "-std=c++17", "-O1", "-fPIC", "-shared", *includes]
    headers = native.headers_in([ROOT / "csrc" / "include", HERE])
    native.make(kernels, [*command, str(source), "-o", str(kernels)], [source, *headers])
    with sanitized(sanitizers):
        native.build_plugins(ROOT / "csrc", out, out / "temp")
        build_driver(out, includes, headers)
        opencl = opencl_double.environment(kernels=kernels, devices=1)
    return Built(out / "soak", out, kernels, opencl)


def build_driver(out: Path, includes: list[str], headers: list[Path]) -> None:
    """Build the driver from its sources, two at a time."""
    compiler = [*native.find_compiler(), *native.compile_flags(), *includes]
    jobs = []
    for source in sorted(set(HERE.glob("*.cpp")) - {HERE / "kernels.cpp"}):
        made = out / "temp" / f"{source.name}.o"
        jobs.append((made, [*compiler, "-c", str(source), "-o", str(made)], [source, *headers]))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda job: native.make(*job), jobs):
            pass  # the first failure is raised here
    objects = [made for made, _, _ in jobs]
    link = [*native.find_compiler(), *map(str, objects), "-o", str(out / "soak")]
    native.make(out / "soak", [*link, *native.link_flags()], objects)


def run(built: Built, runtime: str, **options: int) -> Run:
    """Run the driver on one runtime; options as it takes them: seed, calls, seconds, threads."""
    plugin = built.plugins / native.library_name(runtime)
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    environment = os.environ | OPTIONS | built.environment | {"NEXUS_CPU_THREADS": "4"}
    environment.pop("LD_PRELOAD", None)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [built.driver, plugin, built.kernels, folder, *words],
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
        )
    lines = done.stderr.splitlines()
    complaints = [line for line in lines if not any(say in line for say in REFUSED_MEMORY)]
    report = json.loads(done.stdout) if done.stdout.strip().endswith("}") else {}
    return Run(done.returncode, report, "\n".join(complaints))


def table(counts: dict[str, dict[Status, int]]) -> str:
    """Return the counts as lines, one for each function."""
    lines = []
    for name, answers in counts.items():
        told = ", ".join(f"{status.name} {n}" for status, n in answers.items())
        lines.append(f"  {name}: {told}")
    return "\n".join(lines)


def circumstances(sanitizers: str) -> dict[str, str]:
    """Return when, where and with what a run was made."""
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=7"]
    compiler = subprocess.run(
        [*native.find_compiler(), "--version"], capture_output=True, text=True, check=True
    )
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next(line.split(": ")[1] for line in cpus.splitlines() if "model name" in line)
    return {
        "sanitizers": sanitizers,
        "date": datetime.date.today().isoformat(),
        "machine": f"{model}, {os.cpu_count()} processors, {platform.system()}",
        "compiler": compiler.stdout.splitlines()[0],
        "commit": subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip(),
        "command": " ".join(["python", *sys.argv]),
    }


def main() -> int:
    """Build, run, and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runtime", default="cpu")
    parser.add_argument("--sanitizers", default="", help="address,undefined or thread")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=3600, help="end after so long at the latest")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--json", type=Path, help="write the report into this file too")
    given = parser.parse_args()
    numbers = {name: getattr(given, name) for name in ("seed", "calls", "seconds", "threads")}
    done = run(build(given.sanitizers), given.runtime, **numbers)
    about = {"runtime": given.runtime} | circumstances(given.sanitizers)
    if done.report:
        facts = {name: value for name, value in done.report.items() if name != "functions"}
        print(json.dumps(about | facts, indent=2))
        print(table(done.counts()))
        if given.json:
            given.json.write_text(json.dumps(about | done.report, indent=1) + "\n", "utf-8")
    print(done.complaints, file=sys.stderr)
    print(f"soak: {'held' if done.status == 0 else f'exit status {done.status}'}")
    return 0 if done.status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
