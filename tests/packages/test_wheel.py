"""The wheel: exactly the files that belong into it, small, and at home on any such system."""

from __future__ import annotations

import re
from email.parser import Parser
from pathlib import Path

import pytest

import build_plugins as native
from packages.environment import Native, Wheel

KIB = 1024
MIB = 1024 * KIB

# What any Linux has: https://peps.python.org/pep-0599.
EVERYWHERE = re.compile(r"lib(c|m|dl|rt|pthread)\.so\.\d|libgcc_s\.so\.1|ld-linux.*\.so\.\d")
CXX_LIBRARY = "libstdc++.so.6"


def belonging(repository: Path, suffix: str) -> set[str]:
    """Return what the package is made of, read off the tree."""
    package = repository / "nexus"
    made = {"include", "plugins", "__pycache__"}
    written = {
        path.relative_to(repository).as_posix()
        for pattern in ("*.py", "*.pyi", "*.pxd", "py.typed")
        for path in package.rglob(pattern)
        if not made & set(path.relative_to(package).parts)
    }
    modules = {
        f"{path.relative_to(repository).with_suffix('').as_posix()}{suffix}"
        for path in package.rglob("*.pyx")
    }
    include = repository / "csrc" / "include"
    headers = {
        f"nexus/include/{path.relative_to(include).as_posix()}"
        for path in include.rglob("*")
        if path.is_file()
    }
    devices = {f"nexus/device_lib/{path.name}" for path in (repository / "schema").rglob("*.json")}
    plugins = {
        f"nexus/plugins/{name}"
        for plugin in native.read_plugins(repository / "csrc")
        for name in (plugin.library, plugin.facts)
    }
    return written | modules | headers | devices | plugins


def test_wheel_holds_what_belongs_into_it_and_nothing_else(
    wheel: Wheel, suffix: str, repository: Path
) -> None:
    records = {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
        "top_level.txt",
    }
    facts = {name for name in wheel.names if ".dist-info/" in name}
    assert {name.partition(".dist-info/")[2] for name in facts} == records
    wanted = belonging(repository, suffix)
    assert len(wanted) > 150, "the tree was not found"
    assert wheel.names - facts == wanted


def test_wheel_says_what_it_is_and_needs(wheel: Wheel) -> None:
    (metadata,) = [name for name in wheel.names if name.endswith(".dist-info/METADATA")]
    facts = Parser().parsestr(wheel.read(metadata))
    assert facts["Name"] == "nexus-accelerator"
    assert facts["License-Expression"] == "Apache-2.0"
    assert facts["Requires-Python"] == ">=3.11"
    needed = facts.get_all("Requires-Dist", [])
    assert [line for line in needed if "extra ==" not in line] == ["numpy>=1.26", "platformdirs>=4"]


def test_wheel_and_plugins_are_small(wheel: Wheel, natives: list[Native]) -> None:
    assert wheel.path.stat().st_size <= 6 * MIB
    sizes = {one.path.name: one.path.stat().st_size for one in natives if one.is_plugin}
    assert sizes
    assert not {name: size for name, size in sizes.items() if size > 400 * KIB}


def test_native_files_carry_no_symbols_for_debuggers(natives: list[Native]) -> None:
    assert not [one.name for one in natives if ".symtab" in one.readelf("--sections")]
    assert not [one.name for one in natives if ".debug_" in one.readelf("--sections")]


def test_native_files_are_linked_to_system_libraries_alone(
    wheel: Wheel, natives: list[Native]
) -> None:
    # A C++ library of the system may be older than ours: a wheel for many systems carries its own.
    allowed = {CXX_LIBRARY} if wheel.platform.startswith("linux_") else set()
    for one in natives:
        assert "libc.so.6" in one.needed()
        strange = {library for library in one.needed() if not EVERYWHERE.fullmatch(library)}
        assert strange <= allowed, one.name


def test_exceptions_are_unwound_by_the_system(natives: list[Native]) -> None:
    # Of two unwinders in one process, one would be handed the other's records and crash: a thrown
    # exception of a kernel ended a process so.
    for one in natives:
        assert b"libunwind: " not in one.path.read_bytes(), f"{one.name} has one of its own"
        assert "_Unwind_Resume" in one.imported() or not one.is_plugin, one.name


def test_native_files_show_only_what_others_call(natives: list[Native]) -> None:
    for one in natives:
        shown = one.exported()
        if one.is_plugin:
            assert "nxsGetApiVersion" in shown
            assert not {name for name in shown if not name.startswith("nxs")}, one.name
        else:
            assert shown == {f"PyInit_{one.name.name.partition('.')[0]}"}


def test_native_files_need_no_newer_c_library_than_the_wheel_says(
    wheel: Wheel, natives: list[Native]
) -> None:
    tag = re.search(r"manylinux_(\d+)_(\d+)", wheel.platform)
    if not tag:
        pytest.skip(
            f"{wheel.platform} promises this system alone; `make manylinux` makes the other"
        )
    promised = tuple(map(int, tag.groups()))
    for one in natives:
        assert max(one.symbol_versions("GLIBC")) <= promised, one.name
        assert max(one.symbol_versions("GCC"), default=(0,)) <= (4, 8), one.name
        assert not one.symbol_versions("GLIBCXX") | one.symbol_versions("CXXABI"), one.name
