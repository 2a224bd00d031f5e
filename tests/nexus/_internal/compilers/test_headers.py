"""Headers go where a source includes them, nowhere else, and lines keep their numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nexus._internal.compilers import headers
from nexus._internal.compilers.headers import Inliner
from nexus.bindings.errors import CompileError

HEADER = headers.by_name()["nexus/kernel.h"]
A = {"a.h": "int a;\n"}
PUT = '#line 1 "a.h"\nint a;\n'


def put(source: str, given: dict[str, str], *folders: Path) -> str:
    """Return the source, called k.cl, with its headers, without the line that names it."""
    made = Inliner(given, [os.fspath(folder) for folder in folders]).text(source, "k.cl")
    return made.removeprefix('#line 1 "k.cl"\n')


def seen(text: str, defined: frozenset[str] = frozenset()) -> list[str]:
    """Return the lines that a compiler sees; of conditions it knows #ifdef and #ifndef."""
    found, names, live = [], set(defined), [True]
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word in ("#ifdef", "#ifndef"):
            live.append(live[-1] and (rest in names) == (word == "#ifdef"))
        elif word == "#endif":
            live.pop()
        elif live[-1] and word == "#define":
            names.add(rest)
        elif live[-1] and line and word != "#line":
            found.append(line)
    assert live == [True]
    return found


@pytest.mark.parametrize(
    "line", ["#include <nexus/kernel.h>", '  #  include "nexus/kernel.h" // kernels']
)
def test_the_include_becomes_the_text(line: str) -> None:
    text = headers.inlined(f"int a;\n{line}\nint b;\n", "k.cl")
    before, after = text.split(HEADER)
    assert before == '#line 1 "k.cl"\nint a;\n#line 1 "nexus/kernel.h"\n'
    assert after == '#line 3 "k.cl"\nint b;\n'


@pytest.mark.parametrize(
    "line",
    [
        "/* c */ #include <a.h>",
        "#include /* x */ <a.h> /* y */",
        "#/**/include<a.h>",
        "#  include <a.h>",
        "\t\f\v#\tinclude\t<a.h>",
        "%:include <a.h>",
        '#include "a.h"//',
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_include_may_be_spelled_in_many_ways(line: str, end: str) -> None:
    assert put(f"int x;{end}{line}{end}int y;{end}", A) == (
        f'int x;\n{PUT}#line 3 "k.cl"\nint y;\n'
    )


@pytest.mark.parametrize(
    "lines", ["#include \\\n<a.h>", "#inc\\\r\nlude <a.h>", "/* c\n*/ #include <a.h>"]
)
def test_an_include_of_two_lines_counts_two(lines: str) -> None:
    assert put(f"{lines}\nint y;", A) == f'{PUT}#line 3 "k.cl"\nint y;\n'


@pytest.mark.parametrize(
    "text",
    [
        "#include <nexus/cpu_kernel.h>",
        "// #include <a.h>",
        "// the line goes on \\\n#include <a.h>",
        "/* Use it so:\n#include <a.h>\n*/",
        "int x; /* and\n*/ #include <a.h>",
        'constant char *s = "\\\n#include <a.h>\\\n";',
        'constant char *s = "/*";\nconstant char c = \'"\'; // "',
        "#define X \\\n#include <a.h>",
        "#pragma unroll",
        "#error don't include <a.h>",
        "#include_next <a.h>",
        "#include NOBODY",
        "#include",
        "#",
        "#if 0\n#include <absent.h>\n#endif",
        "/* never ends\n#include <a.h>",
    ],
)
def test_other_lines_stay(text: str) -> None:
    assert put(text, A) == f"{text}\n"


def test_a_comment_in_a_string_hides_no_include() -> None:
    assert PUT in put('constant char *s = "/*";\n#include <a.h>\n// */', A)
    assert PUT in put("#if 0\ndon't\n#endif\n#include <a.h>\n", A)


def test_a_line_that_goes_on_at_the_end_of_a_header_takes_nothing_with_it() -> None:
    assert seen(put("#include <a.h>\nint y;", {"a.h": "#pragma once\n#define X 1 \\"})) == [
        "int y;"
    ]


def test_a_header_in_a_folder_finds_what_every_header_finds(tmp_path: Path) -> None:
    folder = tmp_path / "with a blank"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/a.h").write_text('\ufeff#include "b.h"\n#include <nexus/kernel.h>\n')
    (folder / "sub/b.h").write_bytes(b"int b; // \xe9\n")
    made = put("#include <sub/a.h>\n", A, tmp_path, folder)
    assert f'#line 1 "{folder}/sub/b.h"\nint b; // \udce9\n#line 2 "{folder}/sub/a.h"\n' in made
    assert HEADER in made


def test_a_given_header_finds_those_beside_it() -> None:
    given = {"lib/a.h": '#include "b.h"\n#include "../c.h"\n', "lib/b.h": "b", "c.h": "c"}
    assert seen(put("#include <lib/a.h>\n", given | {"b.h": "wrong"})) == ["b", "c"]


def test_a_source_that_is_a_file_finds_those_beside_it(tmp_path: Path) -> None:
    source = tmp_path / "k.cl"
    source.write_text('#include "a.h"\n')
    (tmp_path / "a.h").write_text("beside\n")
    made = Inliner({"a.h": "given\n"}).text(source.read_text(), str(source))
    assert seen(made) == ["beside"]


@pytest.mark.parametrize(
    "guarded",
    [
        "#pragma once\nint a;\n",
        "/* a */\n#ifndef A_H // guard\n#define A_H\nint a;\n#endif // A_H\n",
        "#if !defined(A_H)\n#  define A_H 1\nint a;\n#endif\n",
    ],
)
def test_a_header_with_a_guard_is_there_once(guarded: str) -> None:
    given = {"a.h": guarded, "b.h": "#pragma once\n#include <a.h>\nint b;\n"}
    both = put("#include <b.h>\n#include <a.h>\n#include <b.h>\nint c;", given)
    assert both.count("int a;") == both.count("int b;") == 1
    assert both.endswith('#line 2 "k.cl"\n\n\nint c;\n')


def test_several_sources_have_a_header_once() -> None:
    inliner = Inliner({"a.h": "#pragma once\nint a;\n"})
    texts = [inliner.text("#include <a.h>\n", name) for name in ("a.cl", "b.cl")]
    assert seen("".join(texts)) == ["int a;"]


@pytest.mark.parametrize("defined", [frozenset({"X"}), frozenset()])
def test_a_header_that_a_condition_hides_comes_later(defined: frozenset[str]) -> None:
    made = put(
        "#ifdef X\n#include <a.h>\n#endif\n#include <a.h>\n", {"a.h": "#pragma once\nint a;\n"}
    )
    assert seen(made, defined) == ["int a;"]


def test_lines_behind_a_hidden_header_keep_their_numbers() -> None:
    made = put("#if 0\n#include <a.h>\n#else\nint x;\n#endif\nint y;", A)
    assert made.endswith('#else\n#line 4 "k.cl"\nint x;\n#endif\n#line 6 "k.cl"\nint y;\n')


def test_lines_that_the_source_numbers_itself_keep_these_numbers() -> None:
    made = put('#line 70 "grammar.y"\nint x;\n#include <a.h>\nint y;', A)
    assert made.endswith('#line 72 "grammar.y"\nint y;\n')


@pytest.mark.parametrize(
    "unguarded",
    ["int a;\n", "#ifndef N\n#define N 1\n#endif\nint a;\n", "#ifndef N\n#define M\n#endif\n"],
)
def test_a_header_without_a_guard_comes_as_often_as_it_is_included(unguarded: str) -> None:
    made = put("#include <a.h>\n#include <a.h>\n", {"a.h": unguarded})
    assert made.count('#line 1 "a.h"') == 2


def test_headers_that_include_each_other_are_told() -> None:
    circle = {"a.h": '#include "b.h"\n', "b.h": '#include "a.h"\n'}
    assert (
        "#error includes without end: k.cl, a.h, b.h, a.h; begin each with #pragma once\n"
        '#line 2 "b.h"\n'
    ) in put("#include <a.h>\n", circle)
    once = {name: f"#pragma once\n{text}int {name[0]};\n" for name, text in circle.items()}
    assert seen(put("#include <a.h>\n", once)) == ["int b;", "int a;"]


def test_a_guard_on_the_way_ends_a_circle() -> None:
    circle = {"a.h": '#include "b.h"\nint a;\n', "b.h": '#pragma once\n#include "a.h"\nint b;\n'}
    made = put("#include <a.h>\n", circle)
    assert seen(made) == ["int a;", "int b;", "int a;"]


def test_headers_that_are_too_deep_are_told() -> None:
    deep = {f"{n}.h": f"#include <{n + 1}.h>\n" for n in range(99)}
    assert "#error includes without end: " in put("#include <0.h>\n", deep)


def test_headers_that_double_without_end_are_refused() -> None:
    doubling = {f"{n}.h": f"#include <{n + 1}.h>\n" * 2 for n in range(50)}
    with pytest.raises(CompileError, match="'k.cl': it has more than 10000 includes; begin"):
        put("#include <0.h>\n", {**doubling, "50.h": "x"})


def test_a_macro_may_name_a_header() -> None:
    assert seen(put('#define H "a.h"\n#include H\n', A))[-1] == "int a;"
    assert seen(Inliner(A, macros={"H": "<a.h>"}).text("#include H\n", "k.cl")) == ["int a;"]


def test_a_macro_that_may_name_two_headers_is_refused() -> None:
    source = '#if X\n#define H "a.h"\n#else\n#define H "b.h"\n#endif\n#include H\n'
    assert (
        '#error it may be a.h or b.h: name the header in the #include itself\n#line 7 "k.cl"\n'
    ) in put(source, {**A, "b.h": "int b;\n"})


@pytest.mark.parametrize("word", ["import", "include_next", "embed"])
def test_what_only_the_compiler_knows_to_bring_in_stays_and_is_told(word: str) -> None:
    inliner = Inliner(A)
    source = f'int x;\n#{word} "a.h"\nint y;\n'
    assert inliner.text(source, "k.cl").endswith(source)
    assert inliner.leaves_any


def test_a_nul_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_bytes(b"\0")
    with pytest.raises(ValueError, match=r"the header '.*a\.h' has a NUL character"):
        put("#include <a.h>\n", {}, tmp_path)


def test_what_is_no_file_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "a.h").mkdir()
    os.mkfifo(tmp_path / "b.h")
    source = "#include <a.h>\n#include <b.h>\n"
    assert put(source, {}, tmp_path) == source


def test_a_name_is_quoted() -> None:
    assert headers.inlined("", 'a"\\b').startswith('#line 1 "a\\"\\\\b"\n')


def test_the_text_is_whole_and_without_comments() -> None:
    of_the_cpu = "#include <nexus/kernel/cpu.h>", "#include <nexus/kernel/check.h>"
    assert {line for line in HEADER.splitlines() if "#include <nexus/" in line} == {*of_the_cpu}
    assert "/*" not in HEADER.split("*/", 1)[1]
