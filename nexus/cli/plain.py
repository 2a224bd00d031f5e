"""The commands that need no other package: plain text for people, JSON for programs."""

from __future__ import annotations

import argparse
import json

import nexus
from nexus.cli import EXTRA, doctor, machine, outline


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="nexus", description="Find every accelerator.", epilog=f"More commands with: {EXTRA}"
    )
    parser.add_argument(
        "--version", action="version", version=f"nexus, version {nexus.__version__}"
    )
    parser.add_argument(
        "--includes",
        action="store_true",
        help="print the compiler flags that find the headers of nexus",
    )
    parser.add_argument("command", nargs="?", choices=("info", "doctor"))
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    options = parser.parse_args(arguments)
    if options.includes:
        print(f"-I{nexus.get_include()}")
        return 0
    if options.command is None:
        parser.print_help()
        return 2
    return _info(options.json) if options.command == "info" else _doctor(options.json)


def _info(as_json: bool) -> int:
    found = machine.facts()
    print(json.dumps(found, indent=2) if as_json else outline.plain(machine.outline(found)))
    return 0 if found["runtimes"] else 1


def _doctor(as_json: bool) -> int:
    found = doctor.findings()
    data = doctor.as_json(found)
    print(json.dumps(data, indent=2) if as_json else outline.plain(doctor.outline(found)))
    return 0 if doctor.is_well(found) else 1
