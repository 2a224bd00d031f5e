"""The program that atheris runs: python tests/fuzz/guided.py CORPUS -max_total_time=120."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["nexus._internal.inspecting", "nexus.library_info"]):
    import nexus._internal.inspecting.formats  # noqa: F401
    from fuzz import target


def one_input(data: bytes) -> None:
    """Read one input; what is raised here is a finding."""
    target.one_input(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
