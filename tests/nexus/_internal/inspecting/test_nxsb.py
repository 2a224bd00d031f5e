"""Libraries that `nexus compile` wrote: what is in them, and how they were made."""

from __future__ import annotations

import pytest

import nexus
from binaries import DATA
from nexus import BinaryFormatError
from nexus._internal import compilers
from nexus._internal.compilers import cached
from nexus._internal.compilers.container import Container
from nexus._internal.compilers.options import CompileOptions

CODE = (DATA / "gfx90a.hsaco").read_bytes()
FACTS = {"Compiler": "hip", "Version": "clang 22", "Architecture": "gfx90a"}


def test_the_binary_is_a_part() -> None:
    found = nexus.inspect(Container(CODE, FACTS).pack())
    assert (found.kind, found.architecture, found.target) == ("nxsb", "gfx90a", "made by clang 22")
    assert found.parts == (nexus.inspect(CODE),)
    assert found.kernels == nexus.inspect(CODE).kernels


def test_what_the_compiler_of_this_machine_made_is_read() -> None:
    source = (
        "#include <nexus/kernel.h>\nNXS_KERNEL(k, inout(float, x)) { x[nxs_global_id(0)] = 1; }"
    )

    compiler = nexus.get_runtime("cpu").get_property_str("Compiler")
    result = cached.compile(compilers.get(compiler), source, CompileOptions())
    data = cached.contained(result, CompileOptions(), compiler, None).pack()
    assert [each.name for each in nexus.inspect(data).kernels["k"].arguments or ()] == ["x"]


def test_facts_of_any_type_and_unknown_binaries_are_told() -> None:
    found = nexus.inspect(Container(b"what a driver made", {"Compiler": 3, "Version": [1]}).pack())
    assert (found.architecture, found.target, found.kernels) == ("", "", {})
    assert "a kernel library was expected" in found.parts[0].problem


def test_what_a_driver_told_of_a_source_is_read() -> None:
    told = "device d\ndriver 1\nkernel k\nlimits 4 2 1 64 256 8\nargument 4507 1 x float*\n"
    facts = {"Compiler": "opencl", "Program": told}
    found = nexus.inspect(Container(b"kernel void k(...)", facts).pack())
    assert found.target == "for the runtime opencl, built for d, driver 1"
    assert found.kernels["k"].group == (4, 2, 1)
    assert found.parts[0].problem == "it is source, which the driver compiles on loading it"


def test_the_binary_of_a_driver_that_the_cache_keeps_is_read() -> None:
    facts = b"device d\ndriver 1\nkernel k\nlimits 4 2 1 64 256 8\n"
    program = b"//nexus:opencl-binary 1 %d 1\n%sb" % (len(facts), facts)
    found = nexus.inspect(Container(program, {"Compiler": "opencl", "Version": "1"}).pack())
    assert (found.target, found.parts[0].kind) == ("made by 1", "opencl-binary")
    assert found.kernels["k"].group == (4, 2, 1)


@pytest.mark.parametrize("told", [3, None, [], {}, ""])
def test_what_tells_nothing_of_a_source_is_no_fault(told: object) -> None:
    found = nexus.inspect(Container(b"x", {"Compiler": "opencl", "Program": told}).pack())
    assert (found.kernels, found.target) == ({}, "for the runtime opencl")


@pytest.mark.parametrize("at", [0, 8, 12, 20, 30, 60, -1])
def test_damage_is_refused(at: int) -> None:
    data = bytearray(Container(CODE, FACTS).pack())
    data[at] ^= 0x10
    with pytest.raises(BinaryFormatError):
        nexus.inspect(bytes(data))
