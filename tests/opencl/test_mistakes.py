"""What an OpenCL driver says of a mistake: told by file and line, with the rule that it breaks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import nexus

HEADER = "#include <nexus/kernel.h>\n"
# The body of each, and the rule. Drivers say less than the compilers of the CPU, and refuse less.
MISTAKES = {
    "atomic that is not there": (
        "NXS_KERNEL(k, inout(float, x)) { nxs_atomic_max_f32(&x[0], 1.0f); }",
        "atomics are nxs_atomic_",
    ),
    "atomic of a buffer in a shared array": (
        """NXS_GROUP_KERNEL(k, 16, 1, 1, inout(nxs_int32, x)) {
  NXS_SHARED(nxs_int32, t, [16]);
  NXS_EACH { nxs_atomic_add_i32(&t[0], 1); }
  NXS_PHASE { x[0] = t[0]; }
}""",
        "nxs_shared_atomic_... for shared arrays",
    ),
    "pointer of a function": (
        "NXS_FUNC float f(const float *p) { return p[0]; }\n"
        "NXS_KERNEL(k, in(float, x), out(float, y)) { y[0] = f(x); }",
        "marked NXS_GLOBAL or NXS_LOCAL",
    ),
    "write to an in": (
        "NXS_KERNEL(k, in(float, x)) { x[0] = 1.0f; }",
        "what is written is out",
    ),
    "maths of an int": (
        "NXS_KERNEL(k, in(nxs_int32, x), out(float, y)) { y[0] = nxs_sqrt(x[0]); }",
        "convert the integer first",
    ),
    "shared array that is not constant": (
        """NXS_GROUP_KERNEL(k, 16, 1, 1, out(float, y), val(int, n)) {
  NXS_SHARED(float, t, [n]);
  NXS_EACH { y[0] = t[0] = 1.0f; }
}""",
        "the sizes of a group and of a shared array are constants",
    ),
    "argument of no kind": (
        "NXS_KERNEL(k, inn(float, x), out(float, y)) { y[0] = 1.0f; }",
        "an argument is val",
    ),
    "no argument": ("NXS_KERNEL(k) {}", "an argument is val"),
    "barrier of another language": (
        "NXS_KERNEL(k, out(float, y)) { __syncthreads(); y[0] = 1.0f; }",
        "a portable kernel has no barrier",
    ),
    "template": (
        "template <class T> T f(T v) { return v; }\n"
        "NXS_KERNEL(k, out(float, y)) { y[0] = f(1.0f); }",
        "no templates",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_the_rule_that_it_breaks(device: nexus.Device, name: str) -> None:
    body, rule = MISTAKES[name]
    with pytest.raises(nexus.CompileError) as caught:
        device.compile(f"{HEADER}{body}\n")
    assert rule in str(caught.value).partition("hint: ")[2]


def test_the_source_is_called_as_its_caller_calls_it(device: nexus.Device) -> None:
    wrong = f"{HEADER}NXS_KERNEL(k, out(float, y)) {{ y[0] = nobody; }}\n"
    with pytest.raises(nexus.CompileError, match=r"^cannot compile 'mine\.nxs': it does not"):
        device.compile(wrong, {"name": "mine.nxs"})
    with pytest.raises(nexus.CompileError, match=r"^cannot compile 'a\.nxs' and 'b\.nxs': it"):
        device.compile({"a.nxs": "typedef int number;\n", "b.nxs": wrong})


def test_few_lines_of_the_log_are_told_and_all_is_kept(device: nexus.Device) -> None:
    wrong = "".join(f"  y[0] = nobody{n};\n" for n in range(9))
    with pytest.raises(nexus.CompileError) as caught:
        device.compile(f"{HEADER}NXS_KERNEL(k, out(float, y)) {{\n{wrong}}}\n", {"name": "k.nxs"})
    assert "... 4 more" in str(caught.value)
    assert "nobody8" in caught.value.log
    assert "nobody8" not in caught.value.message
    assert caught.value.function == "nxsCreateLibrary"


def test_source_that_is_loaded_as_a_library_is_for_the_compiler(
    device: nexus.Device, tmp_path: Path
) -> None:
    source = tmp_path / "k.nxs"
    source.write_text(f"{HEADER}NXS_KERNEL(k, out(float, y)) {{ y[0] = 1.0f; }}\n")
    advice = "source that includes headers is for device.compile"
    with pytest.raises(nexus.CompileError, match=advice) as caught:
        device.load_library(source)
    assert "nexus/kernel.h" in caught.value.log
    with pytest.raises(nexus.CompileError, match=advice):
        device.create_library(source.read_bytes())


def test_ptx_is_called_so_rather_than_compiled(device: nexus.Device, tmp_path: Path) -> None:
    ptx = tmp_path / "k.ptx"
    ptx.write_text(".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry k() { ret; }\n")
    words = r"it is a PTX file for sm_70, and opencl:\d+ \(.*\) takes opencl-c"
    with pytest.raises(nexus.InvalidArgumentError, match=words):
        device.load_library(ptx)
    with pytest.raises(nexus.InvalidArgumentError, match=f"library in memory: {words}"):
        device.create_library(ptx.read_bytes())


def test_what_is_no_file_is_told_at_once(device: nexus.Device, tmp_path: Path) -> None:
    with pytest.raises(nexus.InvalidArgumentError, match="it is no file but a folder"):
        device.load_library(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(nexus.InvalidArgumentError, match="it is no file"):
        device.load_library(tmp_path / "pipe")
