"""One text of whatever is given as source, whose messages speak of the lines that were given."""

from __future__ import annotations

import pytest

from nexus._internal import compilers
from nexus._internal.compilers import cached, sources
from nexus._internal.compilers.sources import Source
from nexus.bindings.errors import CompileError, CompilerNotFoundError

HEADERS = {"ours/half.h": "#define HALF(x) (0.5f * (x))\n"}
KERNEL = """#include <nexus/kernel.h>
#include <ours/half.h>
NXS_KERNEL(k, inout(float, x)) { x[nxs_global_id(0)] = HALF(x[nxs_global_id(0)]); }
"""


@pytest.mark.parametrize("given", ["\ufeffint x;", b"\xef\xbb\xbfint x;", bytearray(b"int x;")])
def test_text_is_taken_in_any_form(given: str | bytes) -> None:
    assert sources.text_of(given, "k.c") == b'#line 1 "k.c"\nint x;'


def test_several_sources_are_one_text() -> None:
    text = sources.text_of({"a.h": "int a;", 'b".c': "int b;"}, "both")
    assert text == b'#line 1 "a.h"\nint a;\n#line 1 "b\\".c"\nint b;'


@pytest.mark.parametrize("given", [None, 7, ["int x;"], {"a.c": 7}, {7: "int x;"}])
def test_what_is_no_text_is_refused(given: object) -> None:
    with pytest.raises(TypeError, match=r"text|named"):
        sources.text_of(given, "k.c")


@pytest.mark.parametrize("given", ["", " \n", {}, {"a.c": "", "b.c": "\n"}])
def test_an_empty_source_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="the source is empty"):
        sources.text_of(given, "k.c")


@pytest.mark.parametrize("is_kept", ["0", "1"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("int x;\n\0", "cannot compile 'k.c': the source has a NUL character in line 2"),
        ({"a.c": "int x;", "b.c": b"\0"}, "cannot compile 'b.c': the source has a NUL"),
        ("int x; // \udcff", "'k.c': the source has '.*' in line 1, half of a surrogate pair"),
        ({"a\nb": "int x;"}, "a source is named 'a.nb'; it is one line"),
        ({"a\udcff": "int x;"}, "a source is named 'a.*'; it is one line"),
    ],
    ids=["NUL", "second", "surrogate", "line", "name"],
)
def test_what_no_source_can_have_is_told(
    is_kept: str, given: Source, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_CACHE", is_kept)
    with pytest.raises(ValueError, match=said):
        cached.compile(compilers.get("cc"), given, {"name": "k.c"})


@pytest.mark.parametrize("name", compilers.names())
def test_every_compiler_refuses_what_no_source_can_have(name: str) -> None:
    arch = {"nvrtc": "sm_90", "hiprtc": "gfx90a"}.get(name)
    for given, said in [("int x;\0", "NUL"), ("int x; // \udcff", "surrogate")]:
        try:
            with pytest.raises(ValueError, match=said):
                compilers.get(name).compile(given, arch=arch)
        except CompilerNotFoundError as error:
            pytest.skip(str(error))


@pytest.mark.parametrize("name", ["cc", "opencl"])
def test_a_comment_in_another_encoding_goes_through(name: str) -> None:
    source = "int x; // für mich".encode("latin-1")
    assert compilers.get(name).compile(source, {"name": "k.c"}).binary


def test_a_mistake_is_found_in_its_source() -> None:
    with pytest.raises(CompileError, match=r"\n  b\.cpp:2: .*missing"):
        compilers.get("cc").compile({"a.cpp": "int a;\n\n", "b.cpp": "\nint b = missing;"})


def test_headers_are_given_by_name() -> None:
    made = compilers.get("cc").compile(KERNEL, {"headers": HEADERS})
    assert made.includes and not any("ours" in path for path in made.includes)


def test_another_header_is_another_library() -> None:
    one = cached.compile(compilers.get("cc"), KERNEL, {"headers": HEADERS})
    same = cached.compile(compilers.get("cc"), {"<source>": KERNEL}, {"headers": HEADERS})
    other = {"ours/half.h": "#define HALF(x) (0.25f * (x))\n"}
    assert one.binary != cached.compile(compilers.get("cc"), KERNEL, {"headers": other}).binary
    assert one.binary == same.binary


@pytest.mark.parametrize("headers", [7, {"a.h": b"int x;"}, {7: "int x;"}])
def test_headers_of_another_type_are_refused(headers: object) -> None:
    with pytest.raises(TypeError, match="headers"):
        compilers.get("cc").compile(KERNEL, {"headers": headers})


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../a.h", "a//b.h", "./a.h", "a\n.h"])
def test_a_header_stays_in_its_folder(name: str) -> None:
    with pytest.raises(ValueError, match="headers"):
        compilers.get("cc").compile(KERNEL, {"headers": {name: ""}})
