"""What compilers say of an architecture that they do not know."""

from __future__ import annotations

import pytest

from nexus._internal import compilers
from nexus._internal.compilers import architecture
from nexus.bindings.errors import CompileError

GCC = """\
cc1plus: error: bad value 'zenver3' for '-march=' switch
cc1plus: note: valid arguments to '-march=' switch are: nocona core2 znver2 znver3 x86-64-v3
"""
CLANG = """\
error: unknown target CPU 'zenver3'
note: valid target CPU values are: nocona, core2, znver2, znver3, x86-64-v3
"""


@pytest.mark.parametrize("log", [GCC, CLANG])
def test_a_processor_is_told_with_those_of_like_names(log: str) -> None:
    said = architecture.unknown_processor("zenver3", log)
    assert said is not None
    assert "knows no processor 'zenver3' (did you mean 'znver3' or 'znver2'?)" in said


def test_a_compiler_that_lists_no_names_is_not_said_to() -> None:
    said = architecture.unknown_processor("zenver3", "error: unknown CPU: 'zenver3'\n")
    assert said is not None
    assert "log" not in said
    assert architecture.unknown_processor("znver3", "k.nxs:3:1: error: no such thing") is None


def test_the_compiler_of_this_machine_is_understood() -> None:
    with pytest.raises(CompileError, match="it knows no processor 'x86-64-v33'") as caught:
        compilers.get("cc").compile("int x;", {"arch": "x86-64-v33"})
    assert "x86-64-v33" in caught.value.log


@pytest.mark.parametrize("arch", ["sm_90", "sm_90a", "compute_75", "gfx90a", "gfx942:xnack-"])
def test_what_gpus_are_called_reaches_no_compiler_of_the_cpu(arch: str) -> None:
    with pytest.raises(ValueError, match="the runtime cpu takes a processor"):
        compilers.get("cc").compile("int x;", {"arch": arch})
