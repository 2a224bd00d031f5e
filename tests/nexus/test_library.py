"""Libraries and kernels: loaded, compiled, looked up, launched once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nexus
from nexus._internal.compilers import get


def test_a_library_is_loaded_from_a_file_and_from_bytes(
    device: nexus.Device, kernel_file: Path
) -> None:
    for library in (
        device.load_library(kernel_file),
        device.load_library(str(kernel_file)),
        device.create_library(kernel_file.read_bytes()),
        device.create_library(bytearray(kernel_file.read_bytes())),
    ):
        assert {"add_vectors", "vector_add"} <= {*library.kernels}
        x = np.zeros(8, np.float32)
        library.get_kernel("add_vectors")(x, grid=8)
        assert x.tolist() == [1] * 8


def test_libraries_in_memory_are_told_apart_by_every_byte(device: nexus.Device) -> None:
    source = """#include <nexus/cpu_kernel.h>
    static int n_calls;
    NXS_CPU_KERNEL(count, out(int, x)) { x[0] = ++n_calls + ADDED; }"""
    one, other = (
        get("cc").compile(source, {"defines": {"ADDED": added}}).binary for added in (100, 200)
    )
    assert len(one) == len(other)
    assert one != other
    kernels = [device.create_library(binary).get_kernel("count") for binary in (one, other, one)]
    x = np.zeros(1, np.int32)
    seen = []
    for kernel in kernels:
        kernel(x, grid=1)
        seen.append(int(x[0]))
    assert seen == [101, 201, 102], "the third shares the image of the first"


def test_what_is_no_library_is_refused(device: nexus.Device, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such library file.*none\.so"):
        device.load_library(tmp_path / "none.so")
    text = tmp_path / "text.so"
    text.write_text("hello")
    for wrong in (text, tmp_path):
        with pytest.raises(nexus.NexusError, match=r"nxsCreateLibraryFromFile"):
            device.load_library(wrong)
    with pytest.raises(nexus.InvalidArgumentError):
        device.create_library(b"hello")
    for data in (5, None, "text", [1]):
        with pytest.raises(TypeError, match="data is"):
            device.create_library(data)  # type: ignore[arg-type]
    for path in (5, None, b"x.so"):
        with pytest.raises(TypeError):
            device.load_library(path)  # type: ignore[arg-type]


def test_a_kernel_outlives_its_library(device: nexus.Device, kernel_file: Path) -> None:
    library = device.load_library(kernel_file)
    kernel = library.get_kernel("add_vectors")
    library.close()
    x = np.zeros(8, np.float32)
    kernel(x, grid=8)
    assert x.tolist() == [1] * 8
    assert kernel.parent is library
    with pytest.raises(nexus.ClosedError, match="this Library was closed"):
        library.get_kernel("add_vectors")


def test_a_kernel_that_is_not_there_is_named_beside_those_that_are(
    compiled: nexus.Library,
) -> None:
    for name in ("ad", "malloc", "é"):
        with pytest.raises(nexus.KernelNotFoundError, match="add.*increment"):
            compiled.get_kernel(name)
    with pytest.raises(KeyError):
        compiled.get_kernel("malloc", unchecked=True)
    for wrong in (None, 5):
        with pytest.raises(TypeError, match="name is (None|an int); give a str"):
            compiled.get_kernel(wrong)  # type: ignore[arg-type]
    for text in ("", "a\0b"):
        with pytest.raises(ValueError, match="name"):
            compiled.get_kernel(text)


def test_the_arguments_of_a_kernel_are_known(device: nexus.Device, kernel_file: Path) -> None:
    kernel = device.load_library(kernel_file).get_kernel("vector_add")
    assert kernel.name == "vector_add"
    assert [argument.name for argument in kernel.info] == ["a", "b", "c", "n"]
    assert [argument.access for argument in kernel.info] == ["in", "in", "out", "value"]
    assert kernel.info[3] == nexus.Argument("n", "int32_t", 4, "value")


def test_nothing_is_known_of_an_unchecked_kernel(null_device: nexus.Device) -> None:
    kernel = null_device.create_library(b"any").get_kernel("k", unchecked=True)
    assert kernel.info == []
    assert kernel(bytearray(4), np.int32(1), grid=4) is None


def test_a_kernel_is_launched_once(device: nexus.Device, kernel_file: Path) -> None:
    kernel = device.load_library(kernel_file).get_kernel("vector_add")
    a = device.create_buffer(np.arange(1000, dtype=np.float32))
    out = np.zeros(1000, np.float32)
    assert kernel(a, a, out, 1000, grid=1000) is None
    np.testing.assert_array_equal(out, 2 * np.arange(1000))
    out[:] = 0
    run = kernel(a, a, out, 500, grid=[1000], group=(10, 1, 1), blocking=False)
    assert run is not None
    run.wait()
    assert out[499] == 998 and out[500] == 0
    with device.create_stream() as stream:
        kernel(a, a, out, 1000, grid=1000, stream=stream)
    assert out[999] == 1998


def test_a_kernel_that_has_one_group_size_is_given_it(
    device: nexus.Device, kernel_file: Path
) -> None:
    kernel = device.load_library(kernel_file).get_kernel("reverse_groups")
    x = np.arange(32, dtype=np.float32)
    kernel(x, grid=32, group_memory=64)
    assert x[:16].tolist() == list(range(15, -1, -1))
    with pytest.raises(nexus.InvalidArgumentError, match="groups of"):
        kernel(x, grid=32, group=8)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((), TypeError, r"takes 3 arguments \(a, b, c\) and got 0"),
        ((1, 2, 3, 4), TypeError, "takes 3 arguments"),
        ((1, 2, 3), TypeError, "is a buffer and got the number 1; give a buffer of F32"),
        (
            (None, None, None),
            TypeError,
            r"argument 0 \(float a\) of kernel \w+ is a buffer and got None",
        ),
    ],
)
def test_wrong_arguments_are_refused(
    add: nexus.Kernel, arguments: tuple[Any, ...], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        add(*arguments, grid=4)


def test_a_launch_needs_a_grid(add: nexus.Kernel) -> None:
    x = np.zeros(4, np.float32)
    with pytest.raises(TypeError, match="grid"):
        add(x, x, x)  # type: ignore[call-arg]
    for wrong, error in ((0, ValueError), ("4", TypeError), ([], ValueError), (None, TypeError)):
        with pytest.raises(error, match="grid_size"):
            add(x, x, x, grid=wrong)  # type: ignore[arg-type]


def test_source_that_does_not_compile_says_why(device: nexus.Device) -> None:
    with pytest.raises(nexus.CompileError, match="nonsense") as caught:
        device.compile("nonsense")
    assert "nonsense" in caught.value.log
    assert caught.value.command
    assert isinstance(caught.value, RuntimeError)


def test_options_reach_the_compiler(device: nexus.Device) -> None:
    source = """
    #include <nexus/kernel.h>
    NXS_KERNEL(set, out(int, x)) { x[nxs_global_id(0)] = VALUE; }
    """
    x = np.zeros(4, np.int32)
    device.compile(source, options={"defines": {"VALUE": 42}}).get_kernel("set")(x, grid=4)
    assert x.tolist() == [42] * 4


def test_a_runtime_without_a_compiler_says_so(null_device: nexus.Device) -> None:
    with pytest.raises(nexus.CompilerNotFoundError, match="has no compiler"):
        null_device.compile("")


def test_numbers_of_16_bits_are_those_of_numpy(device: nexus.Device) -> None:
    source = (
        "#include <nexus/kernel.h>\n"
        "NXS_KERNEL(scale, val(nxs_half, a), inout(nxs_half, x)) {\n"
        "  x[nxs_global_id(0)] = a * x[nxs_global_id(0)];\n"
        "}\n"
    )
    scale = device.compile(source).get_kernel("scale")
    x = np.arange(4, dtype=np.float16)
    scale(2.5, x, grid=4)
    assert x.tolist() == [0, 2.5, 5, 7.5]
    with pytest.raises(TypeError, match="F32"):
        scale(2.5, x.astype(np.float32), grid=4)


@pytest.mark.parametrize("data", [b"code", bytearray(b"code"), memoryview(b"code")])
def test_bytes_for_a_file_are_sent_to_create_library(device: nexus.Device, data: Any) -> None:
    with pytest.raises(TypeError, match="a Path; create_library takes the bytes of a library"):
        device.load_library(data)


@pytest.mark.parametrize("path", ["kernels.so", Path("kernels.so")])
def test_a_file_for_bytes_is_sent_to_load_library(device: nexus.Device, path: Any) -> None:
    with pytest.raises(TypeError, match="bytes of a library; load_library takes a file"):
        device.create_library(path)


def test_a_path_for_a_source_is_told_to_be_read(device: nexus.Device) -> None:
    with pytest.raises(TypeError, match=r"a \w+Path; it is text.* such as path\.read_text\(\)"):
        device.compile(Path("kernels.nxs"))  # type: ignore[arg-type]
