"""What a built plugin shows to the process that loads it, and what it asks of it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build_plugins as native

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = native.read_plugins(ROOT / "csrc")
MACOS = sys.platform == "darwin"
NAMED = re.compile(r"^NXS_FUNCTION\((\w+),", re.MULTILINE)


def file_of(plugin: native.Plugin) -> Path:
    """Return the plugin of the package that the other tests import."""
    package = importlib.util.find_spec("nexus")
    assert package is not None and package.origin is not None, "nexus is not installed"
    return Path(package.origin).parent / "plugins" / plugin.library


def symbols(plugin: native.Plugin, flags: list[str]) -> set[str]:
    """Return names of the dynamic symbol table, without versions and the underscore of macOS."""
    if not shutil.which("nm"):
        pytest.skip("there is no nm, which reads symbol tables")
    command = ["nm", *flags, str(file_of(plugin))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = {line.split()[-1].partition("@")[0] for line in done.stdout.splitlines() if line}
    return {name.removeprefix("_") for name in names} if MACOS else names


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_shows_functions_of_the_api_and_nothing_else(plugin: native.Plugin) -> None:
    table = (ROOT / "csrc/include/nexus/nxs_api.def").read_text(encoding="utf-8")
    api = {f"nxs{name}" for name in NAMED.findall(table)}
    shown = symbols(plugin, ["-gU"] if MACOS else ["-D", "--defined-only"])
    assert "nxsGetApiVersion" in shown
    assert not shown - api


@pytest.mark.skipif(MACOS, reason="thread-local storage of macOS has functions of its own")
@pytest.mark.skipif(bool(native.sanitizers()), reason="a sanitizer brings destructors of its own")
@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_nothing_of_a_plugin_can_fail_at_the_first_use_by_a_thread(plugin: native.Plugin) -> None:
    asked = symbols(plugin, ["-D", "--undefined-only"])
    assert "__cxa_throw" in asked
    # Both end the process when there is no memory, and the second leaves destroyed objects behind
    # for the exit handlers of the process.
    assert not asked & {"__tls_get_addr", "__cxa_thread_atexit"}


@pytest.mark.skipif(MACOS, reason="the sections of a Mach-O file have other names")
@pytest.mark.skipif(bool(native.sanitizers()), reason="a sanitizer brings constructors of its own")
@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_no_global_of_a_plugin_has_a_constructor_or_destructor(plugin: native.Plugin) -> None:
    if not shutil.which("readelf"):
        pytest.skip("there is no readelf, which lists the sections of a file")
    command = ["readelf", "-SW", str(file_of(plugin))]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    array = re.search(r"\.init_array\s+INIT_ARRAY\s+\w+ \w+ (\w+)", listed)
    assert array is not None
    assert int(array[1], 16) == 8, "functions run at load beside the one that every library has"
    # A static of a function with a destructor asks for this at its first use.
    asks = "__cxa_atexit" in symbols(plugin, ["-D", "--undefined-only"])
    folder = ROOT / "csrc" / "plugins" / plugin.name
    assert asks == any("__cxa_atexit" in path.read_text() for path in folder.glob("*.cpp"))


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_asks_nothing_of_python(plugin: native.Plugin) -> None:
    asked = symbols(plugin, ["-u"] if MACOS else ["-D", "--undefined-only"])
    assert "malloc" in asked
    assert not [name for name in asked if name.startswith(("Py", "_Py"))]
