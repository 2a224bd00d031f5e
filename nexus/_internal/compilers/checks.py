"""What a portable kernel must not do although it compiles as C++: found before it runs anywhere.

The source is preprocessed with the words of <nexus/kernel/check.h>, and the text is given to the
compiler twice, to be read and not to make code: as C, which portable kernels are, and with each
phase a function that has const copies of the variables outside it.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Callable
from typing import NamedTuple

from nexus._internal.compilers import diagnostics, outline
from nexus._internal.compilers.hints import Complaint, hint_of_c
from nexus._internal.compilers.outline import Declaration, Token
from nexus._internal.compilers.toolchain import Language

# Reads a text in a language and returns what the compiler says of it.
Reader = Callable[[str, Language], str]


class Rule(NamedTuple):
    """A rule of phases.

    Attributes:
        said: found in the compiler's complaint when it is broken.
        sentence: what to say in place of the complaint.
        hint: what to do.
    """

    said: str
    sentence: str
    hint: str


_OUTSIDE = (
    "what stands outside the phases belongs to the group on the CPU and to each item on a GPU: "
    "what an item keeps from phase to phase is NXS_PRIVATE(T, n) and nxs_my(n), what items share "
    "NXS_SHARED(T, n, [A])"
)
_BETWEEN = (
    "every item of a GPU runs what stands between phases: a value is added in a phase, "
    "NXS_PHASE_FIRST(1) { } is for one item"
)
# gcc takes `const int n = 16` for no constant in C; OpenCL's compilers do.
_IS_C = re.compile(
    "isn't constant|is not constant|variably modified|variable-sized|reduce to an integer constant"
    "|not an integer constant(?! expression)"
)
# Functions of OpenCL C that take so many numbers with a fraction, and cannot be defined again.
_TAKEN = collections.defaultdict[int, list[str]](list)
_TAKEN |= {
    1: """acos acosh asin asinh atan atanh cbrt ceil cos cosh cospi degrees erf erfc exp exp10 exp2
        expm1 fabs floor half_cos half_sin ilogb isfinite isinf isnan isnormal length lgamma log
        log10 log1p log2 logb native_cos native_sin normalize radians rint round rsqrt sign signbit
        sin sinh sinpi sqrt tan tanh tanpi tgamma trunc""".split(),
    2: """atan2 copysign distance dot fdim fmax fmin fmod hypot isequal max maxmag min minmag
        nextafter pow powr remainder step""".split(),
    3: "bitselect clamp fma mad mix smoothstep".split(),
}
# Of several that fit a complaint the first is told; one that none fits is no matter of phases.
_RULES = (
    Rule("deleted", "a buffer or a shared array is changed between phases", _BETWEEN),
    Rule(
        "read-only|captured by copy|discards qualifiers|no viable overloaded",
        "a variable from outside the phases is written in a phase",
        _OUTSIDE,
    ),
    Rule(
        "invalid conversion from 'const |no matching function|would lose const|with an expression",
        "the address of what is only read here goes where it may be written",
        _OUTSIDE,
    ),
)


def mistakes(text: str, name: str, read: Reader) -> tuple[list[str], str]:
    """Return what is wrong, as `diagnostics.summary` does, and the log; nothing when all is well.

    A source without a kernel, or with headers of the system, is for the CPU alone: nothing is
    looked for in it.

    Args:
        text: the preprocessed source.
        name: what messages call the source.
        read: the compiler.
    """
    if "nxs_kernel" not in text or outline.includes_others(text):
        return [], ""
    text = outline.without_digraphs(text)
    tokens = [*outline.tokens(text)]
    lines = _of_declarations([*outline.declarations(tokens)]) or _of_words(tokens)
    if lines:
        return lines, ""
    log = read(text, "c")
    complaints = diagnostics.complaints(log, name)
    told = [line for line, one in complaints.items() if not _is_fine(one)]
    if told:
        return diagnostics.shortened(told, hint_of_c(complaints[told[0]])), log
    if any(token.text == "nxs_each" for token in tokens):
        log = read(outline.with_phases_apart(text, tokens), "c++")
        return _of_phases(diagnostics.complaints(log, name)), log
    return [], ""


def _is_fine(complaint: Complaint) -> bool:
    """Whether OpenCL's compilers take it although one of C does not.

    To clang, as C, `n ? x : y` has no address space when `*x` is const and `*y` is not.
    """
    if _IS_C.search(complaint.sentence):
        return True
    return "changes address space" in complaint.sentence and " ? " in complaint.notes


def _of_declarations(found: list[Declaration]) -> list[str]:
    variables = [one for one in found if one.is_variable()]
    if variables:
        said = "is a variable outside of functions"
        lines = [f"{one.head[0].place}: {one.name()!r} {said}" for one in variables]
        hint = (
            "a table of constants is NXS_TABLE, a number with a name a #define; what kernels "
            "change is in a buffer"
        )
        return diagnostics.shortened(lines, hint)
    functions = [one for one in found if one.body]
    taken = [one for one in functions if one.name() in _TAKEN[one.n_numbers()]]
    if taken:
        said = "is a function of OpenCL C, with these arguments"
        lines = [f"{one.head[0].place}: {one.name()!r} {said}" for one in taken]
        return diagnostics.shortened(lines, "choose another name")
    circle = outline.recursive(functions)
    if circle:
        line = f"{circle.head[0].place}: {circle.name()!r} calls itself"
        return diagnostics.shortened([line], "a portable kernel has no recursion: take a loop")
    return []


def _of_words(tokens: list[Token]) -> list[str]:
    for number, token in enumerate(tokens):
        following = [one.text for one in tokens[number + 1 : number + 6]]
        for broken, sentence, hint in _WORDS:
            if broken(token, following):
                return diagnostics.shortened([f"{token.place}: {sentence}"], hint)
    return []


def _is_pointer_to_function(token: Token, following: list[str]) -> bool:
    """Whether `T (*name)(...)` begins."""
    if not token.text.isidentifier() or token.text in ("if", "while", "switch"):
        return False
    return following[:2] == ["(", "*"] and following[3:] == [")", "("]


class _Word(NamedTuple):
    is_broken: Callable[[Token, list[str]], bool]
    sentence: str
    hint: str


_WORDS = (
    _Word(
        lambda token, following: token.text == "long" and following[:1] == ["double"],
        "'long double' is no type of a portable kernel",
        "take double, where NXS_HAS_DOUBLE is defined",
    ),
    _Word(
        lambda token, _: token.text == "nxs_table" and token.depth > 0,
        "an NXS_TABLE stands in a function",
        "NXS_TABLE stands outside of functions",
    ),
    _Word(
        lambda token, _: token.text.startswith('"'),
        "there are no strings in a portable kernel",
        "a table of numbers is NXS_TABLE nxs_uint8 name[] = {...}",
    ),
    _Word(
        lambda token, following: [token.text, *following[:2]] == [".", ".", "."],
        "there are no ranges and no unnamed arguments in a portable kernel",
        "write each case, or a comparison",
    ),
    _Word(
        _is_pointer_to_function,
        "there are no pointers to functions in a portable kernel",
        "call the function by its name; a switch chooses one of several",
    ),
)


def _of_phases(complaints: dict[str, Complaint]) -> list[str]:
    lines: dict[str, str] = {}  # line -> hint
    for told, complaint in complaints.items():
        rule = next((one for one in _RULES if re.search(one.said, complaint.sentence)), None)
        if rule:
            place = told.removesuffix(complaint.sentence)
            lines.setdefault(place + rule.sentence, rule.hint)
    return diagnostics.shortened([*lines], next(iter(lines.values()))) if lines else []
