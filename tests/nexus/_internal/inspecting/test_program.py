"""Programs that the `opencl` runtime packed: what the driver told is read, damage is refused."""

from __future__ import annotations

import pytest

import nexus
from nexus import BinaryFormatError

FACTS = """platform P
device D
driver 1.0
kind opencl-c
options -cl-kernel-arg-info
log kernel of the compiler's log
kernel native
limits 8 4 1 1024 256 64
argument 4510 0 a float4
argument 4507 1 _cl_in float*
argument 4509 0 table int*
argument 4507 4 out unsigned int*
argument 4508 0 tile float*
argument 4507 0 picture image2d_t
argument 4510 0 how sampler_t
kernel portable
limits 0 0 0 0 256 0
argument 4510 0 n int
argument 4507 0 y float*
argument 4510 0 nxs_grid_x uint
argument 4510 0 nxs_grid_y uint
argument 4510 0 nxs_grid_z portable__nxs_val_out
"""


def packed(facts: str = FACTS, code: bytes = b"code", version: int = 1) -> bytes:
    """Return a program as the runtime packs it."""
    head = b"//nexus:opencl-binary %d %d %d\n" % (version, len(facts), len(code))
    return head + facts.encode() + code


def test_arguments_are_as_the_driver_told_them() -> None:
    kernel = nexus.inspect(packed()).kernels["native"]
    told = [(a.index, a.kind, a.type, a.name, a.access) for a in kernel.arguments or ()]
    assert told == [
        (0, "value", "float4", "a", ""),
        (1, "pointer", "float", "in", "in"),
        (2, "pointer", "int", "table", "in"),
        (3, "pointer", "unsigned int", "out", "inout"),
        (4, "group memory", "float*", "tile", ""),
        (5, "image", "image2d_t", "picture", ""),
        (6, "sampler", "sampler_t", "how", ""),
    ]


def test_limits_and_target_are_told() -> None:
    found = nexus.inspect(packed())
    assert (found.kind, found.architecture) == ("opencl-binary", "")
    assert found.target == "for D, driver 1.0"
    kernel = found.kernels["native"]
    assert (kernel.group, kernel.group_memory, kernel.private_memory) == ((8, 4, 1), 1024, 64)
    assert found.kernels["portable"].max_group_size == 256


def test_what_a_portable_kernel_hides_is_told_apart() -> None:
    kernel = nexus.inspect(packed()).kernels["portable"]
    assert [(a.name, a.access) for a in kernel.arguments or ()] == [("n", ""), ("y", "out")]
    hidden = [(a.index, a.name) for a in kernel.hidden_arguments]
    assert hidden == [(0, "nxs_grid_x"), (1, "nxs_grid_y"), (2, "nxs_grid_z")]


@pytest.mark.parametrize("n", [0, 5, 22, 30, 40, 200, -5, -1])
def test_what_is_cut_is_refused(n: int) -> None:
    with pytest.raises(BinaryFormatError):
        nexus.inspect(packed()[:n])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (packed(version=2), "version 1 was expected and it is of version 2"),
        (packed().replace(b" 1 ", b" one ", 1), "a version and two sizes were expected"),
        (packed().replace(b" 4\n", b" 5\n", 1), "its first line tells of"),
        (packed(FACTS.replace("4510 0 a", "x 0 a")), "a number up to 2147483648 was expected"),
        (packed(FACTS.replace("4510 0 a", "99999999999 0 a")), "a number up to 2147483648"),
        (packed(FACTS.replace("argument 4510 0 a float4", "argument")), "an argument of a kernel"),
        (packed(FACTS.replace("limits 8 4 1", "limits 8 4")), "the limits of a kernel"),
        (packed(FACTS.replace("limits 8 4 1", "limits 99999 99999 1")), "a group of work-items"),
        (packed(FACTS.replace("kernel native\n", "")), "the limits of a kernel was expected"),
        (packed("log " + "x" * (1 << 22)), "at most 4194304 letters of facts are read"),
    ],
)
def test_what_was_changed_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(BinaryFormatError, match=why):
        nexus.inspect(data)
