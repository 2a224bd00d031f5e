"""Compile options in every spelling, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nexus._internal.compilers.options import CompileOptions


@pytest.mark.parametrize(
    "options", [None, {}, [], "", CompileOptions(), CompileOptions(name="<source>")]
)
def test_no_options_are_the_defaults(options: Any) -> None:
    assert CompileOptions.of(options) == CompileOptions()


def test_a_mapping_names_the_fields(tmp_path: Path) -> None:
    options = CompileOptions.of(
        {
            "defines": {"TILE": 32, "FAST": None, "SCALE": 0.5, "CHECK": True},
            "include_dirs": tmp_path,
            "flags": "-O1 '-DNAME=a b'",
            "language": "c",
            "debug": True,
        }
    )
    assert options.defines == {"TILE": 32, "FAST": None, "SCALE": 0.5, "CHECK": 1}
    assert options.include_dirs == (str(tmp_path),)
    assert options.flags == ("-O1", "-DNAME=a b")
    assert (options.language, options.debug, options.fast_math) == ("c", True, False)


@pytest.mark.parametrize("flags", [["-O1", "-g"], ("-O1", "-g"), "-O1 -g"])
def test_flags_may_come_alone(flags: Any) -> None:
    assert CompileOptions.of(flags).flags == ("-O1", "-g")


def test_options_are_kept_as_they_are() -> None:
    options = CompileOptions(debug=True)
    assert CompileOptions.of(options) is options


@pytest.mark.parametrize(
    ("name", "language"),
    [("k.c", "c"), ("k.nxs", "c++"), ("k.cpp", "c++"), ("<source>", "c++")],
)
def test_the_language_is_guessed_from_the_name(name: str, language: str) -> None:
    assert CompileOptions(name=name).language_of_source() == language
    assert CompileOptions(name=name, language="c").language_of_source() == "c"


def test_a_name_may_be_a_path(tmp_path: Path) -> None:
    assert CompileOptions.of({"name": tmp_path / "k.nxs"}).name == str(tmp_path / "k.nxs")


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        (
            {"define": {}},
            TypeError,
            r"no compile option is called 'define'; did you mean 'defines'",
        ),
        ({"x": 1}, TypeError, r"called 'x' \(there are: \['defines', "),
        ({1: 2}, TypeError, "no compile option is called 1"),
        ({"defines": ["TILE"]}, TypeError, "defines is .*maps names to values"),
        ({"defines": {"1X": 1}}, ValueError, "'1X' is no name of a macro"),
        ({"defines": {"A B": 1}}, ValueError, "'A B' is no name of a macro"),
        ({"defines": {"A": []}}, TypeError, r"A is \[\]; it is a string, a number or None"),
        ({"defines": {"A": "1\n#error x"}}, ValueError, "A.* is '1.*a macro is one line of text"),
        ({"defines": {"A": "1\r2"}}, ValueError, "a macro is one line of text"),
        ({"defines": {"A": "1\\"}}, ValueError, "a macro is one line of text"),
        ({"defines": {"A": "1\0"}}, ValueError, "a macro is one line of text"),
        ({"defines": {"A": "\udcff"}}, ValueError, "a macro is one line of text"),
        ({"defines": {"A(\ud800)": "1"}}, ValueError, "a macro is one line of text"),
        ({"defines": {"A(x\r)": "1"}}, ValueError, "a macro is one line of text"),
        ({"defines": {"A(\n)": "1"}}, ValueError, "is no name of a macro"),
        ({"headers": {"a.h": "int x;\0"}}, ValueError, "headers: 'a.h' has a NUL character"),
        ({"headers": {"a.h": "\n\udcff"}}, ValueError, "'a.h' has '.*' in line 2, half of a surr"),
        ({"flags": ["-DX\0"]}, ValueError, "has a NUL character"),
        ("-DX\0", ValueError, "has a NUL character"),
        ({"include_dirs": "/no/such/folder"}, ValueError, "'/no/such/folder' is no folder"),
        ({"include_dirs": 3}, TypeError, "it is a sequence of folders"),
        ({"flags": 3}, TypeError, "a string or a sequence of flags"),
        ({"language": "rust"}, ValueError, "language is 'rust'; it is 'c"),
        ({"debug": "no"}, TypeError, "debug is 'no'; it is True or False"),
        ({"name": ""}, ValueError, "one line of printable characters"),
        ({"name": "a\nb"}, ValueError, "one line of printable characters"),
        ({"name": 3}, TypeError, "name is 3; it is a string or a path"),
        (3, TypeError, "they are a mapping, a string or a sequence"),
        ([3], TypeError, "they are a mapping, a string or a sequence"),
        ("'", ValueError, "quotation"),
    ],
)
def test_a_wrong_option_gets_a_sentence(options: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        CompileOptions.of(options)
