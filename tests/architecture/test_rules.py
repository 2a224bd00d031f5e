"""The rules see what they forbid."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from architecture import knowledge, sizes, tree


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty repository."""
    monkeypatch.setattr(tree, "ROOT", tmp_path)
    return tmp_path


def write(place: Path, name: str, text: str) -> Path:
    """Write a file of the repository."""
    path = place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text", "n_wrong"),
    [
        ("nexus/system.py", "from nexus.runtime import Runtime", 0),
        ("nexus/system.py", "from .buffer import Buffer", 0),
        ("nexus/buffer.py", "from nexus.device import Device", 1),
        ("nexus/buffer.py", "from nexus.schedule import Schedule", 1),
        ("nexus/buffer.py", "if TYPE_CHECKING:\n    from nexus.device import Device", 0),
        ("nexus/buffer.py", "def late():\n    from . import device", 1),
        ("nexus/device.py", "import nexus", 1),
        ("nexus/__init__.py", "from . import system", 0),
        ("nexus/_internal/paths.py", "from nexus._internal import arrays", 0),
        ("nexus/_internal/paths.py", "from ..bindings import nxs", 0),
        ("nexus/_internal/dtypes.py", "from nexus.data_type import F16", 0),
        ("nexus/_internal/paths.py", "from nexus import system", 1),
        ("nexus/bindings/errors.py", "from nexus._internal import paths", 1),
        ("nexus/bindings/nxs.pyx", "from .._internal.handle cimport Handle", 1),
        ("nexus/_internal/handle.pyx", "from nexus.bindings cimport cynxs", 0),
    ],
)
def test_imports(place: Path, name: str, text: str, n_wrong: int) -> None:
    assert len(knowledge.wrong_imports(write(place, name, text))) == n_wrong


@pytest.mark.parametrize(
    ("name", "header", "n_wrong"),
    [
        ("csrc/include/nexus/loader.hpp", "<nexus/nxs.h>", 0),
        ("csrc/include/nexus/loader.hpp", '"sdk/error.hpp"', 1),
        ("csrc/plugins/one/one.cpp", '"sdk/error.hpp"', 0),
        ("csrc/plugins/one/one.cpp", '"../two/two.hpp"', 1),
        ("csrc/plugins/one/one.cpp", '"plugins/_both/both.hpp"', 0),
        ("csrc/plugins/two/two.cpp", '"plugins/_both/both.hpp"', 1),
        ("csrc/sdk/queue.hpp", '"plugins/two/two.hpp"', 1),
        ("csrc/sdk/queue.hpp", "<vector>", 0),
    ],
)
def test_includes(place: Path, name: str, header: str, n_wrong: int) -> None:
    for known in ("include/nexus/nxs.h", "sdk/error.hpp"):
        write(place, f"csrc/{known}", "")
    for known in ("two/two.hpp", "_both/both.hpp"):
        write(place, f"csrc/plugins/{known}", "")
    write(place, "csrc/plugins/one/plugin.toml", 'shared = ["_both"]')
    assert len(knowledge.wrong_includes(write(place, name, f"#include {header}\n"))) == n_wrong


@pytest.mark.parametrize(
    ("name", "text", "n_wrong"),
    [
        ("nexus/device.py", '"""Take `cuda:0`."""\n# cuda', 0),
        ("nexus/device.py", "order = ['cuda']", 1),
        ("nexus/device.py", "if name == 'cpu': pass", 1),
        ("nexus/device.py", "count = os.cpu_count()", 0),
        ("nexus/device.py", "ship = metallic = 1", 0),
        ("nexus/buffer.py", "def __cuda_array_interface__(self): pass", 0),
        ("csrc/sdk/os.hpp", "// as CUDA does\ncpu_set_t set;", 0),
        ("csrc/sdk/os.hpp", "hipInit(0);", 1),
        ("csrc/plugins/hip/driver.hpp", "hipInit(0);", 0),
        ("csrc/plugins/hip/driver.hpp", "cuda_names();", 1),
    ],
)
def test_names_of_backends(place: Path, name: str, text: str, n_wrong: int) -> None:
    assert len(knowledge.named_backends(write(place, name, text))) == n_wrong


@pytest.mark.parametrize(
    ("signature", "n"),
    [
        ("f()", 0),
        ("f( void)", 0),
        ("f( int a , map < int , int > b)", 2),
        ("f( T ( & c ) [ 3 ])", 1),
    ],
)
def test_parameters_are_counted(signature: str, n: int) -> None:
    assert sizes.n_arguments(signature) == n


def test_nesting_counts_structures_and_no_elif() -> None:
    code = "def f():\n  if a: pass\n  elif b: pass\n  elif c:\n    for x in y:\n      with z: pass"
    assert sizes.nesting(ast.parse(code).body[0]) == 3


def test_sizes_over_the_cap_are_named(place: Path) -> None:
    long = write(place, "nexus/long.py", "def f(a, b, c, d, e, f, g, h):\n" + "  pass\n" * 400)
    assert sizes.too_long(long) == ["nexus/long.py: 401 lines, the cap is 400"]
    assert sizes.oversized_functions(long) == [
        "nexus/long.py:1: f has lines 401, the cap is 60",
        "nexus/long.py:1: f has parameters 8, the cap is 7",
    ]
    deep = write(place, "csrc/deep.cpp", "int f() { if (1) if (1) if (1) if (1) if (1) return 0; }")
    assert sizes.oversized_functions(deep) == ["csrc/deep.cpp:1: f has nesting 5, the cap is 4"]


def test_a_size_waiver_needs_a_reason(place: Path) -> None:
    assert not sizes.is_waived(write(place, "a.py", "# size-waiver: \n"))
    assert sizes.is_waived(write(place, "b.py", "# size-waiver: one table, read as a whole\n"))
