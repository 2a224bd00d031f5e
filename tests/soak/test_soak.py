"""Random calls of every function hold, sanitized; and the driver would see what does not."""

from __future__ import annotations

import functools
import os
import sys
import tomllib
from pathlib import Path

import pytest

import build_plugins as native
from conformance.api_table import FUNCTIONS, Function
from nexus.bindings.enums import Status
from soak import report, runner

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),  # builds sanitized plugins
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks malloc of Linux"),
    pytest.mark.skipif(
        bool(native.sanitizers()), reason="makes sanitized builds of its own, this run has others"
    ),
]

RUNTIMES = ("cpu", "null")
CALLS = {"address,undefined": 200_000, "thread": 50_000}
CALLS_OF_DOUBLE = 50_000  # of opencl, over a driver of our own: a thread for each stream
NEVER = tomllib.loads((runner.HERE / "never.toml").read_text(encoding="utf-8"))["never"]
# Of the calls of each function, in percent; the loader's own function must never succeed again.
LEAST_SUCCESS = 5
FAILS_BY_DESIGN = {"nxsInitialize"}

CASES = [(runtime, sanitizers) for sanitizers in CALLS for runtime in RUNTIMES]
CASES += [("opencl", "address,undefined")]  # by hand with threads: the double is built for each


def n_calls(runtime: str, sanitizers: str) -> int:
    """Return how many calls a run makes."""
    return CALLS_OF_DOUBLE if runtime == "opencl" else CALLS[sanitizers]


@functools.cache
def soaked(runtime: str, sanitizers: str) -> runner.Run:
    """Run the driver once for every test that looks at the outcome."""
    calls = n_calls(runtime, sanitizers)
    return runner.run(runner.build(sanitizers), runtime, calls=calls, seed=1)


def never_meets(runtime: str, function: Function, status: str) -> bool:
    """Tell whether never.toml says that the function does not answer this here."""
    name = function.name.removeprefix("nxs")
    return any(
        entry["status"] == status
        and runtime in entry.get("runtimes", RUNTIMES)
        and name in entry.get("functions", [name])
        and name not in entry.get("but_of", [])
        for entry in NEVER
    )


@pytest.mark.parametrize(("runtime", "sanitizers"), CASES)
def test_random_calls_hold(runtime: str, sanitizers: str) -> None:
    done = soaked(runtime, sanitizers)
    assert done.status == 0, done.complaints
    assert not done.complaints
    assert done.report["calls"] == n_calls(runtime, sanitizers)
    print(runner.table(done.counts()))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_each_function_succeeds_often(runtime: str) -> None:
    counts = soaked(runtime, "address,undefined").counts()
    shares = {
        function.name: 100 * counts[function.name].get(Status.Success, 0) // n
        for function in FUNCTIONS
        if not function.optional and function.name not in FAILS_BY_DESIGN
        if (n := sum(counts[function.name].values()))
    }
    assert len(shares) == sum(not f.optional for f in FUNCTIONS) - len(FAILS_BY_DESIGN)
    assert {name: share for name, share in shares.items() if share < LEAST_SUCCESS} == {}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_each_declared_status_is_met_or_named_with_its_reason(runtime: str) -> None:
    counts = soaked(runtime, "address,undefined").counts()
    wrong = []
    for function in FUNCTIONS:
        met = {status.name for status in counts[function.name]}
        if function.optional and met == {"NotSupported"}:
            continue
        for status in function.statuses:
            if (status in met) == never_meets(runtime, function, status):
                wrong.append(f"{function.name}: {status} {'met' if status in met else 'not met'}")
    assert wrong == []


def test_every_entry_of_what_is_never_met_is_of_use() -> None:
    for entry in NEVER:
        assert entry["reason"]
        declaring = {f.name.removeprefix("nxs") for f in FUNCTIONS if entry["status"] in f.statuses}
        assert declaring, entry
        assert {*entry.get("functions", []), *entry.get("but_of", [])} <= declaring, entry


def test_a_seed_gives_the_same_calls_again() -> None:
    built = runner.build("address,undefined")
    one, again, other = (
        runner.run(built, "null", calls=20_000, seed=seed).report["sequence"] for seed in (7, 7, 8)
    )
    assert one == again != other


def test_the_page_of_long_runs_says_what_their_reports_say() -> None:
    found = report.reports()
    assert report.PAGE.read_text(encoding="utf-8") == report.page()
    for sanitizers, most in (("address,undefined", 10_000_000), ("thread", 1_000_000)):
        runtimes = {run["runtime"] for run in found if run["sanitizers"] == sanitizers}
        assert runtimes == set(RUNTIMES)
        assert all(run["calls"] >= most for run in found if run["sanitizers"] == sanitizers)
    assert all(run["violations"] == 0 for run in found)


# ---- the driver sees what does not hold --------------------------------------------------------

# (file, text, what takes its place), the sanitizers, and what is said of it.
PLANTED = {
    "a lock left out": (
        (
            "sdk/queue.hpp",
            "  Pushed push(Run &&run) {\n    std::lock_guard lock(lock_.mutex);",
            "  Pushed push(Run &&run) {",
        ),
        "thread",
        "data race",
    ),
    "a view that keeps no memory": (
        (
            "sdk/buffer.hpp",
            "  view->memory = root.memory;",
            "  view->memory = decltype(view->memory)(root.memory.get(), [](auto *) {});",
        ),
        "address,undefined",
        "heap-use-after-free",
    ),
    "a byte count written by a failing call": (
        (
            "sdk/property.hpp",
            "  if (id == NP_Keys) return",
            "  if (room) ++*room;\n  if (id == NP_Keys) return",
        ),
        "",
        "a byte count was written by a failing call",
    ),
    "a signal that wakes nobody": (
        (
            "sdk/timeline.hpp",
            "if (it->value <= now || cause_) ready",
            "if (it->value < now || cause_) ready",
        ),
        "",
        "hangs for 5 s: thread ",
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_seen(fault: str, tmp_path: Path) -> None:
    (path, before, after), sanitizers, complaint = PLANTED[fault]
    csrc = only_null(tmp_path / "csrc")
    text = (csrc / path).read_text(encoding="utf-8")
    assert text.count(before) == 1
    (csrc / path).write_text(text.replace(before, after), encoding="utf-8")
    built = runner.build(sanitizers)
    with runner.sanitized(sanitizers):
        native.build_plugins(csrc, tmp_path, tmp_path / "temp")
    wrong = runner.Built(built.driver, tmp_path, built.kernels)
    done = runner.run(wrong, "null", calls=100_000, hang=5)
    assert done.status != 0
    assert complaint in done.complaints


def only_null(folder: Path) -> Path:
    """Copy the sources of one small plugin, the null runtime."""
    for part in ("include", "sdk", "plugins/null"):
        for source in sorted((runner.ROOT / "csrc" / part).rglob("*")):
            target = folder / part / source.relative_to(runner.ROOT / "csrc" / part)
            if source.is_file():
                os.makedirs(target.parent, exist_ok=True)
                target.write_bytes(source.read_bytes())
    return folder
