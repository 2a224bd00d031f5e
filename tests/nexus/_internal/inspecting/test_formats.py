"""Telling formats apart: what each is, and what is said of files that are none."""

from __future__ import annotations

import pytest

import nexus
from binaries import DATA, containers, nvidia
from nexus import BinaryFormatError
from nexus._internal.inspecting.formats import identify
from nexus._internal.inspecting.source import Source

GFX90A = (DATA / "gfx90a.hsaco").read_bytes()
TEXT = b"//\n// a compiler\n\n.version 8.4\n.target sm_80\n"


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (GFX90A, "hsaco", "a code object for gfx90a"),
        (GFX90A[:100], "hsaco", "a code object"),
        (TEXT, "ptx", "a PTX file for sm_80"),
        (containers.fatbin((1, 80, TEXT, 0)), "fatbin", "a fatbin for sm_80"),
        (
            containers.bundle({"hip-amdgcn-amd-amdhsa--gfx90a": GFX90A}),
            "bundle",
            "an offload bundle for gfx90a",
        ),
        (b"\x03\x02\x23\x07", "spirv", "a SPIR-V module"),
        (b"\xcf\xfa\xed\xfe", "macho", "a Mach-O file"),
        (b"", "", "no kernel library"),
        (b"\x7fEL", "", "no kernel library"),
    ],
)
def test_what_bytes_are_is_told_in_words(data: bytes, kind: str, text: str) -> None:
    found = identify(Source.of_bytes(data))
    assert (found.kind, found.text) == (kind, text)


def test_a_cubin_is_told_with_its_architecture() -> None:
    assert identify(Source.of_bytes(nvidia.compiled("sm_75").binary)).text == "a cubin for sm_75"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (bytes(100), "it has only zeros"),
        (b"kernel void k(global float *x) {}", "it is source code; device.compile takes source"),
        (b"hello", "it is text"),
        (b"BC\xc0\xde1234", "LLVM bitcode"),
        (b"!<arch>\n", "an archive of object files; link them"),
        (b"MTLB....", "a Metal library"),
        (b"PK\x03\x04", "a zip archive"),
        (b"MZ\x90\0", "Windows"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"\xcf\xfa\xed\xfe", "a Mach-O file, which is not read"),
        (b"\xde\xad\xbe\xef", "begins with de ad be ef"),
        (b"\x7fELF", "the ELF header of 64 bytes was expected, and there are 4"),
    ],
)
def test_what_is_no_library_is_told_by_what_it_is(data: bytes, why: str) -> None:
    with pytest.raises(BinaryFormatError, match=why):
        nexus.inspect(data)
