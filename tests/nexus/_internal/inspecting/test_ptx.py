"""PTX of NVRTC, and what is odd in PTX that others write."""

from __future__ import annotations

import time

import pytest

import nexus
from binaries import nvidia
from nexus import ArgumentInfo, BinaryFormatError, KernelInfo

HEAD = ".version 8.4\n.target sm_90, debug\n.address_size 64\n"


def only(text: str) -> KernelInfo:
    """Return the only kernel of a text."""
    (kernel,) = nexus.inspect((HEAD + text).encode()).kernels.values()
    return kernel


def test_the_text_and_the_cubin_agree() -> None:
    text = nexus.inspect(nvidia.compiled("compute_100").binary)
    binary = nexus.inspect(nvidia.compiled("sm_100").binary)
    assert (text.kind, text.architecture) == ("ptx", "sm_100")
    assert set(text.kernels) == set(binary.kernels)
    for name, one in text.kernels.items():
        other = binary.kernels[name]
        assert one.argument_nbytes == other.argument_nbytes
        assert one.group == other.group
        assert one.max_group_size == other.max_group_size
        assert one.group_memory == other.group_memory
        for left, right in zip(one.arguments or (), other.arguments or (), strict=True):
            assert (left.nbytes, left.offset) == (right.nbytes, right.offset)
            assert left.kind in (right.kind, "unknown")


def test_a_parameter_that_becomes_an_address_is_a_pointer() -> None:
    saxpy = nexus.inspect(nvidia.compiled("compute_75").binary).kernels["saxpy"]
    assert saxpy.arguments is not None
    assert [each.kind for each in saxpy.arguments] == ["value", "pointer", "pointer", "value"]
    assert saxpy.arguments[0] == ArgumentInfo(0, "value", 4, 0, "saxpy_param_0", "f32")
    assert [each.type for each in saxpy.arguments] == ["f32", "u64", "u64", "u32"]


def test_parameters_are_laid_out_as_the_format_says() -> None:
    kernel = only(
        ".visible .entry k(.param .u8 a, .param .align 16 .b8 b[20],\n"
        "  .param .u64 .ptr .global .align 1 c, .param .b64 d, .param .f64 e)\n"
        ".reqntid 8, 4\n{\n ret;\n}\n"
    )
    assert kernel.arguments == (
        ArgumentInfo(0, "value", 1, 0, "a", "u8"),
        ArgumentInfo(1, "value", 20, 16, "b", "b8[20]"),
        ArgumentInfo(2, "pointer", 8, 40, "c", "u64"),
        ArgumentInfo(3, "unknown", 8, 48, "d", "b64"),
        ArgumentInfo(4, "value", 8, 56, "e", "f64"),
    )
    assert (kernel.argument_nbytes, kernel.group, kernel.group_size) == (64, (8, 4, 1), 32)


def test_group_memory_is_what_the_kernel_uses() -> None:
    found = nexus.inspect(
        (
            HEAD + ".shared .align 4 .b8 tile[1024];\n.shared .b32 lock;\n"
            ".extern .shared .align 16 .b8 dynamic[];\n"
            ".entry one() { .shared .f32 own[2][8]; mov.u32 %r1, tile;\n"
            "mov.u32 %r2, dynamic; ret; }\n"
            ".entry two() { .local .align 8 .b8 depot[40]; st.shared.u32 [lock], 1; ret; }\n"
        ).encode()
    ).kernels
    assert found["one"].group_memory == 1024 + 64
    assert (found["two"].group_memory, found["two"].private_memory) == (4, 40)


def test_comments_declarations_and_functions_are_no_kernels() -> None:
    text = (
        "/* .entry a() { */ // .entry b() {\n/* over\n.entry c() {\n*/"
        ".extern .entry d(.param .u64 x);\n"
        ".func (.param .b32 r) e(.param .b32 p) { { .reg .b32 x; } ret; }\n"
        ".entry f() { ret; }\n"
    )
    assert [*nexus.inspect((HEAD + text).encode()).kernels] == ["f"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (".version 8.0\n", r"the directives .version and .target were expected"),
        (HEAD + ".entry k() {\n", r"the end of the kernel k was expected"),
        (HEAD + ".entry k(.param .align) { }", r"byte 51: a parameter with a type and a name"),
        (HEAD + ".entry k(.param .b8 x[99999999999]) { }", r"a number up to"),
        (HEAD + ".entry k(.param .b64 x[2147483648]) { }", r"a size below"),
        (HEAD + ".entry k() .maxntid 0 { }", r"a group of work-items was expected and is 0 x 1"),
        (HEAD + ".entry k() { .shared .b8 x[2][2000000000]; }", r"a size below"),
    ],
)
def test_what_is_no_whole_ptx_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(BinaryFormatError, match=why):
        nexus.inspect(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "{" * 3_000_000,
        ".shared " * 300_000,
        ".param .u64 .ptr " * 100_000,
        "/*" * 1_000_000,
        "/* */" * 500_000,
        "a\n" * 200_000,
        ".entry k(" + ".param .b8 x, " * 200_000,
        ".entry " + "k" * 3_000_000,
    ],
    ids=lambda text: text[:12],
)
def test_odd_text_is_read_in_a_time_that_grows_with_its_length(text: str) -> None:
    def seconds(n: int) -> float:
        data = (HEAD + text[:n]).encode()
        began = time.process_time()
        try:
            nexus.inspect(data)
        except BinaryFormatError:
            pass
        return time.process_time() - began

    quarter, whole = seconds(len(text) // 4), seconds(len(text))
    assert whole < 12 * quarter + 0.5
