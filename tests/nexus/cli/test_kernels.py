"""The commands about kernels: compile, run, cache."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import nexus
from nexus import cli
from nexus._internal import compilers
from nexus.cli import trial

SAXPY = """#include <nexus/kernel.h>
NXS_KERNEL(saxpy, val(float, a), in(float, x), inout(float, y)) {
  int i = nxs_global_id(0);
  y[i] = a * x[i] + y[i];
}
"""
MORE = """#include <nexus/kernel.h>
#ifndef STEP
#define STEP 1
#endif
struct pair { int a, b; };
NXS_KERNEL(count, inout(nxs_int64, n)) { n[nxs_global_id(0)] += STEP; }
NXS_KERNEL(place, out(int, p), val(int, width)) {
  p[nxs_global_id(1) * width + nxs_global_id(0)] = 10 * nxs_global_id(1) + nxs_global_id(0);
}
NXS_KERNEL(odd, val(struct pair, p), out(int, q)) { q[0] = p.a; }
NXS_KERNEL(reads, in(int, p)) { (void)p; }
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with two sources."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEXUS_CACHE_DIR", str(tmp_path / "cache"))
    Path("saxpy.nxs").write_text(SAXPY)
    Path("more.nxs").write_text(MORE)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main([*words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_kernel_is_run_and_what_it_writes_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--arg", "2", "--arg", "y=ones:8", "--arg", "x=arange:8"]
    code, text, _ = run(capsys, "run", "saxpy.nxs", *words)
    shown, time = text.splitlines()
    assert (code, shown) == (0, "y  float[8]  [ 1. 3. 5. 7. 9. 11. 13. 15.]")
    assert time.startswith("saxpy  grid 8  ")
    assert float(time.split()[3]) > 0


def test_arrays_come_from_files_and_go_to_files(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.linspace(0, 1, 10, dtype=np.float32)
    np.save("x.npy", x)
    words = ["--arg", "a=4", "--arg", "x=x.npy", "--arg", "y=zeros:10", "--save", "y=y.npy"]
    assert run(capsys, "run", "saxpy.nxs", *words)[0] == 0
    np.testing.assert_array_equal(np.load("y.npy"), 4 * x)


def test_runs_defines_and_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    count = ["run", "more.nxs", "--kernel", "count", "--arg", "zeros:3"]
    code, text, _ = run(capsys, *count, "-D", "STEP=5", "--repeat", "4", "--grid", "2")
    assert code == 0
    assert text.startswith("n  nxs_int64[3]  [20 20 0]\n")
    place = ["run", "more.nxs", "--kernel", "place", "--arg", "zeros:2x3", "--arg", "3"]
    code, text, _ = run(capsys, *place, "--save", "p=p.npy", "--grid", "3,2", "--group", "2,2")
    assert "place  grid 3,2  " in text
    assert np.load("p.npy").tolist() == [[0, 1, 2], [10, 11, 12]]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("64x32", "y is 64x32: give the work-items with --grid, as 2048 for one index over all"),
        ("64x32", "or 32,64 for a grid like it"),
        ("2x3x4", "or 4,3,2 for a grid like it"),
        ("2x2x2x2", "y is 2x2x2x2: give the work-items with --grid, as 16 for one index"),
    ],
)
def test_no_grid_is_guessed_for_more_dimensions(
    shape: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--arg", "a=2", "--arg", f"x=ones:{shape}", "--arg", f"y=ones:{shape}"]
    code, text, complaint = run(capsys, "run", "saxpy.nxs", *words)
    assert (code, text) == (1, "")
    assert said in complaint
    grid = said.partition(", as ")[2].partition(" ")[0] or "1"
    code, text, _ = run(capsys, "run", "saxpy.nxs", *words, "--grid", grid)
    assert code == 0
    assert f"saxpy  grid {grid}  " in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name one with --kernel"),
        (["--kernel", "none"], "none"),
        (["--kernel", "count"], "no --arg for n: count takes n (inout nxs_int64)"),
        (["--kernel", "count", "--arg", "m=1"], "count takes each of n once"),
        (["--kernel", "count", "--arg", "zeros:2", "--arg", "n=ones:2"], "each of n once"),
        (["--kernel", "count", "--arg", "12"], "an array is zeros, ones, arange, random"),
        (["--kernel", "count", "--arg", "gone.npy"], "--arg n=gone.npy: No such file"),
        (["--kernel", "count", "--arg", "n=dir.npy"], "--arg n=dir.npy: Is a directory"),
        (["--kernel", "count", "--arg", "text.npy"], "--arg n=text.npy: it is no file of an array"),
        (["--kernel", "count", "--arg", "many.npy"], "--arg n=many.npy: it holds several arrays"),
        (["--kernel", "count", "--arg", "empty.npy"], "--arg n=empty.npy: it is no file of an"),
        (["--kernel", "count", "--arg", "things.npy"], "--arg n=things.npy: it is no file of an"),
        (["--kernel", "count", "--arg", "zeros:0"], "--arg n=zeros:0: it has no elements"),
        (["--kernel", "count", "--arg", f"arange:{1 << 61}"], "no memory for so many elements"),
        (["--kernel", "count", "--arg", f"ones:{1 << 32}x{1 << 32}"], f"--arg n=ones:{1 << 32}x"),
        (["--kernel", "count", "--arg", "half.npy"], "half.npy has float16"),
        (["--kernel", "place", "--arg", "p=zeros:2", "--arg", "width=2.5"], "it is a int"),
        (["--kernel", "odd", "--arg", "p=1", "--arg", "q=zeros:1"], "struct pair"),
        (["--kernel", "reads", "--arg", "p=zeros:1"], "give the work-items with --grid"),
        (["--kernel", "count", "--arg", "zeros:2", "--grid", "0"], "--grid 0"),
        (["--kernel", "count", "--arg", "zeros:2", "--group", "1,2,3,4"], "--group 1,2,3,4"),
        (["--kernel", "count", "--arg", "zeros:2", "--save", "m=x"], "--save m=x"),
        (["--kernel", "count", "--arg", "zeros:2", "--save", "n=no/n.npy"], "no is no folder"),
        (["--kernel", "count", "--arg", "zeros:2", "--save", "n=dir.npy"], "dir.npy is a folder"),
        (["--kernel", "place", "--arg", "zeros:2", "--arg", "1", "--save", "width=w"], "one of p"),
        (["--device", "gone"], "gone"),
    ],
    ids=str,
)
def test_what_cannot_be_run_is_told(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("half.npy", np.zeros(2, np.float16))
    np.save("things.npy", np.array([{}, None]))
    with open("many.npy", "wb") as file:
        np.savez(file, a=np.zeros(2), b=np.zeros(2))
    Path("text.npy").write_text("this is no array")
    Path("empty.npy").touch()
    Path("dir.npy").mkdir()
    code, text, complaint = run(capsys, "run", "more.nxs", *words)
    assert (code, text) == (1, "")
    assert complaint.startswith("nexus: ")
    assert said in complaint


def test_an_array_that_does_not_fit_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(n: int) -> None:
        raise MemoryError(n)

    monkeypatch.setitem(trial._MAKERS, "zeros", full)
    code, text, complaint = run(capsys, "run", "more.nxs", "--kernel", "count", "--arg", "zeros:9")
    assert (code, text) == (1, "")
    assert "--arg n=zeros:9: there is no memory for so many elements of int64" in complaint


def test_a_file_is_compiled_and_loaded(
    capsys: pytest.CaptureFixture[str], device: nexus.Device
) -> None:
    code, text, _ = run(capsys, "compile", "saxpy.nxs")
    assert code == 0
    assert text.startswith("saxpy.nxsb: ")
    assert device.load_library("saxpy.nxsb").kernels == ["saxpy"]
    words = ["--arg", "1", "--arg", "zeros:2", "--arg", "ones:2"]
    assert run(capsys, "run", "saxpy.nxsb", *words)[1].startswith("y  float[2]  [1. 1.]\n")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("saxpy.nxs", ["-o", "saxpy.nxs"]),
        ("saxpy.nxs", ["-o", "./link.nxs"]),
        ("q.nxsb", []),
    ],
    ids=["itself", "link", "suffix"],
)
def test_a_source_is_not_written_over(
    source: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path(source).write_text(SAXPY)
    Path("link.nxs").symlink_to("saxpy.nxs")
    code, text, complaint = run(capsys, "compile", source, *words)
    assert (code, text) == (1, "")
    assert f"that is the source, {source}; name another file with -o" in complaint
    assert Path(source).read_text() == SAXPY


def test_an_architecture_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, complaint = run(capsys, "compile", "saxpy.nxs", "--arch", "nonsense", "-o", "out")
    assert code == 1
    assert "it knows no processor 'nonsense'; the runtime cpu takes a processor" in complaint
    assert "this exception" not in complaint
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("runtime", "arch", "said"),
    [
        ("cpu", "sm_90", "of the runtime cuda; the runtime cpu takes a processor as its C++ comp"),
        ("cpu", "gfx90a", "compile for the runtime hip, or leave arch away for the processor"),
        ("opencl", "sm_90", "compile for the runtime cuda, or leave arch away"),
        ("opencl", "any", "the runtime opencl takes none, because the driver compiles for the dev"),
        ("metal", "m3", "the runtime metal takes none"),
        ("cuda", "znver3", "the runtime cuda takes names such as 'sm_90'"),
    ],
)
def test_the_architecture_of_another_runtime_is_refused(
    runtime: str, arch: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--runtime", runtime, "--arch", arch, "-o", "out"]
    code, text, complaint = run(capsys, "compile", "saxpy.nxs", *words)
    if "NVRTC was not found" in complaint:
        pytest.skip("NVRTC is not installed")
    assert (code, text) == (1, "")
    assert f"arch is '{arch}'" in complaint
    assert said in complaint
    assert not Path("out").exists()


def test_another_runtime_is_compiled_for_without_its_plugin(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, complaint = run(capsys, "compile", "saxpy.nxs", "--runtime", "cuda")
    assert code == 1, "which architecture?"
    assert "no plugin for runtime 'cuda'" in complaint
    assert "to compile without a device name its architecture, with --arch" in complaint
    try:
        compilers.get("nvrtc").compile(SAXPY, arch="sm_90")
    except nexus.CompilerNotFoundError:
        pytest.skip("NVRTC is not installed")
    code, *_ = run(capsys, "compile", "saxpy.nxs", "--runtime", "cuda", "--arch", "sm_90")
    assert code == 0, "NVRTC needs no driver"
    assert nexus.inspect("saxpy.nxsb").kernels["saxpy"].arguments


def test_metal_is_compiled_for_without_a_device_and_without_an_architecture(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["compile", "saxpy.nxs", "--runtime", "metal"]
    monkeypatch.setenv("PATH", str(here))
    code, _, complaint = run(capsys, *words)
    assert code == 1
    assert "xcrun is not on PATH" in complaint
    assert "--arch" not in complaint, "it takes none"
    Path("xcrun").write_text('#!/bin/sh\nfor last; do :; done; echo made > "$last"\n')
    Path("xcrun").chmod(0o755)
    assert run(capsys, *words)[0] == 0


def test_a_source_that_does_not_compile_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.nxs").write_text(SAXPY.replace("a * x", "b * x"))
    code, _, complaint = run(capsys, "compile", "bad.nxs")
    assert code == 1
    assert "bad.nxs:4: " in complaint
    assert "this exception" not in complaint


def test_a_runtime_without_a_compiler_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, complaint = run(capsys, "compile", "saxpy.nxs", "--runtime", "null")
    assert code == 1
    assert "runtime 'null' has no compiler" in complaint


def test_the_cache_is_told_and_cleared(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "switched off by NEXUS_CACHE" in run(capsys, "cache", "info")[1]
    monkeypatch.setenv("NEXUS_CACHE", "1")
    assert run(capsys, "compile", "saxpy.nxs")[0] == 0
    code, text, _ = run(capsys, "cache", "info", "--json")
    found = json.loads(text)
    assert (code, found["path"], found["n_entries"]) == (0, str(here / "cache"), 1)
    assert "entries  1\n" in run(capsys, "cache", "info")[1]
    assert "1 thrown away" in run(capsys, "cache", "clear")[1]
    assert "entries  0\n" in run(capsys, "cache", "info")[1]
