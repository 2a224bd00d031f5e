"""Variables, functions and phases are told from a preprocessed text."""

from __future__ import annotations

import pytest

from nexus._internal.compilers import outline


def declared(text: str) -> list[outline.Declaration]:
    return [*outline.declarations([*outline.tokens(f'# 1 "k.nxs"\n{text}\n')])]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("int counter;", "counter"),
        ("int counter = 0;", "counter"),
        ("const float w[3] = {1, f(2), '}'};", "w"),
        ("struct point { int x; } origin;", "origin"),
        ("unsigned long a, *b;", "a"),
    ],
)
def test_a_variable_is_told(text: str, name: str) -> None:
    assert [one.name() for one in declared(text) if one.is_variable()] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "typedef struct { int x; } point;",
        "struct point { int x; };",
        "struct point;",
        "enum { FOUR = 4 };",
        "union both { int i; float f; };",
        "nxs_table float w[2] = {1, 2};",
        "nxs_func float f(float v);",
        "nxs_func float f(float v) { float w = v; return w; }",
        "nxs_kernel void k(const int n); nxs_kernel void k(const int n) { int i = 0; { i = n; } }",
        '_Static_assert(sizeof(int) == 4, "odd");',
    ],
)
def test_what_is_no_variable_is_not_taken_for_one(text: str) -> None:
    assert not any(one.is_variable() for one in declared(text))


def test_a_circle_of_calls_is_found() -> None:
    functions = declared("int a(int n) { return b(n); } int b(int n) { return a(n) + c(n); }")
    found = outline.recursive(functions)
    assert found
    assert found.name() == "a"
    assert outline.recursive(declared("int a(int a) { return a * (2); } int b() { a(1); }")) is None


def test_lines_are_those_of_the_markers() -> None:
    text = '# 7 "a b.h" 1\nint a;\n\nint b;\n# 3 "k.nxs" 2\n#pragma unroll\nint c;\n'
    places = [one.place for one in outline.tokens(text) if one.text in "abc"]
    assert places == ["a b.h:7", "a b.h:9", "k.nxs:4"]


@pytest.mark.parametrize(
    "statement",
    [
        "{ a = '}'; { b; } }",
        "a(1, (2));",
        ";",
        "for (a; b; c) for (;;) { d; }",
        "if (a) { b; } else if (c) d; else while (e) f;",
        "do { a; } while (b);",
        "switch (a) { case 1: b; }",
    ],
)
def test_each_phase_becomes_a_function(statement: str) -> None:
    text = f"{{ nxs_each {statement} c; for (;;) nxs_each {statement} }}"
    apart = outline.with_phases_apart(text, [*outline.tokens(text)])
    assert apart == f"{{ nxs_phase {statement}}}; c; for (;;) nxs_phase {statement}}}; }}"


def test_a_long_chain_of_calls_is_followed_once() -> None:
    functions = declared("".join(f"int f{n}() {{ return f{n + 1}(); }} " for n in range(400)))
    assert outline.recursive(functions) is None


@pytest.mark.parametrize(
    ("marker", "others"),
    [
        ('# 1 "/usr/include/math.h" 1 3 4', True),
        ('# 1 "/x/nexus/cpu_kernel.h" 1', True),
        ('# 1 "/usr/include/stdc-predef.h" 1 3 4', False),
        ('# 1 "<built-in>" 3', False),
        ('# 1 "mine.h" 1', False),
    ],
)
def test_headers_of_others_are_told(marker: str, others: bool) -> None:
    assert outline.includes_others(f"int a;\n{marker}\nint b;\n") is others
