"""The conformance tests are a kit: copied anywhere, they test whatever runtime one names."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build_plugins as native
from test_cpp import plugin_folder

KIT = Path(__file__).resolve().parent / "conformance"
N_TESTS = 700  # of one runtime, at least


def copied(folder: Path) -> Path:
    """Copy the kit, and nothing else, to a folder of another name."""
    kit = folder / "any name"
    shutil.copytree(KIT, kit, ignore=shutil.ignore_patterns("__pycache__"))
    return kit


def run(kit: Path, *options: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Run the kit where no source tree is near; return the exit status and what it printed."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs"]
    done = subprocess.run(
        [*command, kit.name, *options],
        cwd=kit.parent,
        env=environment or os.environ,
        capture_output=True,
        text=True,
        timeout=900,
    )
    return done.returncode, done.stdout + done.stderr


def n_passed(output: str) -> int:
    """Return how many tests passed, by the last line."""
    found = re.search(r"(\d+) passed", output.splitlines()[-1])
    return int(found[1]) if found else 0


def gaps_printed(output: str, runtime: str) -> dict[str, str]:
    """Return the gaps that the end of the run tells, with their reasons."""
    _, title, rest = output.partition(f"known gaps of runtime {runtime} ")
    assert title, output
    lines = rest.splitlines()[1:]
    return dict(re.findall(r"^(\w+): (.+)$", "\n".join(itertools.takewhile(is_gap, lines)), re.M))


def is_gap(line: str) -> bool:
    """Tell whether a line is one of the gaps."""
    return re.match(r"\w+: ", line) is not None


@pytest.mark.timeout(1000)
@pytest.mark.parametrize(("runtime", "by_path"), [("cpu", False), ("null", True)])
def test_the_kit_runs_from_anywhere(runtime: str, by_path: bool, tmp_path: Path) -> None:
    library = plugin_folder() / native.library_name(runtime)
    named = str(library) if by_path else runtime
    status, output = run(copied(tmp_path), "--runtime", named)
    assert status == 0, output
    assert n_passed(output) >= N_TESTS, output
    facts = native.read_facts(library.with_suffix(".toml"))
    assert gaps_printed(output, runtime) == facts["known_gaps"]


def test_a_plugin_far_from_nexus_is_tested_with_the_gaps_beside_it(tmp_path: Path) -> None:
    """As a vendor has it: the library and its plugin.toml in a folder of their own."""
    library = tmp_path / native.library_name("null")
    shutil.copy2(plugin_folder() / library.name, library)
    gaps = (plugin_folder() / "libnexus_null.toml").read_text(encoding="utf-8")
    options = ("--runtime", str(library), "-k", "test_grid or test_properties")
    kit = copied(tmp_path)

    status, output = run(kit, *options)
    assert status == 1, "without its gaps the runtime promises what it does not do"
    assert gaps_printed(output, "null") == {}

    (tmp_path / "plugin.toml").write_text(gaps, encoding="utf-8")
    status, output = run(kit, *options)
    assert status == 0, output
    assert "group_limits" in gaps_printed(output, "null")

    (tmp_path / "plugin.toml").rename(tmp_path / "mine.toml")
    status, output = run(kit, *options, "--gaps", "mine.toml")
    assert status == 0, output


@pytest.mark.parametrize("named", ["nosuch", "/nowhere/libnexus_nosuch.so"])
def test_a_runtime_that_is_not_there_is_one_error(named: str, tmp_path: Path) -> None:
    status, output = run(copied(tmp_path), "--runtime", named)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert named in output
    assert "Traceback" not in output
