"""An installed wheel: found, complete, and usable from Python, Cython and C++, wherever it lies."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import build_plugins as native
import test_conformance_kit as kit
from packages.environment import Environment, Wheel
from test_readme import blocks

# Fails unless it runs a kernel that it compiled; prints where the package lies.
USE = """
import nexus, numpy as np
source = '''#include <nexus/kernel.h>
NXS_KERNEL(twice, inout(float, a)) { int i = nxs_global_id(0); a[i] = 2 * a[i]; }'''
device = nexus.get_runtime("cpu").get_device(0)
buffer = device.create_buffer(np.arange(8, dtype=np.float32))
device.compile(source).get_kernel("twice")(buffer, grid=8, group=4)
assert buffer.numpy().tolist() == [0, 2, 4, 6, 8, 10, 12, 14], buffer.numpy()
print(nexus.__file__)
"""

# A kernel that throws, with the C++ library of the compiler at hand.
THROW = """
import nexus
source = '''#include <stdexcept>
#include <nexus/cpu_kernel.h>
NXS_CPU_KERNEL(throws, out(float, x)) { throw std::runtime_error("no luck"); }'''
device = nexus.get_runtime("cpu").get_device(0)
buffer = device.create_buffer(64)
kernel = device.compile(source).get_kernel("throws")
for attempt in range(3):
    try:
        kernel(buffer, grid=16, group=4)
    except nexus.ExecutionError as error:
        print(error)
"""

# Loads every native file of the package: a symbol that is nowhere is found out at once.
LOAD = """
import ctypes, importlib, os, pathlib, nexus, sysconfig
package = pathlib.Path(nexus.__file__).parent
suffix = sysconfig.get_config_var("EXT_SUFFIX")
for path in sorted(package.rglob("*" + suffix)):
    name = str(path.relative_to(package.parent)).removesuffix(suffix)
    print(importlib.import_module(name.replace(os.sep, ".")).__name__)
for path in sorted((package / "plugins").glob("libnexus_*.*")):
    if path.suffix != ".toml":
        print(ctypes.CDLL(str(path), mode=os.RTLD_NOW)._name)
"""

CPP = r"""
// Starts the plugin that is its argument, through the loader of the C++ headers.
#include <cstdio>
#include <nexus/loader.hpp>
int main(int, char **arguments) {
  auto &loader = nxs::loader::Loader::instance();
  const auto loaded = loader.load(arguments[1]);
  if (loaded.result < 0) return std::puts(loaded.text.c_str()), 1;
  nxs_handle stream = nxs_table_at(loader.slots(), loaded.result)->CreateStream(0, 0);
  std::printf("%d %d\n", static_cast<int>(loaded.result), stream > 0);
}
"""

CYTHON = """
# cython: language_level=3
from nexus.bindings cimport cynxs

def stream_of(int runtime):
    cdef long long stream
    with nogil:
        stream = cynxs.create_stream(runtime, 0, 0)
    return stream
"""

CYTHON_BUILD = """
import sys
from Cython.Build import cythonize
from setuptools import Extension, setup
site, include = sys.argv[1:]
extension = Extension("consumer", ["consumer.pyx"], include_dirs=[include])
setup(
    name="consumer",
    ext_modules=cythonize([extension], include_path=[site], quiet=True),
    script_args=["--quiet", "build_ext", "--inplace"],
)
"""

TYPES = """
import nexus
from nexus.bindings import nxs
reveal_type(nexus.get_runtime("cpu").get_device(0))
reveal_type(nxs.create_stream)
"""


def test_package_is_the_installed_one_and_runs_a_kernel(installed: Environment) -> None:
    assert Path(installed.run_python(USE)).is_relative_to(installed.site)


def test_native_files_find_every_symbol_that_they_ask_for(
    installed: Environment, wheel: Wheel
) -> None:
    natives = [name for name in wheel.names if name.endswith((".so", ".dylib"))]
    loaded = installed.run([installed.python, "-P", "-c", LOAD], LD_BIND_NOW="1").splitlines()
    assert len(loaded) == len(natives) > 5


def test_kernel_that_throws_is_a_failed_run(installed: Environment) -> None:
    said = installed.run_python(THROW).splitlines()
    assert len(said) == 3
    assert all("the kernel gave up: no luck" in line for line in said)


def test_program_of_the_readme_runs(installed: Environment, repository: Path) -> None:
    (program,) = blocks((repository / "README.md").read_text(encoding="utf-8"), "python")
    installed.run_python(program)


def test_only_the_package_and_its_dependencies_are_installed(installed: Environment) -> None:
    command = "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))"
    names = set(installed.run_python(command).split())
    assert names - {"pip", "setuptools"} == {"nexus-accelerator", "numpy", "platformdirs"}


def test_every_device_file_is_found(installed: Environment, repository: Path) -> None:
    there = {path.stem for path in (repository / "schema" / "device_lib").glob("*.json")}
    program = "import nexus; print(*nexus.get_device_info())"
    assert set(installed.run_python(program).split()) == there


def test_package_works_where_it_cannot_write(installed: Environment, wheel: Wheel) -> None:
    package = installed.site / "nexus"
    shutil.rmtree(package / "__pycache__", ignore_errors=True)
    attempt = f"""
import os
try:
    open({str(package / "written")!r}, "w")
except PermissionError:
    print("refused")
"""
    folders = [package, *(path for path in package.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        refused, where = installed.run(
            [*mortal(), installed.python, "-P", "-c", attempt + USE]
        ).splitlines()
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert refused == "refused"
    assert Path(where).is_relative_to(package)


def mortal() -> list[str]:
    """Return what starts a program that file modes apply to: those of root's do not."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and there is no setpriv (util-linux) to forbid it")
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]


def test_cpp_program_compiles_against_the_headers_and_opens_a_plugin(
    installed: Environment, tmp_path: Path
) -> None:
    (tmp_path / "program.cpp").write_text(CPP, encoding="utf-8")
    compiler = shlex.join(native.find_compiler())
    build = f'{compiler} -std=c++17 "$(python -P -m nexus --includes)" program.cpp -o program -ldl'
    installed.run(["sh", "-c", build], tmp_path)
    plugin = installed.site / "nexus" / "plugins" / native.library_name("cpu")
    assert installed.run([tmp_path / "program", plugin]) == "0 1"


def test_cython_module_compiles_against_the_package_and_calls_it(
    installed: Environment, wheel: Wheel, tools: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "consumer.pyx").write_text(CYTHON, encoding="utf-8")
    include = installed.run_python("import nexus; print(nexus.get_include())")
    command: list[str | Path] = [
        tools(wheel.version),
        "-P",
        "-c",
        CYTHON_BUILD,
        str(installed.site),
        include,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    program = f"""
import sys
from nexus.bindings import nxs
sys.path.append({str(tmp_path)!r})
import consumer
print(consumer.stream_of(nxs.load_runtime("cpu")) > 0)
"""
    assert installed.run_python(program) == "True"


def test_type_checker_reads_the_installed_types(installed: Environment, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(TYPES, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "program.py", "--python-executable"]
    words = installed.run([*command, str(installed.python)], tmp_path)
    assert 'Revealed type is "nexus.device.Device"' in words
    assert "runtime: int, device: int" in words


def test_command_is_on_the_path(installed: Environment) -> None:
    assert "cpu" in installed.run(["nexus", "info"])


def test_conformance_kit_runs_on_the_installed_package(
    installed: Environment, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    # Beside the package, which stays alone in its environment.
    installed.install("--target", str(tmp_path / "tools"), "pytest", "pytest-timeout")
    every = request.config.getoption("--every-python", default=False)
    part = [] if every else ["-k", "test_bad_values or test_properties or test_failure"]
    pytest_options = ["-m", "pytest", "-p", "no:cacheprovider", "-q", "--runtime", "cpu"]
    output = installed.run(
        [installed.python, *pytest_options, *part, kit.copied(tmp_path)],
        tmp_path,
        PYTHONPATH=str(tmp_path / "tools"),
        PYTHONSAFEPATH="1",
    )
    assert kit.n_passed(output) > (kit.N_TESTS if every else 100), output
