"""Plants one-line faults in a copy of the tree, one at a time, and runs the tests that must fail.

python tests/mutants/plant.py [NAME ...] [--whole-suite] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "build" / "mutants"
TIMEOUT = 90  # seconds for one test: a fault that hangs is caught as well
BUILD = ("build_ext", "--inplace", "build_plugins", "--inplace")


@dataclass(frozen=True)
class Mutant:
    """One fault of mutants.toml."""

    name: str
    file: str
    find: str
    replace: str
    caught_by: list[str]
    why: str
    sanitizers: str = ""  # that C++ tests are compiled with; else a race shows itself by chance

    def planted_in(self, text: str) -> str:
        """Return a text with the fault in it.

        Raises:
            ValueError: what is to be replaced is not there exactly once.
        """
        n_places = text.count(self.find) if self.find else 0
        if n_places != 1:
            raise ValueError(
                f"mutant {self.name}: {self.file} has {n_places} places like {self.find!r}; "
                "adapt it in mutants.toml"
            )
        return text.replace(self.find, self.replace)


@dataclass(frozen=True)
class Verdict:
    """What the suite said of one fault."""

    name: str
    caught: bool
    by: str
    seconds: float


def read_mutants() -> list[Mutant]:
    """Return the faults in the order of the list."""
    table = tomllib.loads(Path(__file__).with_name("mutants.toml").read_text(encoding="utf-8"))
    return [Mutant(name, **fields) for name, fields in table.items()]


def copy_tree() -> None:
    """Bring the copy up to date; what did not change keeps its time, so that little is built."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    wanted = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    for name in wanted:
        source, target = ROOT / name, TREE / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    for folder in ("csrc", "nexus", "schema", "tests"):
        for path in (TREE / folder).rglob("*.*"):
            name = str(path.relative_to(TREE))
            if path.suffix in (".py", ".pyx", ".hpp", ".cpp") and name not in wanted:
                path.unlink()


def build() -> subprocess.CompletedProcess[str]:
    """Build the native parts of the copy in place."""
    environment = {key: text for key, text in os.environ.items() if key != "NEXUS_WERROR"}
    return subprocess.run(
        [sys.executable, "setup.py", "--quiet", *BUILD],
        cwd=TREE,
        env=environment,
        capture_output=True,
        text=True,
    )


def test(arguments: list[str], sanitizers: str = "") -> subprocess.CompletedProcess[str]:
    """Run tests of the copy until one fails."""
    options = ["-x", "-q", "-p", "no:cacheprovider", f"--timeout={TIMEOUT}", "-m", "not slow"]
    command = [sys.executable, "-m", "pytest", *options, *arguments]
    with tempfile.TemporaryFile("w+") as output:  # a pipe would wait for children that hang
        child = subprocess.Popen(
            command,
            cwd=TREE,
            env=os.environ | {"PYTHONPATH": str(TREE), "NEXUS_SANITIZE": sanitizers},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            child.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):  # what a fault left running
                os.killpg(child.pid, signal.SIGKILL)
        output.seek(0)
        text = output.read()
    return subprocess.CompletedProcess(command, child.returncode, text, "")


def first_failure(done: subprocess.CompletedProcess[str]) -> str:
    """Return which test failed, or how the run ended."""
    if done.returncode < 0 or done.returncode > 5:
        return f"a crash of the test run (status {done.returncode})"
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    hung = "Timeout" in done.stdout
    return found[1] if found else "a test that hung" if hung else "no test"


def try_out(mutant: Mutant, whole_suite: bool) -> Verdict:
    """Plant a fault, build, test, and take the fault away again."""
    began = time.monotonic()
    place = TREE / mutant.file
    original = place.read_text(encoding="utf-8")
    place.write_text(mutant.planted_in(original), encoding="utf-8")
    try:
        built = build()
        if built.returncode:
            raise SystemExit(f"mutant {mutant.name} does not build:\n{built.stderr[-3000:]}")
        done = test(["tests"] if whole_suite else mutant.caught_by, mutant.sanitizers)
    finally:
        place.write_text(original, encoding="utf-8")
    if done.returncode in (2, 3, 4, 5) and "Timeout" not in done.stdout:
        raise SystemExit(f"mutant {mutant.name}: pytest could not run:\n{done.stdout[-3000:]}")
    by = first_failure(done)
    return Verdict(mutant.name, done.returncode != 0, by, round(time.monotonic() - began, 1))


def check_unharmed(mutants: list[Mutant]) -> None:
    """Make sure that the tests pass while no fault is planted."""
    copy_tree()
    built = build()
    if built.returncode:
        raise SystemExit(f"the unharmed copy does not build:\n{built.stderr[-3000:]}")
    for sanitizers in sorted({mutant.sanitizers for mutant in mutants}):
        of_these = [mutant for mutant in mutants if mutant.sanitizers == sanitizers]
        done = test(sorted({part for m in of_these for part in m.caught_by}), sanitizers)
        if done.returncode:
            raise SystemExit(f"tests fail before any fault is planted:\n{done.stdout[-5000:]}")


def main() -> int:
    """Try the faults named, or all; 1 when one was not caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="faults to plant; all without")
    parser.add_argument("--whole-suite", action="store_true", help="not only the tests named")
    parser.add_argument("--json", type=Path, help="write the verdicts here")
    options = parser.parse_args()
    mutants = [m for m in read_mutants() if not options.names or m.name in options.names]
    if unknown := set(options.names) - {mutant.name for mutant in mutants}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    check_unharmed(mutants)
    verdicts = []
    for mutant in mutants:
        verdict = try_out(mutant, options.whole_suite)
        verdicts.append(verdict)
        word = "caught" if verdict.caught else "NOT CAUGHT"
        print(f"{word:10} {verdict.name:42} {verdict.seconds:6.1f} s  {verdict.by}", flush=True)
    missed = [verdict.name for verdict in verdicts if not verdict.caught]
    print(f"{len(verdicts) - len(missed)} of {len(verdicts)} faults caught")
    if options.json:
        report = {"verdicts": [asdict(verdict) for verdict in verdicts]}
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
