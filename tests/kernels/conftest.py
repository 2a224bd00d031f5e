"""The compilers of C++ at hand, for tests that look at what each of them says."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from kernels import harness
from nexus._internal import compilers
from nexus._internal.compilers.options import Compiler


@pytest.fixture(params=["host", "clang", "zig"])
def compiler(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    """The compiler that device.compile takes, a clang, and the clang of zig."""
    if request.param == "clang":
        clang = harness.other_clang()
        if clang is None:
            pytest.skip("no clang++ on this machine")
        monkeypatch.setenv("NEXUS_CC", clang)
    if request.param == "zig":
        if importlib.util.find_spec("ziglang") is None:
            pytest.skip("no zig on this machine: pip install ziglang")
        monkeypatch.setenv("NEXUS_CC", f"{sys.executable} -P -m ziglang cc")
    return compilers.get("cc")
