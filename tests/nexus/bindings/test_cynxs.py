"""cynxs.pxd: another Cython package, in C and in C++, cimports it and calls every function."""

from __future__ import annotations

import importlib.util
import re
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from conformance.api_table import KINDS, Arg, Function
from doubles.stub_plugin import INCLUDE, Stub
from nexus.bindings import nxs
from nexus.bindings.enums import Status
from nexus.bindings.errors import InvalidArgumentError

from .samples import BOUND, CALLED, PATTERN, TEXT, record, samples

HEAD = """\
# cython: language_level=3
from libc.stdint cimport int64_t
from nexus.bindings cimport cynxs
from nexus.bindings.cynxs cimport *
from nexus.bindings._internal.loader cimport check

cdef char[64] room
cdef size_t nbytes = 64
cdef nxs_property_info info
cdef bytes pattern = {pattern!r}
cdef bytes text = {text!r}


def checked(int runtime, int64_t result):
    return check(runtime, result, b"nxsConsumer")


def api_version(int runtime):
    return cynxs.get_api_version(runtime), cynxs.get_last_error(runtime)


def run_many(int runtime, int n):
    cdef int i
    cdef int64_t result = 0
    with nogil:
        for i in range(n):
            result = cynxs.get_default_stream(runtime, i)
    return result
"""

FUNCTION = """

def {name}(int runtime):
    global nbytes
    nbytes = sizeof(room)
    cdef char* pattern_address = pattern
    cdef char* text_address = text
    cdef {type} result
    with nogil:
        result = cynxs.{name}({arguments})
    return result
"""


def argument(function: Function, arg: Arg) -> str:
    """The value of `samples` as a C expression."""
    if arg.type == "value_out":
        return "room"
    if arg.type == "size_inout":
        return "&nbytes"
    if arg.type.startswith("struct_out"):
        return "&info"
    if arg.nbytes:
        return "pattern_address"
    if arg.type == "text":
        return "text_address"
    value = samples(function)[arg.name]
    if arg.type == "dim3":
        return f"nxs_dim3({value.recorded})"
    number = int(value.recorded)
    return f"<{arg.c_type}>{number}ull" if number >= 2**63 else str(number)


def consumer_source() -> str:
    """A module with one function for each of cynxs."""
    parts = [HEAD.format(pattern=PATTERN, text=TEXT.encode())]
    for function in CALLED:
        arguments = ["runtime", *(argument(function, arg) for arg in function.args)]
        parts.append(
            FUNCTION.format(
                name=function.python_name,
                type=function.c_returns,
                arguments=", ".join(arguments),
            )
        )
    return "".join(parts)


BUILD = """
import sys
from Cython.Build import cythonize
from setuptools import Extension, setup
name, language, include, package = sys.argv[1:]
extension = Extension(name, [name + ".pyx"], include_dirs=[include], language=language)
setup(
    name=name,
    ext_modules=cythonize([extension], include_path=[package], quiet=True),
    script_args=["--quiet", "build_ext", "--inplace"],
)
"""


@pytest.fixture(scope="session", params=["c", "c++"])
def consumer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> ModuleType:
    """Build and import the other package."""
    language: str = request.param
    name = "consumer_" + language.replace("+", "p")
    folder = tmp_path_factory.mktemp(name)
    (folder / f"{name}.pyx").write_text(consumer_source(), encoding="utf-8")
    (folder / "build.py").write_text(BUILD, encoding="utf-8")
    package = Path(nxs.__file__).parents[2]
    command = [sys.executable, "build.py", name, language, str(INCLUDE), str(package)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [library] = folder.glob(f"{name}.*.so")
    spec = importlib.util.spec_from_file_location(name, library)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("function", CALLED, ids=lambda f: f.python_name)
def test_arguments_arrive_in_order(
    function: Function, consumer: ModuleType, runtime: int, stub: Stub
) -> None:
    stub.value(struct.pack("q", 5))
    stub.answer(2**61 + 3 if function.returns != "status" else 0)
    result = getattr(consumer, function.python_name)(runtime)
    assert stub.calls() == [record(function)]
    assert result == (2**61 + 3 if function.returns != "status" else 0)


@pytest.mark.parametrize("function", CALLED, ids=lambda f: f.python_name)
def test_no_runtime_is_a_status(function: Function, consumer: ModuleType) -> None:
    for number in (-1, 127, 128):
        assert getattr(consumer, function.python_name)(number) == Status.InvalidRuntime


def test_numbers_and_texts_of_no_runtime_are_empty(consumer: ModuleType, runtime: int) -> None:
    assert consumer.api_version(-1) == (0, b"")
    assert consumer.api_version(runtime) == (1 << 16, b"")


def test_a_status_becomes_an_exception(consumer: ModuleType, runtime: int, stub: Stub) -> None:
    assert consumer.checked(runtime, 5) == 5
    stub.answer(0, "words")
    with pytest.raises(InvalidArgumentError, match=r"words \[nxsConsumer: InvalidValue, stub\]"):
        consumer.checked(runtime, Status.InvalidValue)


def test_no_inline_call_takes_the_gil(consumer: ModuleType) -> None:
    folder = Path(consumer.__file__ or "").parent
    [source] = [path for path in folder.iterdir() if path.suffix in (".c", ".cpp")]
    text = source.read_text(encoding="utf-8")
    bodies = re.findall(r"^static [^;\n]*cynxs_[^;\n]* \{\n.*?^\}", text, re.M | re.S)
    assert len(bodies) == len(BOUND)
    for body in bodies:
        assert "PyGILState" not in body
        assert "PyThreadState" not in body


def test_every_function_is_called_here() -> None:
    assert set(BOUND) - set(CALLED) == {
        function for function in BOUND if function.name in ("nxsGetApiVersion", "nxsGetLastError")
    }
    assert {arg.type for f in CALLED for arg in f.args} >= set(KINDS) - {"command"}
