"""The compiler zig (pip install ziglang) for another system than this one, or for an older one."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "build" / "zig"

# What the C++ library asks of the unwinder, by the version of libgcc_s that brought it.
UNWINDER = {
    "GCC_3.0": [
        "DeleteException",
        "ForcedUnwind",
        "GetDataRelBase",
        "GetGR",
        "GetIP",
        "GetLanguageSpecificData",
        "GetRegionStart",
        "GetTextRelBase",
        "RaiseException",
        "Resume",
        "SetGR",
        "SetIP",
    ],
    "GCC_3.3": ["Backtrace", "FindEnclosingFunction", "GetCFA", "Resume_or_Rethrow"],
    "GCC_4.2.0": ["GetIPInfo"],
}


def command(target: str, language: str = "c++") -> list[str]:
    """Return how zig is called to compile for a target, `aarch64-linux-gnu.2.17`."""
    return [sys.executable, "-m", "ziglang", language, "-target", target]


def variables(target: str) -> dict[str, str]:
    """Return the environment in which builds of nexus use zig for a target."""
    found = {"CXX": shlex.join(command(target)), "ZIG_GLOBAL_CACHE_DIR": str(CACHE)}
    if "linux" in target:
        found["LDFLAGS"] = shlex.quote(str(system_unwinder(target)))
    return found


def system_unwinder(target: str) -> Path:
    """Return a library to link against: it stands for the libgcc_s.so.1 of the system.

    zig would put an unwinder of its own into each library. An exception of a kernel, and the end of
    a thread, come from the system's unwinder, which calls back with its own records: the two must
    be one, or the process crashes.
    """
    place = CACHE / "unwinder" / target
    library = place / "libgcc_s.so.1"
    if not library.exists():
        place.mkdir(parents=True, exist_ok=True)
        names = [f"_Unwind_{name}" for group in UNWINDER.values() for name in group]
        functions = "".join(f"void {name}(void) {{}}\n" for name in names)
        (place / "unwinder.c").write_text(functions, encoding="utf-8")
        (place / "unwinder.map").write_text(version_script(), encoding="utf-8")
        flags = ["-shared", "-nostdlib", f"-Wl,-soname,{library.name}"]
        flags += [f"-Wl,--version-script={place / 'unwinder.map'}", "-o", str(library)]
        subprocess.run(
            [*command(target, "cc"), str(place / "unwinder.c"), *flags],
            env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(CACHE)},
            check=True,
        )
    return library


def version_script() -> str:
    """Return the versions of the symbols, as a linker reads them."""
    nodes, before = [], ""
    for version, names in UNWINDER.items():
        symbols = "".join(f"_Unwind_{name}; " for name in names)
        nodes.append(f"{version} {{ global: {symbols}{'' if before else 'local: *; '}}}{before};\n")
        before = f" {version}"
    return "".join(nodes)
