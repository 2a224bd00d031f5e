"""The command line: `python -m nexus --includes`."""

from __future__ import annotations

import argparse

from nexus.system import get_include


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="nexus", description=__doc__)
    parser.add_argument(
        "--includes",
        action="store_true",
        required=True,
        help="print the compiler flags that find the headers of nexus",
    )
    parser.parse_args(arguments)
    print(f"-I{get_include()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
