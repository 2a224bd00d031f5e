"""What `make cross` made for other systems: complete, for the right machine, and showing no more.

The C++ tests for Linux on Arm run under an emulator of one program, qemu-aarch64, where there is
one: on Debian `apt-get install qemu-user libc6-arm64-cross libgcc-s1-arm64-cross`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import build_cross
import build_plugins as native
import zig
from build_cross import TARGETS, Target
from packages.environment import Native
from packages.macho import MachO
from test_symbols import NAMED

C_LIBRARY = Path("/usr/aarch64-linux-gnu")
ARM = TARGETS["linux-aarch64"]
MACOS = TARGETS["macos-arm64"]
# Of the tests that fork a process with threads: qemu-aarch64 7.2 ends at an assertion of its own.
FORKING = {"test_fork", "test_exhaustion"}
SYSTEM = re.compile(r"lib(c|m|dl|rt|pthread)\.so\.\d|libgcc_s\.so\.1|ld-linux-aarch64\.so\.1")
# zig links for macOS by itself, takes no list of symbols, and so shows these of its own; Apple's
# linker takes the list, and its C++ library is one of the system's.
OF_ZIG = re.compile(r"_Z(n[wa]m|d[la]Pv)\w*|_mh_dylib_header|__dso_handle")
FORMATS = {"linux": ("ELF", "aarch64"), "darwin": ("Mach-O", "arm64")}
NAMES = sorted(path.stem for path in (build_cross.CSRC / "tests").glob("*.cpp"))


@pytest.fixture(params=[*TARGETS.values()], ids=[*TARGETS])
def target(request: pytest.FixtureRequest) -> Target:
    """Return each target, with its files there."""
    return made(request, request.param)


def made(request: pytest.FixtureRequest, target: Target) -> Target:
    """Skip unless the run is about what was cross-built; what is missing then fails."""
    if not request.config.getoption("--cross", default=False):
        pytest.skip("looks into what `make cross` made, which ends with this test")
    return target


def libraries(target: Target) -> list[Native | MachO]:
    """Return the plugins and the extension modules."""
    kind = Native if target.platform == "linux" else MachO
    paths = [
        path
        for place in ("plugins", "nexus")
        for path in sorted((target.out / place).rglob("*"))
        if path.suffix in (".so", ".dylib")
    ]
    return [kind(path, path.relative_to(target.out)) for path in paths]


def test_every_plugin_module_and_test_is_there(target: Target, repository: Path) -> None:
    plugins = {
        f"plugins/{plugin.library}"
        for plugin in native.read_plugins(repository / "csrc", target.platform)
    }
    modules = {
        f"{path.relative_to(repository).with_suffix('').as_posix()}{target.suffix}"
        for path in (repository / "nexus").rglob("*.pyx")
    }
    assert len(plugins) >= 2
    assert len(modules) >= 5
    assert {one.name.as_posix() for one in libraries(target)} == plugins | modules
    assert {name for name in NAMES if not (target.out / "tests" / name).exists()} == set()


def test_files_are_of_the_format_and_machine(target: Target) -> None:
    paths = [one.path for one in libraries(target)]
    paths += [target.out / "tests" / name for name in NAMES]
    found = {path.name: build_cross.format_and_machine(path) for path in paths}
    assert set(found.values()) == {FORMATS[target.platform]}, found


def test_libraries_show_only_what_others_call(target: Target, repository: Path) -> None:
    table = (repository / "csrc/include/nexus/nxs_api.def").read_text(encoding="utf-8")
    api = {f"nxs{name}" for name in NAMED.findall(table)}
    for one in libraries(target):
        shown = one.exported()
        if target.platform == "darwin":
            shown = {name for name in shown if not OF_ZIG.fullmatch(name)}
        if one.is_plugin:
            assert "nxsGetApiVersion" in shown, one.name
            assert shown <= api, one.name
        else:
            assert shown == {f"PyInit_{one.name.name.partition('.')[0]}"}, one.name


def test_only_modules_ask_for_python(target: Target) -> None:
    for one in libraries(target):
        asked = {name for name in one.imported() if name.startswith(("Py", "_Py"))}
        assert bool(asked) != one.is_plugin, f"{one.name} asks for {asked}"


def test_linux_libraries_need_the_system_alone(request: pytest.FixtureRequest) -> None:
    for one in libraries(made(request, ARM)):
        assert isinstance(one, Native)
        assert "libc.so.6" in one.needed(), one.name
        assert not {name for name in one.needed() if not SYSTEM.fullmatch(name)}, one.name
        assert max(one.symbol_versions("GLIBC")) <= (2, 17), one.name


def test_macos_libraries_need_the_system_alone_and_are_signed(
    request: pytest.FixtureRequest,
) -> None:
    for one in libraries(made(request, MACOS)):
        assert isinstance(one, MachO)
        assert one.needed() == {"/usr/lib/libSystem.B.dylib"}, one.name
        assert one.system_version() == (11, 0), one.name
        assert one.is_signed(), one.name


def test_reader_of_the_cpu_plugin_reads_real_macos_libraries(
    request: pytest.FixtureRequest, repository: Path
) -> None:
    # The program of csrc/tests, built for this machine by tests/test_cpp.py.
    (plugins,) = {one.path.parent for one in libraries(made(request, MACOS)) if one.is_plugin}
    reader = repository / "build" / "cpp_tests" / "plain" / "test_macho"
    assert reader.exists(), "run tests/test_cpp.py first"
    for library in sorted(plugins.glob("*.dylib")):
        done = subprocess.run([reader, "-", library], capture_output=True, text=True)
        assert done.returncode == 0, f"{library.name}: {done.stdout}{done.stderr}"


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> list[str]:
    """Return the command that runs programs for Linux on Arm here."""
    made(request, ARM)
    found = shutil.which("qemu-aarch64")
    if not found or not list(C_LIBRARY.glob("lib/libgcc_s.so.1")):
        pytest.skip("no qemu-aarch64 (qemu-user), or no libgcc-s1-arm64-cross for it")
    return [found, "-L", str(C_LIBRARY)]


@pytest.mark.parametrize("name", NAMES)
def test_program_runs_under_an_emulator(name: str, emulator: list[str], tmp_path: Path) -> None:
    if name in FORKING:
        pytest.skip("forks beside threads, at which the emulator ends (qemu 7.2: cpu_exec asserts)")
    variables = zig.variables(ARM.zig)
    compiler = tmp_path / "compiler"  # as a build for the target has it: with the system's unwinder
    compiler.write_text(f'#!/bin/sh\nexec {variables["CXX"]} "$@" {variables["LDFLAGS"]}\n')
    compiler.chmod(0o755)
    given = {
        "TMPDIR": str(tmp_path),
        "CXX": shlex.quote(str(compiler)),
        "ZIG_GLOBAL_CACHE_DIR": variables["ZIG_GLOBAL_CACHE_DIR"],
    }
    command = [*emulator, str(ARM.out / "tests" / name), str(ARM.out / "plugins")]
    # test_cpu starts itself again for each number of threads, which an emulated program cannot.
    runs = [("again", number) for number in "128"] if name == "test_cpu" else [("", "2")]
    for word, number in runs:
        done = subprocess.run(
            [*command, *filter(None, [word])],
            env=os.environ | given | {"NEXUS_CPU_THREADS": number},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{number} threads: {done.stdout}{done.stderr}"
