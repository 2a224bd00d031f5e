"""What a driver built is kept: as the bytes of a library, on disk, with what it told of kernels."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import numpy as np
import pytest

import nexus
from doubles import fresh, opencl_double
from nexus import cli
from nexus._internal.compilers import built, cached

SOURCE = """#include <nexus/kernel.h>
NXS_KERNEL(saxpy, val(float, a), in(float, x), inout(float, y)) {
  int i = nxs_global_id(0);
  y[i] = a * x[i] + y[i];
}
NXS_GROUP_KERNEL(turned, 16, 1, 1, in(float, x), out(float, y)) {
  NXS_SHARED(float, t, [16]);
  NXS_EACH { t[15 - nxs_local_id(0)] = x[nxs_global_id(0)]; }
  NXS_PHASE { y[nxs_global_id(0)] = t[nxs_local_id(0)]; }
}
"""

# ---- on the driver of this machine ---------------------------------------------------------------


@pytest.fixture
def binary(device: nexus.Device) -> bytes:
    """The bytes of a library that the driver built."""
    made = built.binary_of(device.compile(SOURCE))
    if not made:
        pytest.skip(f"the driver of {device.name} gives no binaries")
    return made


def test_a_library_of_these_bytes_is_the_same(device: nexus.Device, binary: bytes) -> None:
    was, library = device.compile(SOURCE), device.create_library(binary)
    for name in was.kernels:
        kernel, before = library.get_kernel(name), was.get_kernel(name)
        assert kernel.info == before.info
        assert kernel.get_property_int_vec("GroupSize") == before.get_property_int_vec("GroupSize")
    assert library.kernels == was.kernels
    assert library.get_property_str("Type") == "opencl-c"
    x, y = (device.create_buffer(np.arange(32, dtype=np.float32)) for _ in range(2))
    library.get_kernel("turned")(x, y, grid=32)
    assert y.numpy().tolist() == [*range(15, -1, -1), *range(31, 15, -1)]
    library.get_kernel("saxpy")(2, x, y, grid=20)  # the kernel leaves out what is beyond the grid
    assert y.numpy()[18:22].tolist() == [65, 66, 27, 26]


def test_calls_of_its_kernels_are_checked(device: nexus.Device, binary: bytes) -> None:
    saxpy = device.create_library(binary).get_kernel("saxpy")
    x = device.create_buffer(np.zeros(4, np.float32))
    with pytest.raises(TypeError, match=r"kernel saxpy takes 3 arguments \(a, x, y\) and got 2"):
        saxpy(2, x, grid=4)
    with pytest.raises(TypeError, match=r"argument 1 \(float x\) of kernel saxpy is a buffer"):
        saxpy(2, 3, x, grid=4)


def test_they_can_be_inspected(binary: bytes, device: nexus.Device) -> None:
    info = nexus.inspect(binary)
    assert info.kind == "opencl-binary"
    assert device.name in info.target
    kernel = info.kernels["turned"]
    assert kernel.group == (16, 1, 1)
    told = [(each.kind, each.type, each.name, each.access) for each in kernel.arguments or ()]
    assert told == [("pointer", "float", "x", "in"), ("pointer", "float", "y", "out")]
    assert len(kernel.hidden_arguments) == 3


COMPILED = f"""
import logging
import nexus
logging.basicConfig(level=logging.DEBUG, format="%(message)s", stream=open(1, "w"))
device = nexus.device("opencl")
print(device.compile({SOURCE!r}, {{"defines": {{"N": 2}}}}).kernels)
"""
LOADED = COMPILED.partition("print")[0] + 'print(device.load_library("k.nxsb").kernels)'


@pytest.mark.parametrize("program", [COMPILED, LOADED])
def test_another_process_takes_them_from_disk(
    program: str, binary: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("k.nxs").write_text(SOURCE)
    assert cli.main(["compile", "k.nxs", "--runtime", "opencl"]) == 0
    place = {"NEXUS_CACHE_DIR": str(tmp_path / "kept"), "NEXUS_CACHE": "1", **fresh.DRIVERS}
    first, second = (fresh.run(program, **place) for _ in range(2))
    assert "built for opencl:0" in first
    assert "built for opencl:0" not in second
    assert "['saxpy', 'turned']" in second
    other = program.replace('"N": 2', '"N": 3')  # of the source: of the file there is one
    assert ("built for" in fresh.run(other, **place)) == (other != program)


def test_an_entry_of_the_cache_can_be_loaded(
    device: nexus.Device, binary: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_CACHE", "1")
    monkeypatch.setenv("NEXUS_CACHE_DIR", str(tmp_path))
    cached.forget()
    device.compile(SOURCE).close()
    (entry,) = tmp_path.iterdir()
    assert device.load_library(entry).kernels == device.create_library(binary).kernels
    assert [*tmp_path.iterdir()] == [entry]


def test_a_library_without_kernels_has_none(device: nexus.Device) -> None:
    library = device.compile("int twice(int a); int twice(int a) { return 2 * a; }")
    assert library.kernels == []


@pytest.mark.parametrize(("cache", "most", "n_asked"), [("0", 9, 0), ("1", 1, 0), ("1", 2, 1)])
def test_a_binary_is_asked_for_only_where_it_is_kept_and_cheap(
    cache: str,
    most: int,
    n_asked: int,
    device: nexus.Device,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def binary_of(library: nexus.Library) -> bytes:
        asked.append(library)
        return b""

    platform = device.get_property_str("Platform").partition(",")[0]
    monkeypatch.setattr(built, "_MOST_KERNELS", {platform: most})
    monkeypatch.setattr(built, "binary_of", binary_of)
    monkeypatch.setenv("NEXUS_CACHE", cache)
    monkeypatch.setenv("NEXUS_CACHE_DIR", str(tmp_path))
    cached.forget()
    assert device.compile(SOURCE).kernels
    assert len(asked) == n_asked


# ---- over a double -------------------------------------------------------------------------------

# Loads a binary of this driver that was changed, and looks at it.
CHANGED = r"""
first, _, rest = nexus.device("opencl").compile(SAXPY).binary.partition(b"\n")
n = int(first.split()[2])
FACTS, CODE = rest[:n], rest[n:]
def load_and_inspect(facts=FACTS, code=CODE, version=1):
    sizes = b"%d %d %d" % (version, len(facts), len(code))
    image = b"//nexus:opencl-binary " + sizes + b"\n" + facts + code
    load = lambda: nexus.device("opencl").create_library(image).get_kernel("saxpy")
    for look in (load, lambda: nexus.inspect(image)):
        try:
            look()
            print("taken")
        except nexus.NexusError as error:
            print(str(error).splitlines()[0])
"""


def said_of(change: str) -> tuple[str, str]:
    """Return what loading and inspecting say of a binary that was changed."""
    loaded, inspected = opencl_double.run(CHANGED + change).splitlines()
    return loaded, inspected


def test_one_that_was_not_changed_is_taken() -> None:
    assert said_of("load_and_inspect()") == ("taken", "taken")


@pytest.mark.parametrize("which", ["platform", "device", "driver"])
def test_one_of_another_driver_is_refused_with_both_names(which: str) -> None:
    loaded, inspected = said_of(f"load_and_inspect(FACTS.replace(b'{which} ', b'{which} X-', 1))")
    assert f"it was built for the {which} X-" in loaded
    assert loaded.partition(" [")[0].endswith("; compile its source again")
    assert inspected == "taken"


@pytest.mark.parametrize(
    ("change", "loading", "inspecting"),
    [
        ("version=2", "of version 2 and this nexus reads version 1", "it is of version 2"),
        ("code=b''", "neither source nor SPIR-V nor a binary of", "taken"),
        (r"FACTS + b'argument 1 1 a b\n'", "takes 3 arguments and its library tells of 4", "taken"),
        ("FACTS.replace(b'argument 4', b'argument x')", "no number stands", "a number up to"),
        (r"b'argument 1 1 a b\n' + FACTS", "is of no kernel", "a line of its own"),
        (r"FACTS + b'limits 1\n'", "taken", "the limits of a kernel was expected"),
    ],
)
def test_one_that_was_changed_is_refused(change: str, loading: str, inspecting: str) -> None:
    loaded, inspected = said_of(f"load_and_inspect({change})")
    assert loading in loaded
    assert inspecting in inspected


def test_one_that_was_cut_anywhere_is_refused() -> None:
    program = """
    device = nexus.device("opencl")
    binary = device.compile(SAXPY).binary
    for n in range(len(binary)):
        for look in (device.create_library, nexus.inspect):
            try:
                look(binary[:n])
            except nexus.NexusError:
                continue
            print("taken", n, look)
    """
    assert opencl_double.run(program) == ""


COMPILE_TWICE = """
device = nexus.device("opencl")
for _ in range(2):
    library = device.compile(SOURCE, {"include_dirs": FOLDERS})
    x, y = floats(np.arange(4)), floats(np.ones(4))
    library.get_kernel("saxpy")(2.0, x, y, grid=4)
    assert y.numpy().tolist() == [1, 3, 5, 7]
    library.close()
print(control.sources())
"""


def sources_built(tmp_path: Path, source: str = "SAXPY", **options: object) -> list[int]:
    """Return how many sources each of two processes gave to the driver, to compile one twice."""
    given = f"SOURCE, FOLDERS = {source}, [{str(tmp_path)!r}]\n"
    program = opencl_double.PRELUDE + given + COMPILE_TWICE
    variables = opencl_double.environment(**options)
    variables |= {"NEXUS_CACHE": "1", "NEXUS_CACHE_DIR": str(tmp_path / "kept")}
    return [int(fresh.run(program, **variables)) for _ in range(2)]


def test_a_source_is_built_once_for_all_processes(tmp_path: Path) -> None:
    assert sources_built(tmp_path) == [1, 0]


def test_a_driver_without_binaries_builds_each_time(tmp_path: Path) -> None:
    assert sources_built(tmp_path, binaries=0) == [2, 2]


def test_a_driver_that_takes_its_binary_no_more_builds_anew(tmp_path: Path) -> None:
    assert sources_built(tmp_path) == [1, 0]
    assert sources_built(tmp_path, binaries=2) == [2, 2]


@pytest.mark.parametrize(
    "line",
    ["#include <of_the_driver.h>", "#import <of_the_driver.h>", "const char *when = __TIME__;"],
)
def test_what_may_be_another_source_next_time_is_not_kept(line: str, tmp_path: Path) -> None:
    assert sources_built(tmp_path, f"{line!r} + chr(10) + SAXPY") == [2, 2]


def test_a_header_that_changed_is_seen(tmp_path: Path) -> None:
    header = tmp_path / "own.h"
    header.write_text("// first")
    source = "'#include <own.h>' + chr(10) + SAXPY"
    os.utime(header, (1, 1))  # so that no clock has to tick
    assert sources_built(tmp_path, source) == [1, 0]
    header.write_text("// second")
    os.utime(header, (2, 2))
    assert sources_built(tmp_path, source) == [1, 0]


def test_headers_beside_each_of_several_sources_are_found_and_told_apart(tmp_path: Path) -> None:
    """Under relative names they are others in another folder."""
    for place, value in (("here", "1"), ("there", "2")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "k.cl").write_text("")
        (tmp_path / place / "value.h").write_text(f"// {value}")
        os.utime(tmp_path / place / "value.h", (1, 1))
    program = f"""
    import os
    source = {{"k.cl": '#include "value.h"' + chr(10), "l.cl": SAXPY}}
    for place in ("here", "there", "here"):
        os.chdir({str(tmp_path)!r} + "/" + place)
        nexus.device("opencl").compile(source).close()
        print(control.sources())
    """
    variables = opencl_double.environment()
    variables |= {"NEXUS_CACHE": "1", "NEXUS_CACHE_DIR": str(tmp_path / "kept")}
    printed = fresh.run(opencl_double.PRELUDE + textwrap.dedent(program), **variables)
    assert printed.split() == ["1", "2", "2"]


def test_a_driver_that_gives_no_binary_is_named() -> None:
    program = """
    try:
        nexus.device("opencl").compile(SAXPY).binary
    except nexus.NexusError as error:
        print(error.status.name, error)
    """
    printed = opencl_double.run(program, binaries=0)
    assert printed.startswith("NotSupported ")
    assert "gives no binaries of its programs" in printed


def test_whichever_call_fails_nothing_is_left() -> None:
    program = """
    device = nexus.device("opencl")
    def work():
        library = device.compile(SAXPY)
        binary = library.binary
        library.close()
        assert len(device.create_library(binary).get_kernel("saxpy").info) == 3
    work()
    rest, n, n_failed = control.settled(control.alive() | {"program": 0, "kernel": 0}), 0, 0
    while n == 0 or control.failed:
        n += 1
        try:
            with control.failing(n):
                work()
        except nexus.NexusError as error:
            n_failed += 1
            assert isinstance(error, MemoryError), (control.failed, repr(error))
        assert control.settled(rest) == rest, (n, control.failed)
    print(n_failed > 20)
    """
    assert opencl_double.run(program) == "True\n"


def test_a_driver_that_fails_over_the_binary_spoils_no_compile(tmp_path: Path) -> None:
    program = """
    import os
    device, n_kept = nexus.device("opencl"), 0
    device.compile(SAXPY).close()  # makes what is made once
    def calls_of(source):
        with control.failing(0):
            device.compile(source).close()
            return control.calls()
    os.environ["NEXUS_CACHE"] = "0"
    n_build = calls_of(SAXPY + " // not kept")
    os.environ["NEXUS_CACHE"] = "1"
    n_all = calls_of(SAXPY + " // kept")
    for n in range(n_build + 1, n_all + 1):
        with control.failing(n):
            library = device.compile(SAXPY + f" // {n}")
        assert control.failed, n
        assert len(library.get_kernel("saxpy").info) == 3
        library.close()
    print(n_all > n_build + 10)
    """
    variables = opencl_double.environment()
    variables |= {"NEXUS_CACHE": "1", "NEXUS_CACHE_DIR": str(tmp_path / "kept")}
    printed = fresh.run(opencl_double.PRELUDE + textwrap.dedent(program), **variables)
    assert printed == "True\n"


def test_threads_that_compile_the_same_at_once_all_have_it(tmp_path: Path) -> None:
    program = """
    import threading
    device, all_here, seen = nexus.device("opencl"), threading.Barrier(4), []
    def work(i):
        all_here.wait()
        for n in range(20):
            library = device.compile(SAXPY + f" // {n // 4}")
            seen.append((n // 4, len(library.binary), len(library.get_kernel("saxpy").info)))
            library.close()
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(seen), len(set(seen)))
    """
    variables = opencl_double.environment()
    variables |= {"NEXUS_CACHE": "1", "NEXUS_CACHE_DIR": str(tmp_path / "kept")}
    printed = fresh.run(opencl_double.PRELUDE + textwrap.dedent(program), **variables)
    assert printed == "80 5\n"
