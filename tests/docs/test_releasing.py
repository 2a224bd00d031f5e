"""The page about releases names the steps that `.ci/run` takes, and commands that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (?:`([^`]+)`)?.* \| (both|full) \|$", re.MULTILINE)
STEP = re.compile(r"^ *(?:step|first|beside) (\w+) (.*?)(?: #.*)?$", re.MULTILINE)


def steps() -> dict[str, tuple[str, str]]:
    """Return command and tier of each step of .ci/run."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    checks = re.search(r"for check in (.*); do\n.*\ndone\n", text)
    assert checks, "the checks are taken in a loop"
    taken = text.replace(
        checks[0], "".join(f"step {c} make check-{c}\n" for c in checks[1].split())
    )
    everyday, _, full = taken.rpartition("if $full; then\n")
    return {
        name: (command, tier)
        for part, tier in ((everyday, "both"), (full, "full"))
        for name, command in STEP.findall(part)
    }


def test_page_lists_every_step_with_its_command_and_tier() -> None:
    functions = {"tools": "apt-get install", "demo": "make demo"}
    wanted = {
        name: (functions.get(name, command), tier) for name, (command, tier) in steps().items()
    }
    assert len(wanted) > 15
    assert {name: (command, tier) for name, command, tier in ROW.findall(PAGE)} == wanted


def test_commands_of_the_page_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z ]*):", makefile, re.MULTILINE))
    names = {name for line in targets for name in line.split()}
    assert {name for name in re.findall(r"`?make ([a-z]+)`", PAGE)} - names == set()
    for path in re.findall(r"(?:csrc|tests|nexus)/[\w/]+(?:\.py)?", PAGE):
        assert (ROOT / path).exists(), path
