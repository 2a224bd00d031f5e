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

# Of several that fit a complaint the first is told.
_HINTS = (
    _Hint(
        _ARGUMENTS,
        r"NXS_(PARAMETER|NAME|KIND|TYPE|NBYTES|LETTER)_|pasting formed '\)_|is_too_long"
        "|NXS_(LIST|ACCESS)_[a-z]|undeclared identifier 'nxs_grid_",
    ),
    _Hint(_ARGUMENTS, "function-style cast", r"macro 'NXS_(PARAMETER|NBYTES)'"),
    _Hint("include other headers before <nexus/kernel.h>", "poisoned", r"\n/[^\n]*\Z"),
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
    _Hint(
        "nxs_atomic_... is for buffers and nxs_shared_atomic_... for shared arrays; the pointer of "
        "a function is marked NXS_GLOBAL or NXS_LOCAL, for the one or the other",
        "changes address space",
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
        "an item asks where it is with nxs_global_id(d), nxs_local_id(d) and nxs_group_id(d), and "
        "how large things are with nxs_global_size(d), nxs_local_size(d) and nxs_num_groups(d)",
        _UNKNOWN,
        r"['\"](get_(global|local|group|num)_\w+|(thread|block)Idx|(block|grid)Dim)['\"]",
    ),
    _Hint("there is no printf in a portable kernel", _UNKNOWN, r"['\"]printf['\"]"),
    _Hint(
        "a portable kernel has no vectors: take one number for each item, or a struct",
        _UNKNOWN,
        r"['\"](char|short|int|uint|long|float|double|half)(2|3|4|8|16)['\"]",
    ),
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


def hint_for(complaints: Iterable[Complaint]) -> str | None:
    """Return the rule that the first complaint breaks of which one is known."""
    first = islice(complaints, _MOST)
    fitting = (hint.rule for one in first for hint in _HINTS if hint.fits(one))
    return next(fitting, None)
