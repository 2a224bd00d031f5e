"""What a compiler cannot know of <nexus/kernel.h>: the rule behind its complaint, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

_MOST = 50  # complaints that are looked at; what follows so many is their echo


class Complaint(NamedTuple):
    """An error of a compiler: its sentence, what stands below it, and in which header."""

    sentence: str
    notes: str = ""
    header: str = ""  # empty: in the source


class _Hint(NamedTuple):
    rule: str
    said: str  # found in the sentence
    near: str = ""  # found in the sentence, in the notes, or in the path of the header

    def fits(self, complaint: Complaint) -> bool:
        if not re.search(self.said, complaint.sentence):
            return False
        return re.search(self.near, "\n".join(complaint)) is not None


_ATOMICS = (
    "atomics are nxs_atomic_... in buffers and nxs_shared_atomic_... in shared arrays: add, min, "
    "max, exchange and compare_exchange of _i32, _u32, _i64 and _u64, and add of _f32 and _f64; *p "
    "and the value are of the type in the name"
)
_ARGUMENTS = (
    "a kernel has 1 to 16 arguments, and an argument is val(T, n), in(T, p), out(T, p) or "
    "inout(T, p); a group kernel has its three sizes before them"
)
_CHANGED = "an atomic changes what it works on: take inout(T, p) for it, not in(T, p)"
_UNKNOWN = (
    "not declared|undeclared|implicit declaration|undefined|no arguments to|unknown type"
    "|not name a type"
)
# PoCL writes no line of the source; of what portable kernels call, atomics alone take volatile.
_ATOMIC = r"nxs_(shared_)?atomic_|of type 'volatile __(global|local)"

_COMMON = "a portable kernel is of what C and C++ have in common: "
_MATHS = (
    "sqrt|rsqrt|exp2?|log(2|10)?|a?(sin|cos|tan)h?|floor|ceil|trunc|round|abs|atan2|pow|mod|"
    "copysign|min|max|fma"
)
_VECTORS = "a portable kernel has no vectors: take one number for each item, or a struct"
_VECTOR = r"u?(?:char|short|int|long|float|double|half)(?:2|3|4|8|16)"
# What to write instead of a word that <nexus/kernel/cpu_words.h> forbids.
_WORDS = {
    "static|inline|extern|register|thread_local|constexpr": (
        "nothing is static: a function that kernels call is NXS_FUNC, a table of constants "
        "NXS_TABLE, a number with a name a #define; what a group shares is NXS_SHARED, what an "
        "item keeps from phase to phase NXS_PRIVATE"
    ),
    r"u?int\d+_t|wchar_t|char(16|32)_t": (
        "integers are nxs_int8, nxs_int16, nxs_int32, nxs_int64 and nxs_uint8 to nxs_uint64"
    ),
    _VECTOR: _VECTORS,
    r"\w*_cast": _COMMON + "a cast is (T)v",
    "auto|decltype": _COMMON + "name the type of each variable",
    "new|delete": _COMMON + "no allocation: an array has a constant size",
    "try|catch|throw|noexcept": _COMMON + "no exceptions",
    "goto|asm": "a portable kernel has no goto and no asm: not every language has them",
    "nullptr|static_assert|align(as|of)|this|typeid": (
        _COMMON + "no nullptr, static_assert, alignas, alignof, typeid and no methods"
    ),
    "template|typename|class|namespace|using|operator|virtual|friend|explicit|mutable": (
        _COMMON + "no templates, classes, namespaces, references or overloads; a function that "
        "kernels call is NXS_FUNC"
    ),
}

_OF_ADDRESSES = (
    _Hint(
        "nxs_atomic_... is for buffers and nxs_shared_atomic_... for shared arrays; a pointer, "
        "also of a function, is marked NXS_GLOBAL or NXS_LOCAL, for the one or the other",
        "changes address space|pointer to non-enclosed address space",
    ),
)

# Of several that fit a complaint the first is told.
_HINTS = (
    _Hint(
        _ARGUMENTS,
        r"NXS_(PARAMETER|NAME|KIND|TYPE|NBYTES|LETTER)_|pasting formed '\)_|is_too_long"
        "|NXS_(LIST|ACCESS)_[a-z]|undeclared identifier 'nxs_grid_",
    ),
    _Hint(_ARGUMENTS, "function-style cast", r"macro 'NXS_(PARAMETER|NBYTES)'"),
    _Hint("include other headers before <nexus/kernel.h>", "poisoned", r"\n/[^\n]*\Z"),
    *(_Hint(rule, f'poisoned "({words})"') for words, rule in _WORDS.items()),
    _Hint(
        "another kernel language keeps this name for itself: choose another",
        "poisoned|cannot combine with previous",
    ),
    _Hint(
        "in a phase there is no return and no break; continue ends the item",
        "OpenMP|undeclared label",
    ),
    _Hint(_CHANGED, r"(from|of type) ['\"]const [^'\"]*\*", _ATOMIC),
    _Hint(_CHANGED, _ATOMIC, "would lose const"),
    _Hint(_ATOMICS, r"convert|conversion|no matching|incompatible|too (few|many)", _ATOMIC),
    _Hint(_ATOMICS, _UNKNOWN, r"['\"]nxs_(shared_)?atomic_\w*['\"]"),
    *_OF_ADDRESSES,
    _Hint("a portable kernel has no recursion: take a loop", "inlining failed"),
    _Hint(
        "a function that kernels call is marked NXS_FUNC",
        "no previous (declaration|prototype)",
    ),
    _Hint(
        "in and val are only read: what is written is out(T, p) or inout(T, p)",
        "read-only|const-qualified|modifiable lvalue",
    ),
    _Hint(
        "functions of maths take float or double: convert the integer first",
        "ambiguous|more than one instance of overloaded",
    ),
    _Hint("the shared and private arrays of a kernel have at most 256 KiB together", "frame size"),
    _Hint(
        "the sizes of a group and of a shared array are constants: numbers, or macros, as the "
        "option defines gives them",
        "run_groups|variable length array|must have a constant value|be an integer constant"
        r"|((assertion|static_assert) expression|'\w+') is not (an integral|a) constant expression"
        "|usable in a constant expression|non-constant condition|required integral or enum",
    ),
    _Hint(
        "an array is NXS_SHARED(T, name, [A][B]): its sizes are in brackets",
        "expected",
        r"NXS_SHARED\([^[\n]*;",
    ),
    _Hint(
        "NXS_SHARED stands in an NXS_GROUP_KERNEL, outside its phases",
        "(declared|variables) in (the )?local address space",
    ),
    _Hint(
        "an argument is a number or a plain struct, or a buffer of these: no pointer, no "
        "reference, no bool (take nxs_uint8)",
        "type of a kernel parameter|pointer arguments to kernel functions",
    ),
    _Hint(
        "nxs_load_half(p, i) and nxs_store_half(p, i, v) work on every device; arithmetic with "
        "nxs_half where NXS_HAS_HALF is defined",
        "requires cl_khr_fp16|function parameter of type .*half",
    ),
    _Hint(
        "a portable kernel has no barrier: an NXS_PHASE begins when all items have finished what "
        "stands before it",
        _UNKNOWN,
        r"['\"](barrier|__syncthreads|threadgroup_barrier|work_group_barrier|mem_fence)['\"]",
    ),
    _Hint(
        "an item's own one of an NXS_PRIVATE(T, n) is nxs_my(n)",
        r"in assignment of .* to '[^']*\[\d+\]'|array type '.*' is not assignable",
    ),
    _Hint(
        "only a kernel knows where its item is, and has phases: give a function what it needs as "
        "arguments",
        _UNKNOWN,
        r"['\"]nxs_(self|group)['\"]",
    ),
    _Hint(
        "an item asks where it is with nxs_global_id(d), nxs_local_id(d) and nxs_group_id(d), and "
        "how large things are with nxs_global_size(d), nxs_local_size(d) and nxs_num_groups(d)",
        _UNKNOWN,
        r"['\"](get_(global|local|group|num)_\w+|(thread|block)Idx|(block|grid)Dim)['\"]",
    ),
    _Hint("there is no printf in a portable kernel", _UNKNOWN, r"['\"]printf['\"]"),
    _Hint(
        "maths are nxs_sqrt, nxs_exp, nxs_min, nxs_max and so on, for float and double alike",
        _UNKNOWN,
        rf"['\"](std::|f)?({_MATHS})f?['\"]",
    ),
    _Hint(
        "an array that the group shares is NXS_SHARED(T, name, [A][B]), a buffer in(T, p), "
        "out(T, p) or inout(T, p), a table of constants NXS_TABLE, a function NXS_FUNC",
        _UNKNOWN,
        r"['\"]__(shared|device|global|constant|local|kernel|host)(__)?['\"]",
    ),
    _Hint(
        _COMMON + "no allocation: an array has a constant size",
        _UNKNOWN,
        r"['\"](malloc|calloc|free|alloca)['\"]",
    ),
    _Hint(_ATOMICS, _UNKNOWN, r"['\"]atomic[A-Z_]\w*['\"]"),
    _Hint(
        "nxs_global_id(d) and its like take a dimension: 0, 1 or 2",
        "no matching function|too (few|many)",
        r"(global|local|group)_(id|size)|num_groups",
    ),
    _Hint(_VECTORS, _UNKNOWN, rf"['\"]{_VECTOR}['\"]"),
    _Hint(
        "a portable kernel is of what C and C++ have in common: no templates, classes, references "
        "or overloads",
        _UNKNOWN,
        r"['\"](template|class|namespace|constexpr)['\"]",
    ),
    _Hint(
        "NXS_KERNEL and NXS_GROUP_KERNEL are words of <nexus/kernel.h>, which has to be included",
        r"expected constructor.* before '\('|requires a type specifier|type specifier is required"
        "|no storage class or type",
        r"NXS_(GROUP_)?KERNEL\(|before '\('",
    ),
)


# Of what compiles as C++ and not as C.
_OF_C = (
    _Hint("nxs_global_id(d) and its like take a dimension: 0, 1 or 2", "size .*is negative"),
    _Hint("a struct is called by a typedef, or with the word struct", "(use|must use) 'struct'"),
    _Hint(
        _COMMON + "no overloads, each function has a name of its own", "conflicting types|redefin"
    ),
    _Hint(
        "an NXS_SHARED array has no initial value: a phase sets it",
        "nxs_is_not_initialized|illegal initializer",
    ),
    _Hint(
        "nxs_my(n) is an item's own one of an NXS_PRIVATE(T, n)",
        "assignment to expression with array type|array type .* is not assignable",
    ),
    _Hint(
        _COMMON + "no references, overloads, methods, lambdas, default arguments and braces around "
        "a value; a cast is (T)v, a struct is called by a typedef",
        "",
    ),
)


def hint_of_c(complaint: Complaint) -> str:
    """Return the rule that a source breaks which is no C."""
    return next(hint.rule for hint in (*_OF_ADDRESSES, *_OF_C) if hint.fits(complaint))


def hint_for(complaints: Iterable[Complaint]) -> str | None:
    """Return the rule that the first complaint breaks of which one is known."""
    first = islice(complaints, _MOST)
    fitting = (hint.rule for one in first for hint in _HINTS if hint.fits(one))
    return next(fitting, None)
