"""The lines that a log is cut down to."""

from __future__ import annotations

from nexus._internal.compilers import diagnostics

GCC_HEADER = """\
In file included from k.nxs:1:
/h/cpu.h: In instantiation of 'int Group::global_id(int) const [with int X = 16]':
k.nxs:3:11:   required from 'void k__group(G)'
k.nxs:2:1:   required from here
/h/cpu.h:142:19: error: static assertion failed: ids belong in a phase
  142 |     static_assert(kNever<Use...>, "ids belong in a phase");
"""

CLANG_HEADER = """\
In file included from k.nxs:1:
/h/cpu.h:142:5: error: static_assert failed due to requirement 'never<>' "ids belong in a phase"
    static_assert(kNever<Use...>, "ids belong in a phase");
k.nxs:3:11: note: in instantiation of function template specialization requested here
k.nxs:2:1: note: in instantiation of function template specialization requested here
"""


def test_an_error_in_a_header_is_told_with_the_line_of_the_source() -> None:
    expected = ["k.nxs:3: ids belong in a phase"]
    assert diagnostics.summary(GCC_HEADER, "k.nxs") == expected
    assert diagnostics.summary(CLANG_HEADER, "k.nxs") == expected


def test_what_is_said_twice_is_told_once() -> None:
    assert diagnostics.summary(GCC_HEADER * 2, "k.nxs") == ["k.nxs:3: ids belong in a phase"]


def test_many_errors_are_counted() -> None:
    log = "\n".join(f"k.nxs:{line}:1: error: wrong {line}" for line in range(1, 9))
    lines = diagnostics.summary(log, "k.nxs")
    assert lines == [*(f"k.nxs:{n}: wrong {n}" for n in range(1, 6)), "... 3 more"]


def test_an_error_of_the_linker_is_found() -> None:
    log = "ld: x.o: in function `k':\nk.nxs:3: undefined reference to `f'\ncollect2: error: 1"
    assert "k.nxs:3: undefined reference to `f'" in diagnostics.summary(log, "k.nxs")


def test_a_log_without_an_error_is_shown_as_it_is() -> None:
    assert diagnostics.summary("Segmentation fault\n", "k.nxs") == ["Segmentation fault"]
    assert diagnostics.summary("", "k.nxs") == []


def test_a_source_without_a_word_of_ours_gets_no_hint() -> None:
    log = "k.cl:2:7: error: read-only variable is not assignable"
    assert diagnostics.summary(log, "k.cl", b"kernel void k(constant int *p) { p[0] = 1; }") == [
        "k.cl:2: read-only variable is not assignable"
    ]
    for source in (b"NXS_KERNEL(k, in(int, p)) { p[0] = 1; }", b'#include "mine.h"\n'):
        assert diagnostics.summary(log, "k.cl", source)[1].startswith("hint: in and val are only")


def test_a_hint_explains_what_the_compiler_cannot_know() -> None:
    lines = diagnostics.summary('k.nxs:2:7: error: attempt to use poisoned "half"', "k.nxs")
    assert lines[1] == "hint: another kernel language keeps this name for itself: choose another"
