"""The commands that need no other package: plain text for people, JSON for programs."""

from __future__ import annotations

import argparse
import json
import sys

import nexus
from nexus.cli import EXTRA, EXTRA_OF_PICTURES, doctor, inspection, machine, outline

NEED_MORE = {"db": EXTRA, "roofline": EXTRA_OF_PICTURES}


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    command = arguments[0] if arguments else ""
    if command in NEED_MORE:
        print(f"nexus: the command {command!r} needs more: {NEED_MORE[command]}", file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(
        prog="nexus",
        description="Find every accelerator.",
        epilog=f"More commands with: {EXTRA_OF_PICTURES}",
    )
    parser.add_argument(
        "--version", action="version", version=f"nexus, version {nexus.__version__}"
    )
    parser.add_argument(
        "--includes",
        action="store_true",
        help="print the compiler flags that find the headers of nexus",
    )
    parser.add_argument("command", nargs="?", choices=("info", "doctor", "inspect"))
    parser.add_argument("file", nargs="?", help="the kernel library to inspect")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    options = parser.parse_args(arguments)
    if options.includes:
        print(f"-I{nexus.get_include()}")
        return 0
    if options.command is None:
        parser.print_help()
        return 2
    if (options.command == "inspect") != (options.file is not None):
        parser.error("inspect takes a file, and no other command does")
    if options.command == "inspect":
        return _inspect(options.file, options.json)
    return _info(options.json) if options.command == "info" else _doctor(options.json)


def _info(as_json: bool) -> int:
    found = machine.facts()
    _show(found, machine.outline(found), as_json)
    return 0 if machine.is_well(found) else 1


def _doctor(as_json: bool) -> int:
    found = doctor.findings()
    _show(doctor.as_json(found), doctor.outline(found), as_json)
    return 0 if doctor.is_well(found) else 1


def _inspect(file: str, as_json: bool) -> int:
    found = nexus.inspect(file)
    _show(inspection.as_json(file, found), inspection.outline(file, found), as_json)
    return 0


def _show(data: object, tree: outline.Node, as_json: bool) -> None:
    print(json.dumps(data, indent=2) if as_json else outline.plain(tree, sys.stdout.encoding))
