"""Every function of the API is in every layer, with the signature that its stub says."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.api_table import BACKENDS, FUNCTIONS, Function
from nexus import data_type, event_type, property, status
from nexus.bindings import enums, nxs

from .samples import BOUND

BINDINGS = Path(nxs.__file__).parent
MODULES = ["nexus.bindings.nxs", *(f"nexus.bindings.{name}" for name in BACKENDS)]
by_name = pytest.mark.parametrize("function", BOUND, ids=lambda f: f.python_name)


def parameters(function: Function) -> list[tuple[str, object]]:
    """Name and default of what a Python caller gives; inspect's `empty` for none."""
    given = [arg for arg in function.args if arg.python]
    return [
        (arg.name, inspect.Parameter.empty if arg.default is None else arg.default) for arg in given
    ]


def signature(function: Callable[..., object]) -> list[tuple[str, object]]:
    """Name and default of each parameter."""
    return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]


@by_name
def test_the_function_has_the_signature_of_the_table(function: Function) -> None:
    runtime = ("runtime", inspect.Parameter.empty)
    assert signature(getattr(nxs, function.python_name)) == [runtime, *parameters(function)]
    for name in BACKENDS:
        module = importlib.import_module(f"nexus.bindings.{name}")
        assert signature(getattr(module, function.python_name)) == parameters(function)


@by_name
def test_the_docstring_names_arguments_and_failures(function: Function) -> None:
    for doc in (
        getattr(nxs, function.python_name).__doc__,
        getattr(nxs.Backend, function.python_name).__doc__,
    ):
        assert re.match(r"[A-Z][a-z]+ ", doc)
        for arg in function.args:
            assert not arg.python or f"{arg.name}: " in doc
        for name in function.statuses:
            assert name in doc


@pytest.mark.parametrize("module", MODULES)
def test_the_module_has_nothing_that_the_table_lacks(module: str) -> None:
    imported = importlib.import_module(module)
    functions = {
        n for n, what in vars(imported).items() if callable(what) and not n.startswith("_")
    }
    helpers = {"Backend", *nxs_helpers()} if module.endswith("nxs") else {"Backend"}
    assert functions - helpers == {function.python_name for function in BOUND}


def nxs_helpers() -> set[str]:
    """What nxs has from the registry."""
    stub = ast.parse((BINDINGS / "nxs.pyi").read_text(encoding="utf-8"))
    return {
        name.name
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.module == "nexus.bindings._internal.registry"
        for name in node.names
    }


def test_the_stubs_agree_with_the_modules() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", *MODULES],
        capture_output=True,
        text=True,
        cwd=BINDINGS.parents[1],
        env=os.environ | {"MYPYPATH": str(BINDINGS.parents[1])},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_cynxs_declares_every_function() -> None:
    text = (BINDINGS / "cynxs.pxd").read_text(encoding="utf-8")
    declared = re.findall(r"^cdef inline .*?(\w+)\(int runtime", text, re.MULTILINE)
    assert declared == [function.python_name for function in BOUND]


def test_the_reference_has_every_function(repository: Path) -> None:
    for function in FUNCTIONS:
        page = repository / "docs" / "reference" / f"{function.noun}.md"
        assert f"## {function.name}\n" in page.read_text(encoding="utf-8")


def test_the_calls_into_c_release_the_gil_as_the_table_says(repository: Path) -> None:
    source = (repository / "nexus" / "bindings" / "nxs.pyx").read_text(encoding="utf-8")
    for function in BOUND:
        body = source.partition(f" {function.python_name}(int runtime")[2].partition("\ncpdef ")[0]
        assert body.count("with nogil:") == (function.gil == "release"), function.name


def test_seeds_spellings() -> None:
    assert property.Architecture is enums.Property.Architecture
    assert status.NXS_Success is status.Success is enums.Status.Success
    assert status.NXS_InvalidBuffer == -81
    assert event_type.Shared is enums.EventType.Shared
    assert data_type.F16 is enums.DataType.F16
    for module, enum in (
        (property, enums.Property),
        (status, enums.Status),
        (event_type, enums.EventType),
        (data_type, enums.DataType),
    ):
        assert {member.name for member in enum} <= set(module.__all__)


def test_each_data_type_has_its_facts() -> None:
    assert set(data_type.INFO) == set(enums.DataType)
    spellings = [name for info in data_type.INFO.values() for name in info.names]
    assert len(spellings) == len(set(spellings))
    assert data_type.INFO[data_type.BF16] == (16, "bfloat16", ("bf16", "bfloat16"))
