"""Cubins of NVRTC: what is read is what ptxas prints, the source says and pyelftools finds."""

from __future__ import annotations

import contextlib
import io
import re
import struct

import pytest
from elftools.elf.elffile import ELFFile

import nexus
from binaries import nvidia
from nexus import ArgumentInfo, BinaryFormatError, KernelInfo

ARCHITECTURES = ["sm_75", "sm_90", "sm_100"]
SAID = re.compile(
    r"Compiling entry function '(?P<name>\w+)'.*?"
    r"(?P<stack>\d+) bytes stack frame.*?"
    r"Used (?P<registers>\d+) registers(?P<rest>[^\n]*)",
    re.DOTALL,
)


@pytest.fixture(params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def sizes(kernel: KernelInfo) -> list[tuple[int, int | None]]:
    """Return (bytes, offset) of the arguments."""
    assert kernel.arguments is not None
    return [(each.nbytes, each.offset) for each in kernel.arguments]


def kinds(kernel: KernelInfo) -> list[str]:
    assert kernel.arguments is not None
    return [each.kind for each in kernel.arguments]


def test_figures_are_those_that_the_compiler_prints(architecture: str) -> None:
    made = nvidia.compiled(architecture)
    kernels = nexus.inspect(made.binary).kernels
    said = {match["name"]: match for match in SAID.finditer(made.log)}
    assert set(kernels) == set(said)
    for name, kernel in kernels.items():
        shared = re.search(r"(\d+) bytes smem", said[name]["rest"])
        assert kernel.registers == int(said[name]["registers"])
        assert kernel.group_memory == (int(shared[1]) if shared else 0)
        assert kernel.private_memory == int(said[name]["stack"])


def test_arguments_are_those_of_the_source(architecture: str) -> None:
    found = nexus.inspect(nvidia.compiled(architecture).binary)
    kernels = found.kernels
    assert (found.kind, found.architecture) == ("cubin", architecture)
    assert sizes(kernels["saxpy"]) == [(4, 0), (8, 8), (8, 16), (4, 24)]
    assert sizes(kernels["tiled"]) == [(8, 0), (16, 8), (1, 24), (2, 26), (8, 32)]
    assert sizes(kernels["big"]) == [(5000, 0), (8, 5000), (8, 5008), (8, 5016)]
    assert kernels["big"].argument_nbytes == 5024
    assert kernels["none"].arguments == ()
    assert kernels["tiled"].max_group_size == 128
    assert "helper" not in " ".join(kernels)  # a function that kernels call


def test_pointers_are_known_where_the_compiler_tells_them() -> None:
    old = nexus.inspect(nvidia.compiled("sm_90").binary).kernels
    new = nexus.inspect(nvidia.compiled("sm_100").binary).kernels
    assert kinds(old["saxpy"]) == ["value", "unknown", "unknown", "value"]
    assert kinds(new["saxpy"]) == ["value", "pointer", "pointer", "value"]
    assert kinds(new["big"]) == ["value", "value", "value", "pointer"]  # a struct is a value
    assert new["saxpy"].arguments is not None
    assert new["saxpy"].arguments[1] == ArgumentInfo(1, "pointer", 8, 8)


def test_a_fixed_group_size_is_found() -> None:
    kernel = nexus.inspect(nvidia.compiled("sm_90").binary).kernels["fixed"]
    assert (kernel.group, kernel.group_size) == ((64, 2, 1), 128)


def test_code_for_one_architecture_only_is_told() -> None:
    assert nexus.inspect(nvidia.compiled("sm_90a").binary).architecture == "sm_90a"


def test_advice_takes_a_kernel_as_it_was_read() -> None:
    kernels = nexus.inspect(nvidia.compiled("sm_90").binary).kernels
    advice = nexus.advise("nvidia-gpu-sm_90", kernels["stacked"])
    assert advice.kernel.registers == kernels["stacked"].registers
    assert advice.group_sizes(1)[0].groups_per_core > 0
    tiled = nexus.advise("nvidia-gpu-sm_90", kernels["tiled"])
    assert max(each.group_size for each in tiled.group_sizes()) <= 128
    with pytest.raises(ValueError, match="group_size is 256; .* groups of at most 128"):
        tiled.occupancy(256)


def test_an_independent_parser_finds_the_same_sections(architecture: str) -> None:
    data = nvidia.compiled(architecture).binary
    elf = ELFFile(io.BytesIO(data))
    for name, kernel in nexus.inspect(data).kernels.items():
        bank = elf.get_section_by_name(f".nv.constant0.{name}")
        section = elf.get_section_by_name(f".nv.info.{name}")
        assert bank is not None and section is not None
        assert bank["sh_size"] >= kernel.argument_nbytes
        attributes = section.data()
        assert attributes.count(struct.pack("<BBH", 4, 0x17, 12)) == sum(
            1 for each in kernel.arguments or () if kernel.argument_nbytes < 5000
        )


@pytest.mark.parametrize(
    ("attribute", "why"),
    [(0x19, "an attribute of 2 bytes"), (0x2F, ""), (0x10, ""), (0x05, ""), (0x17, "")],
)
def test_an_attribute_of_another_form_is_refused_or_read(attribute: int, why: str) -> None:
    data = nvidia.compiled("sm_90").binary
    changed = data.replace(b"\x04\x17\x0c\x00", bytes([4, attribute, 12, 0]), 1)
    assert why or attribute == 0x17 or changed != data
    if why:
        with pytest.raises(BinaryFormatError, match=why) as caught:
            nexus.inspect(changed)
        assert caught.value.offset is not None
    else:
        try:
            nexus.inspect(changed)
        except BinaryFormatError as error:
            assert "was expected in .nv.info" in str(error)


def test_every_cut_of_a_cubin_is_refused_or_read() -> None:
    data = nvidia.compiled("sm_90").binary
    for n in range(0, len(data), 61):
        with contextlib.suppress(BinaryFormatError):
            nexus.inspect(data[:n])
