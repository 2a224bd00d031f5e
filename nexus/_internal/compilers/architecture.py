"""What a runtime's compiler takes as `arch`, and the refusal of what it does not."""

from __future__ import annotations

import re

from nexus._internal.compilers.diagnostics import WHOLE_LOG
from nexus.bindings._internal.words import shown

# How the architectures of devices are written whose names nobody else takes.
_FORMS = {
    "cuda": re.compile(r"(sm|compute)_?\d+[a-z]?"),
    "hip": re.compile(r"gfx[0-9a-f]+(:.*)?"),
    "metal": re.compile(r"(applegpu_|metal).*"),
}
_TAKEN = {
    "cpu": "a processor as its C++ compiler calls it, such as 'znver3' or 'x86-64-v3'",
    "cuda": "names such as 'sm_90'",
    "hip": "names such as 'gfx90a'",
    "metal": "none, because its libraries are for every device",
    "opencl": "none, because the driver compiles for the device that loads the library",
}
_REMEDY = {
    "cpu": "leave arch away for the processor of this machine",
    "cuda": "name one of these, or leave arch away for the device of this machine",
    "hip": "name one of these, or use the device of this machine",
}
# gcc, clang and zig of a processor that they do not know.
_UNKNOWN_PROCESSOR = re.compile(
    r"(bad|unknown) value .* for '?-m|unknown (target )?CPU|unsupported argument .* to option '?-m"
)


def is_foreign(arch: str, runtime: str) -> bool:
    """Whether it is the name of an architecture of another runtime's devices."""
    return any(name != runtime and form.fullmatch(arch) for name, form in _FORMS.items())


def refusal(arch: str | None, runtime: str) -> ValueError:
    """Return the exception for an `arch` that a runtime's compiler does not take."""
    whose = next((name for name, form in _FORMS.items() if form.fullmatch(arch or "")), runtime)
    given, remedy = f"arch is {shown(arch)}", _REMEDY.get(runtime, "leave arch away")
    if whose != runtime:
        given += f", an architecture of the runtime {whose}"
        remedy = f"compile for the runtime {whose}, or {remedy}"
    return ValueError(f"{given}; the runtime {runtime} takes {_TAKEN[runtime]}: {remedy}")


def unknown_processor(arch: str, log: str) -> str | None:
    """Return what to say when a compiler of the CPU has not heard of a processor, else None."""
    if not _UNKNOWN_PROCESSOR.search(log):
        return None
    known = [*dict.fromkeys(re.findall(r"[\w.+-]{3,}", log.partition("are:")[2]))]
    import difflib

    close = difflib.get_close_matches(arch, known, n=3, cutoff=0.7)
    meant = f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
    said = f"it knows no processor {arch!r}{meant}; the runtime cpu takes {_TAKEN['cpu']}"
    return f"{said}\n{WHOLE_LOG}, with the names that this compiler knows" if known else said
