"""The host's compiler: options that reach it, files it finds, and every way it can fail."""

from __future__ import annotations

import ctypes
import errno
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kernels import harness
from nexus._internal import compilers
from nexus._internal.compilers import toolchain
from nexus._internal.compilers.options import CompileOptions
from nexus.bindings.errors import CompileError, CompilerNotFoundError

CC = compilers.get("cc")
ANSWER = 'extern "C" __attribute__((visibility("default"))) int answer() { return %s; }'
C_ANSWER = '__attribute__((visibility("default"))) int answer(void) { return %s; }'


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files, to see what is left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def answer(binary: bytes, folder: Path) -> int:
    return int(harness.load(binary, folder).answer())


def fake_compiler(folder: Path, script: str) -> str:
    """Return a command for NEXUS_CC that answers --version as gcc does, and else runs `script`."""
    path = folder / "fake-cc"
    lines = ["#!/bin/sh", 'if [ "$1" = --version ]; then echo Free Software Foundation; exit; fi']
    path.write_text("\n".join([*lines, script]))
    return shlex.join(["/bin/sh", str(path)])


def test_compilers_are_known_by_name() -> None:
    assert compilers.names() == ["cc", "hiprtc", "metal", "nvrtc", "opencl"]
    assert compilers.get("cc") is CC
    assert CC.name == "cc"
    with pytest.raises(CompilerNotFoundError, match="no compiler 'tcc', only cc"):
        compilers.get("tcc")


@pytest.mark.parametrize("source", [ANSWER % 42, (ANSWER % 42).encode(), "\ufeff" + ANSWER % 42])
def test_source_is_text_or_bytes(source: str | bytes, tmp_path: Path, temporary: Path) -> None:
    made = CC.compile(source)
    assert answer(made.binary, tmp_path) == 42
    assert made.log == ""
    assert made.command[0] == toolchain.find("c++").command[0]
    assert list(temporary.iterdir()) == []


def test_defines_and_folders_reach_the_compiler(tmp_path: Path) -> None:
    (tmp_path / "three.h").write_text("#define THREE 3\n")
    options = CompileOptions(
        defines={"TEN": 10, "ON": None, "CALL(x)": "(x)"}, include_dirs=[tmp_path]
    )
    source = "#include <three.h>\n" + ANSWER % "CALL(TEN) * 10 + ON + THREE"
    assert answer(CC.compile(source, options).binary, tmp_path) == 104


def test_headers_beside_a_named_file_are_found(tmp_path: Path) -> None:
    (tmp_path / "seven.h").write_text("#define SEVEN 7\n")
    name = tmp_path / "kernels.cpp"
    name.write_text('#include "seven.h"\n' + ANSWER % "SEVEN")
    assert answer(CC.compile(name.read_text(), {"name": name}).binary, tmp_path) == 7


def test_flags_of_the_user_come_last_and_may_be_files(tmp_path: Path) -> None:
    source = tmp_path / "part.c"
    source.write_text("int part(void) { return 5; }\n")
    part = tmp_path / "part.o"
    driver = toolchain.find("c").command
    subprocess.run([*driver, "-c", "-fPIC", str(source), "-o", str(part)], check=True)
    code = 'extern "C" int part();\n' + ANSWER % "part() + __OPTIMIZE__"
    made = CC.compile(code, ["-O1", str(part)])
    assert answer(made.binary, tmp_path) == 6


def test_c_is_compiled_as_c(tmp_path: Path) -> None:
    source = C_ANSWER % "sizeof('a')"  # 4 in C, 1 in C++
    assert answer(CC.compile(source, {"language": "c"}).binary, tmp_path) == 4
    assert answer(CC.compile(source, {"name": "kernel.c"}).binary, tmp_path) == 4


def test_the_cxx_library_is_linked_by_a_c_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = toolchain.find("c").command
    monkeypatch.setenv("NEXUS_CC", shlex.join(driver))
    source = (
        "#include <stdexcept>\n" + ANSWER % "[] { try { throw 8; } catch (int n) { return n; } }()"
    )
    assert answer(CC.compile(source).binary, tmp_path) == 8


def test_a_warning_is_no_error_and_in_the_log() -> None:
    made = CC.compile('#warning "mind the gap"\n' + ANSWER % 1, {"name": "gap.nxs"})
    assert "gap.nxs:1" in made.log
    assert "mind the gap" in made.log


def test_debug_keeps_the_names_of_the_source() -> None:
    made = CC.compile(ANSWER % 1, {"debug": True, "name": "answer.nxs"})
    assert b"answer.nxs" in made.binary
    assert b"nexus-cc-" not in made.binary


def test_fast_maths_leave_the_process_as_it_was(tmp_path: Path) -> None:
    source = """#include <nexus/kernel.h>
NXS_KERNEL(k, in(float, x), out(float, y)) {
  int i = nxs_global_id(0);
  y[i] = nxs_exp(x[i]) * 0.5f;
}
"""
    np = pytest.importorskip("numpy")
    library = harness.load(CC.compile(source, {"fast_math": True}).binary, tmp_path)
    x = np.linspace(-1, 1, 1001, dtype=np.float32)
    y = np.empty_like(x)
    harness.Kernel(library, "k")(x, y, grid=[1001], group=[64])
    np.testing.assert_allclose(y, np.exp(x) * 0.5, rtol=5e-7)  # 4 ulp
    assert np.float32(1e-40) * np.float32(1) != 0  # denormals are still there


def test_a_name_may_hold_anything_printable() -> None:
    name = 'my "own" \\ kernel\u00e9.nxs'
    with pytest.raises(CompileError) as caught:
        CC.compile("int x = nothing;", {"name": name})
    assert repr(name) in str(caught.value)


def test_an_error_carries_log_and_command(temporary: Path) -> None:
    with pytest.raises(
        CompileError, match=r"cannot compile 'k\.nxs' with .*\d+\.\d+.*:\n  k\.nxs:2: .*nothing"
    ) as caught:
        CC.compile("int y;\nint x = nothing;\n", {"name": "k.nxs"})
    assert "k.nxs:2:9: error:" in caught.value.log
    assert str(temporary) not in caught.value.log
    assert "-std=gnu++17" in caught.value.command
    assert "`log` of this exception" in str(caught.value)
    assert list(temporary.iterdir()) == []


def test_an_error_in_a_header_names_the_header(tmp_path: Path) -> None:
    (tmp_path / "bad.h").write_text("int x = nothing;\n")
    with pytest.raises(CompileError, match=r"bad\.h:1: .*nothing"):
        CC.compile('#include "bad.h"\n', {"include_dirs": [tmp_path], "name": "k.nxs"})


def test_a_flag_the_compiler_does_not_know_is_in_the_message() -> None:
    with pytest.raises(CompileError, match="-fno-such-flag-exists"):
        CC.compile(ANSWER % 1, ["-fno-such-flag-exists"])


@pytest.mark.parametrize("source", ["", " \n", b""])
def test_an_empty_source_is_refused(source: str | bytes) -> None:
    with pytest.raises(ValueError, match="cannot compile '<source>': the source is empty"):
        CC.compile(source)


@pytest.mark.parametrize("source", [5, None, ["int x;"]])
def test_a_source_that_is_no_text_is_refused(source: object) -> None:
    with pytest.raises(TypeError, match=r"the source is .*; it is text"):
        CC.compile(source)  # type: ignore[arg-type]


def test_no_folder_for_temporary_files_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(CompileError, match=r"No such file.*set the variable TMPDIR"):
        CC.compile(ANSWER % 1)


def test_a_full_disk_is_explained(monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CompileError, match=r"No space left on device.*have room"):
        CC.compile(ANSWER % 1)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -9 $$", r"signal 9 \(SIGKILL\) ended it; a machine that runs out of memory does"),
        ("kill -6 $$", r"signal 6 \(SIGABRT\) ended it"),
        ("echo 'cc: fatal error: Killed signal terminated program'; exit 1", "out of memory"),
        ("echo 'ld: error: x: No space left on device'; exit 1", "No space left.*free space"),
        ("exit 4", "it ended with status 4, said nothing"),
        ("exit 0", "it ended with status 0, said nothing and made no library"),
    ],
)
def test_a_compiler_that_fails_otherwise_is_explained(
    script: str, said: str, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_CC", fake_compiler(tmp_path, script))
    with pytest.raises(CompileError, match=f"(?s){said}"):
        CC.compile(ANSWER % 1)
    assert list(temporary.iterdir()) == []


INTERRUPTED = """
import os, signal, sys, tempfile, threading, time
from nexus._internal import compilers
folder = sys.argv[1]
tempfile.tempdir = folder
def interrupt():
    while not os.path.exists(folder + "/../runs"):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    compilers.get("cc").compile("int x;")
except KeyboardInterrupt:
    print("interrupted", os.listdir(folder))
"""


def test_ctrl_c_ends_the_compiler_and_leaves_nothing(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f'touch "$TMPDIR/left"; touch "{tmp_path}/runs"; sleep 60'
    monkeypatch.setenv("NEXUS_CC", fake_compiler(tmp_path, script))
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(temporary)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "interrupted []\n", done.stderr


def test_zig_compiles_and_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ziglang", reason="pip install ziglang to test it")
    monkeypatch.setenv("NEXUS_CC", shlex.join([sys.executable, "-P", "-m", "ziglang", "cc"]))
    library = harness.load(CC.compile(harness.PORTABLE.read_text()).binary, tmp_path)
    y = (ctypes.c_float * 3)(1, 2, 3)
    values = [
        ctypes.c_float(2),
        ctypes.c_void_p(ctypes.addressof(y)),
        ctypes.c_void_p(ctypes.addressof(y)),
    ]
    harness.Kernel(library, "saxpy")(*values, grid=[3], group=[2])
    assert list(y) == [3, 6, 9]
