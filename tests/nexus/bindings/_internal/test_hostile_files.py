"""Files that are no plugins: each is refused with a sentence, none blocks or kills the process."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from doubles import fresh
from doubles.stub_plugin import build, compile_library
from nexus.bindings import nxs
from nexus.bindings._internal import registry
from nexus.bindings.enums import Status
from nexus.bindings.errors import BackendUnavailableError

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about ELF files")


@pytest.fixture(autouse=True)
def _forget_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_unavailable", {})


def refused(path: Path) -> str:
    """Load a file that is no plugin; return why it is refused."""
    with pytest.raises(BackendUnavailableError) as caught:
        nxs.load_runtime(path)
    assert caught.value.status in (Status.InvalidBinary, Status.IncompatibleVersion)
    head, _, why = caught.value.message.partition(f"{path}: ")
    assert "did not load" in head
    return why


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "No such file or directory"),
        (Path.mkdir, "it is a folder"),
        (make_fifo, "it is a pipe or device"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a pipe or device"),
        (lambda path: path.symlink_to("/nowhere"), "No such file or directory"),
        (make_loop, "Too many levels of symbolic links"),
        (lambda path: path.write_bytes(b""), "no ELF shared object"),
        (lambda path: path.write_text("#!/bin/sh\n" * 100), "no ELF shared object"),
    ],
    ids=["missing", "folder", "fifo", "device", "dangling", "loop", "empty", "text"],
)
@linux
def test_what_is_no_library_is_refused(
    make: Callable[[Path], object], why: str, tmp_path: Path
) -> None:
    path = tmp_path / "libnexus_none.so"
    make(path)
    assert refused(path) == why or why in refused(path)


@linux
@pytest.mark.parametrize(
    ("at", "byte", "why"),
    [
        (4, 1, "it is for another machine"),  # 32 bits
        (5, 2, "it is for another machine"),  # big-endian
        (18, 2, r"it is for another machine \(ELF machine 2, this one is \d+\)"),
        (16, 2, "it is no shared object"),  # an executable
        (54, 9, "its header has tables of an unknown form"),
        (39, 0x7F, "its program header table reaches to byte"),
    ],
)
def test_a_header_of_something_else_is_refused(
    at: int, byte: int, why: str, stub_library: Path, tmp_path: Path
) -> None:
    content = bytearray(stub_library.read_bytes())
    content[at] = byte
    path = tmp_path / "libnexus_odd.so"
    path.write_bytes(content)
    assert re.match(why, refused(path))


@linux
def test_a_plugin_cut_short_is_refused_and_does_not_kill(
    stub_library: Path, tmp_path: Path
) -> None:
    whole = stub_library.read_bytes()
    path = tmp_path / "libnexus_cut.so"
    for length in [*range(0, 1024, 61), *range(1024, len(whole), len(whole) // 40)]:
        path.write_bytes(whole[:length])
        try:
            runtime = nxs.load_runtime(path)
        except BackendUnavailableError as error:
            assert error.status is Status.InvalidBinary
            path.unlink()  # what is open is never opened again under its name
        else:  # only what nobody maps is missing: the table of sections
            assert nxs.create_event(runtime, 0) == 0
            break
    assert length > len(whole) // 2


def test_the_c_library_is_no_plugin(tmp_path: Path) -> None:
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("finds the C library in /proc, which is not there")
    found = re.search(r"(\S*/libc\.so\S*|\S*/libc-\S*\.so)", maps.read_text())
    assert found
    assert "it has no function nxsGetApiVersion" in refused(Path(found[1]))


def library(folder: Path, name: str, source: str, *flags: str) -> Path:
    """Build a shared object of a few lines."""
    text = folder / f"{name}.c"
    text.write_text(source, encoding="utf-8")
    path = folder / f"libnexus_{name}.so"
    compile_library(text, path, *flags)
    return path


@linux
@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("int other;", "it is no plugin of nexus: it has no function nxsGetApiVersion"),
        (
            "unsigned nxsGetApiVersion(void) { return 1u << 16; }",
            "it is no plugin of nexus: it lacks nxsInitialize, .* and [0-9]+ more, which every",
        ),
    ],
)
def test_functions_of_a_dependency_are_not_the_plugins(
    source: str, why: str, tmp_path: Path
) -> None:
    whole = build(tmp_path, "whole")
    flags = ("-Wl,--no-as-needed", str(whole), f"-Wl,-rpath,{tmp_path}")
    borrower = library(tmp_path, "borrower", source, *flags)
    assert re.match(why, refused(borrower))
    assert nxs.load_runtime(whole) >= 0


@linux
def test_what_a_plugin_needs_and_does_not_find_is_named(tmp_path: Path) -> None:
    open_end = library(tmp_path, "open_end", "int far(void); int near(void) { return far(); }")
    assert "undefined symbol: far" in refused(open_end)
    driver = library(tmp_path, "driver", "int far(void) { return 1; }")
    needing = library(
        tmp_path, "needing", "int far(void); int near(void) { return far(); }", str(driver)
    )
    driver.unlink()
    assert re.search(r"libnexus_driver\.so: cannot open shared object file", refused(needing))


def told(path: str, folder: Path) -> str:
    """Return what a user who may not read everything is told of a NEXUS_RUNTIME_PATH."""
    drop = "os.seteuid(65534)" if os.geteuid() == 0 else ""
    for parent in (folder, *folder.parents):
        if parent != Path("/") and parent.stat().st_uid == os.geteuid():
            parent.chmod(parent.stat().st_mode | 0o055)
    begin = "import os, nexus\nnexus.unavailable_runtimes()\n"  # imports what it needs
    variable = f"os.environ['NEXUS_RUNTIME_PATH'] = {path!r}\n"
    return fresh.run(f"{begin}{drop}\n{variable}print(nexus.unavailable_runtimes())")


def test_what_may_not_be_read_is_told_as_that(stub_library: Path, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "closed").mkdir()
    secret = tmp_path / "open" / "libnexus_secret.so"
    secret.write_bytes(stub_library.read_bytes())
    secret.chmod(0)
    (tmp_path / "closed").chmod(0)
    printed = told(f"{tmp_path}/open:{tmp_path}/closed", tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert f"{secret} (found in NEXUS_RUNTIME_PATH): Permission denied" in printed
    assert f"{tmp_path}/closed cannot be searched: Permission denied" in printed


def test_what_lies_in_a_folder_that_may_not_be_read_is_told_as_that(tmp_path: Path) -> None:
    hidden = tmp_path / "closed" / "deep"
    hidden.mkdir(parents=True)
    hidden.parent.chmod(0)
    printed = told(str(hidden), tmp_path)
    hidden.parent.chmod(0o700)
    assert f"{hidden} cannot be looked at: Permission denied; mend NEXUS_RUNTIME_PATH" in printed


@pytest.mark.parametrize("name", ["", "line\nbreak", "\udcff"])
def test_a_name_that_cannot_be_shown_is_refused(
    name: str, stub_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"libnexus_{name}.so"
    path.write_bytes(stub_library.read_bytes())
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", str(tmp_path))
    (found,) = (c for c in nxs.find_runtimes() if c.where == "NEXUS_RUNTIME_PATH")
    assert not found.path
    assert found.problem.startswith("the plugin has ")
    assert found.name.isprintable()
    with pytest.raises(
        BackendUnavailableError, match="the plugin has .*; rename the file"
    ) as caught:
        nxs.load_runtime(path)
    assert str(caught.value).isprintable()


def test_a_folder_whose_name_cannot_be_shown_is_no_reason_to_refuse(
    stub_library: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "gr\udcf6"
    folder.mkdir()
    path = folder / "libnexus_far.so"
    path.write_bytes(b"nothing")
    with pytest.raises(BackendUnavailableError) as caught:
        nxs.load_runtime(path)
    assert str(caught.value).isprintable()
    path.write_bytes(stub_library.read_bytes())
    assert nxs.runtime_path(nxs.load_runtime(path)) == str(path)
