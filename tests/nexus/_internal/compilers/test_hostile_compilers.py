"""Compiles in bad conditions: a full disk, no more files or processes, compilers that misbehave."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nexus
from doubles import fresh
from nexus._internal import compilers
from nexus._internal.compilers import toolchain
from nexus.bindings.errors import CompileError, CompilerNotFoundError

CC = compilers.get("cc")
SOURCE = "int x;"

# What each program does first: everything is imported, and the compiler known, while it still can.
BEGIN = """
import os, resource, sys, tempfile
import nexus
device = nexus.device("cpu")
def compiled(source="int x;"):
    try:
        return device.compile(source).kernels
    except nexus.NexusError as error:
        return f"{type(error).__name__}: {error}"
assert compiled() == []
"""


def program(text: str) -> str:
    return BEGIN + text


def fake(folder: Path, script: str, version: str = "echo Free Software Foundation; exit") -> str:
    """Return a command that answers --version so, and else runs `script`."""
    path = folder / "fake-cc"
    lines = ["#!/bin/sh", f'if [ "$1" = --version ]; then {version}; fi', script]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return shlex.join(["/bin/sh", str(path)])


# ---- the disk -----------------------------------------------------------------------------------


def has_disks_of_its_own() -> bool:
    """Whether this system lets us mount a small disk that nobody else sees."""
    if not shutil.which("unshare"):
        return False
    command = ["unshare", "-Umr", "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize("size", ["4k", "16k", "64k"])
def test_a_disk_that_is_full_is_told_and_left_clean(size: str, tmp_path: Path) -> None:
    if not has_disks_of_its_own():
        pytest.skip("this system mounts no disk for a user (unshare -Umr mount -t tmpfs)")
    text = program("""
tempfile.tempdir = sys.argv[1]
print(compiled("int x[1 << 16] = {1};" + " " * 12000))
print(os.listdir(sys.argv[1]), flush=True)
tempfile.tempdir = None
print(compiled())
""")
    code = tmp_path / "program.py"
    code.write_text(text, encoding="utf-8")
    (tmp_path / "disk").mkdir()
    mount = f"mount -t tmpfs -o size={size} none {tmp_path}/disk"
    run = shlex.join([sys.executable, str(code), f"{tmp_path}/disk"])
    done = subprocess.run(
        ["unshare", "-Umr", "sh", "-ec", f"{mount}; exec {run}"],
        env=os.environ | {"PYTHONPATH": str(fresh.PACKAGE)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    *said, left, again = done.stdout.splitlines()
    assert said[0].startswith("CompileError: cannot compile '<source>'")
    assert "No space left on device" in "\n".join(said)
    assert "TMPDIR" in said[-1]
    assert (left, again) == ("[]", "[]")


@pytest.mark.parametrize("nbytes", [0, 100, 4096])
def test_files_that_may_not_grow_are_told(nbytes: int) -> None:
    printed = fresh.run(
        program(f"""
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, ({nbytes}, most))
print(compiled())
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
print(compiled())
""")
    )
    assert printed.startswith("CompileError: cannot compile '<source>'")
    assert "File too large" in printed or "File size limit" in printed or "SIGXFSZ" in printed
    assert printed.endswith("\n[]\n")


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:-1]):
        if parent.stat().st_uid == os.geteuid():
            parent.chmod(parent.stat().st_mode | 0o055)
    drop = "os.seteuid(65534)" if os.geteuid() == 0 else f"os.chmod({str(tmp_path)!r}, 0o555)"
    printed = fresh.run(program(f"{drop}\ntempfile.tempdir = {str(tmp_path)!r}\nprint(compiled())"))
    assert "Permission denied" in printed
    assert "the folder for temporary files must be writable and have room" in printed


@pytest.mark.parametrize("name", ["two words", "größe", "$HOME;ls", "-o", "'é\"", "gr\udcf6"])
def test_a_temporary_folder_may_be_called_anything(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    printed = fresh.run(
        program('print(compiled(), tempfile.gettempdir() == os.environ["TMPDIR"])\n')
        + "told = compiled('int x = nothing;')\n"
        + "print('<source>:1' in told, 'nexus-cc-' in told)\n",
        TMPDIR=str(folder),
    )
    assert printed == "[] True\nTrue False\n"
    assert list(folder.iterdir()) == []


def test_a_variable_that_names_no_folder_is_passed_over() -> None:
    printed = fresh.run(program("print(tempfile.gettempdir())"), TMPDIR="/nowhere")
    assert printed.strip() != "/nowhere"


# ---- files and processes ------------------------------------------------------------------------


def test_no_more_files_are_told_and_the_compiler_is_not_blamed(tmp_path: Path) -> None:
    printed = fresh.run(
        program("""
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
told = []
for _ in range(8):  # the more there are, the farther it gets
    told.append(compiled())
    os.close(held.pop())
for one in told[:3]:
    print(one)
for handle in held:
    os.close(handle)
print(compiled())
""")
    )
    *told, again = printed.splitlines()
    for one in told:
        assert one.startswith("CompileError: cannot compile '<source>': ")
        assert "Too many open files" in one
        assert "close some, or raise the limit (ulimit -n)" in one
    assert again == "[]"


def test_no_more_files_for_the_first_compile_blame_no_compiler() -> None:
    printed = fresh.run("""
    import logging, os, random, resource, select, subprocess, tempfile
    import nexus
    from nexus._internal import compilers
    from nexus._internal.compilers import cached
    device = nexus.device("cpu")
    compilers.get("cc")
    held = [os.open("/dev/null", os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[0] + 1, 4096))
    for _ in range(2):
        try:
            device.compile("int x;")
        except nexus.NexusError as error:
            print(type(error).__name__, "Too many open files" in str(error))
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    """)
    assert printed == "CompileError True\n"


def test_no_more_processes_are_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:-1]:
        if parent.stat().st_uid == os.geteuid():
            parent.chmod(parent.stat().st_mode | 0o055)
    drop = "os.setuid(65534)" if os.geteuid() == 0 else ""
    printed = fresh.run(
        program(f"""
{drop}
tempfile.tempdir = {str(tmp_path)!r}
_, most = resource.getrlimit(resource.RLIMIT_NPROC)
resource.setrlimit(resource.RLIMIT_NPROC, (0, most))
print(compiled())
resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
print(compiled())
""")
    )
    told, again = printed.splitlines()
    assert "Resource temporarily unavailable" in told
    assert "the system starts no more processes: end some" in told
    assert again == "[]"


# ---- the compiler -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0, 1])
def test_a_compiler_that_prints_without_an_end_is_ended(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_CC", fake(tmp_path, f"yes; exit {status}"))
    with pytest.raises(CompileError, match="it printed more than 16 MiB and was ended") as caught:
        CC.compile(SOURCE)
    assert len(str(caught.value)) < 1000
    assert caught.value.log.startswith("y\ny\n")


@pytest.mark.parametrize(
    "script",
    [
        "head -c 9000000 /dev/zero | tr '\\0' x; exit 1",  # one line
        "head -c 9000000 /dev/zero | tr '\\0' :; exit 1",
        "yes 'a.cpp:1:1: error: no' | head -n 200000; exit 1",
        "yes 'error: no' | head -n 200000; exit 1",
        "head -c 3000000 /dev/urandom; exit 1",
        "printf '\\351 \\377\\376: error: no\\n'; exit 1",
    ],
)
def test_megabytes_of_nonsense_become_a_short_message(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_CC", fake(tmp_path, script))
    begin = time.monotonic()
    with pytest.raises(CompileError) as caught:
        CC.compile(SOURCE)
    assert time.monotonic() - begin < 60
    assert len(str(caught.value)) < 5000
    assert caught.value.log


@pytest.mark.parametrize(
    "content", ["", "echo no library > $out", "mkdir $out", "ln -s /nowhere $out", "mkfifo $out"]
)
def test_a_compiler_that_makes_no_library_is_told(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: nexus.Device
) -> None:
    script = f'for word; do out=$word; [ "$last" = -o ] && break; last=$word; done; {content}'
    monkeypatch.setenv("NEXUS_CC", fake(tmp_path, script))
    with pytest.raises(nexus.NexusError, match="made no library|no ELF shared object"):
        device.compile(SOURCE)


def test_what_a_compiler_leaves_running_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_CC", fake(tmp_path, "sleep 100 & echo $!; exit 1"))
    begin = time.monotonic()
    with pytest.raises(CompileError) as caught:
        CC.compile(SOURCE)
    assert time.monotonic() - begin < 50
    subprocess.run(["kill", caught.value.log.strip()], check=True)


HANGING = """
import os, signal, sys, threading, time
import nexus
flag = os.environ["FLAG"]
def interrupt():
    while not os.path.exists(flag):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    nexus.device("cpu").compile("int x;")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("where", ["version", "compile"])
def test_ctrl_c_ends_a_compiler_that_hangs(where: str, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    hang = f"touch {shlex.quote(str(flag))}; sleep 1000"
    command = fake(tmp_path, hang, hang if where == "version" else "echo gcc; exit")
    printed = fresh.run(HANGING, NEXUS_CC=command, FLAG=str(flag))
    assert printed == "interrupted\n"


def test_a_compiler_that_did_not_run_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cc"
    path.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("NEXUS_CC", str(path))
    with pytest.raises(CompilerNotFoundError, match="does not run"):
        CC.compile(SOURCE)
    (driver,) = toolchain_of_path()
    path.write_text(f'#!/bin/sh\nexec {driver} "$@"\n', encoding="utf-8")
    assert CC.compile(SOURCE).binary


def toolchain_of_path() -> tuple[str, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NEXUS_CC", raising=False)
        return toolchain.find("c++").command


@pytest.mark.parametrize("value", ["/", "/etc/passwd", "/dev/null", "-O2", "a" * 5000])
def test_a_variable_that_names_no_compiler_is_told(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_CC", value)
    with pytest.raises(CompilerNotFoundError, match="the variable NEXUS_CC names the compiler"):
        CC.compile(SOURCE)
