"""The machine: runtimes and devices are found, listed and described."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nexus
from doubles import fresh


def test_runtimes_are_found_by_place_and_name() -> None:
    runtimes = nexus.get_runtimes()
    assert runtimes.get(0) is runtimes[0]
    assert runtimes.get("cpu") is runtimes["cpu"] is nexus.get_runtime("cpu")
    assert runtimes[0] in runtimes
    present: list[object] = ["cpu", "none"]
    assert [name in runtimes for name in present] == [True, False]
    assert [*runtimes] == runtimes[:] and runtimes.names()[-1:] == [runtimes[-1].name]
    with pytest.raises(IndexError, match=r"the list has .*cpu.* and none at 99"):
        runtimes.get(99)
    with pytest.raises(KeyError, match="no runtime 'none' is here"):
        runtimes.get("none")


def test_the_null_runtime_is_there_by_name_only() -> None:
    assert "null" not in nexus.get_runtimes().names()
    assert nexus.get_runtime("null").get_device(0).spec == "null:0"
    assert nexus.device("null").runtime is nexus.get_runtime("null")


def test_a_runtime_that_is_not_there_says_why() -> None:
    with pytest.raises(nexus.BackendUnavailableError, match="no plugin for runtime 'none'") as e:
        nexus.get_runtime("none")
    assert isinstance(e.value, ImportError)
    with pytest.raises(TypeError, match="name is an int"):
        nexus.get_runtime(0)  # type: ignore[arg-type]


def test_plugins_that_do_not_load_are_listed_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "libnexus_bad.so").write_bytes(b"no plugin")
    printed = fresh.run(
        "import nexus; print(nexus.get_runtimes().names(), nexus.unavailable_runtimes()['bad'])",
        NEXUS_RUNTIME_PATH=str(tmp_path),
    )
    assert printed.startswith("['cpu'] ")
    assert "libnexus_bad.so" in printed


@pytest.mark.parametrize(
    "spec", ["cpu", "cpu:0", " cpu:0 ", "type=cpu", "TYPE=CPU", "cpu,type=cpu", None, ""]
)
def test_a_device_is_described(spec: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEXUS_DEVICE", raising=False)
    assert nexus.device(spec) is nexus.get_runtimes()[0].get_device(0)


def test_a_device_is_described_by_its_vendor(device: nexus.Device) -> None:
    assert nexus.device(f"vendor={device.get_property_str('Vendor').lower()}") is device


def test_the_environment_describes_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_DEVICE", "null:0")
    assert nexus.device().spec == "null:0"
    assert nexus.device("cpu").spec == "cpu:0"


@pytest.mark.parametrize("spec", ["gpu", "cuda:1", "vendor=none", "cpu:7", "cpu,vendor=none"])
def test_a_device_that_is_not_there_is_told_beside_those_that_are(spec: str) -> None:
    with pytest.raises(nexus.BackendUnavailableError, match="no device.*cpu"):
        nexus.device(spec)


@pytest.mark.parametrize("spec", ["cpu:", "cpu:x", ":0", "cpu:-1", "color=red", "vendor=", "="])
def test_a_description_that_cannot_be_read_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        nexus.device(spec)


@pytest.mark.parametrize("spec", [0, b"cpu", ["cpu"]])
def test_a_description_is_text(spec: Any) -> None:
    with pytest.raises(TypeError, match="described by a str"):
        nexus.device(spec)


def test_system_memory_is_memory_of_the_embedded_runtime(null_device: nexus.Device) -> None:
    buffer = nexus.create_buffer(data=b"1234")
    assert buffer.device is nexus.get_runtime("cpu").get_device(0)
    there = null_device.copy_buffer(buffer)
    assert there.numpy().tobytes() == b"1234"


def test_the_command_line_prints_the_flags_of_the_headers() -> None:
    command = [sys.executable, "-m", "nexus", "--includes"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == f"-I{nexus.get_include()}\n"
    assert (Path(nexus.get_include()) / "nexus" / "nxs.h").is_file()


def test_the_public_names_are_there() -> None:
    for name in nexus.__all__:
        assert getattr(nexus, name) is not None


def test_importing_nexus_imports_no_advice_and_no_reader_of_binaries() -> None:
    fresh.run(
        """
        import sys, nexus
        assert not {"nexus.advice", "nexus._internal.inspecting.facts"} & set(sys.modules)
        assert {"advise", "KernelInfo", "Device"} <= set(dir(nexus))
        assert nexus.KernelInfo(registers=8).registers == 8 and nexus.advise
        try:
            nexus.advize
        except AttributeError as error:
            assert str(error) == "module 'nexus' has no attribute 'advize'"
        """
    )


def test_importing_nexus_imports_no_slow_module_that_numpy_does_without() -> None:
    fresh.run(
        """
        import sys, numpy
        of_numpy = set(sys.modules)
        import nexus
        slow = {"dataclasses", "importlib.metadata", "json", "pathlib", "re", "threading"}
        assert not slow & (set(sys.modules) - of_numpy)
        """
    )


@pytest.mark.parametrize("key", [None, 1.5, [0]])
def test_a_place_is_a_whole_number_or_a_name(key: object) -> None:
    runtimes: Any = nexus.get_runtimes()
    with pytest.raises(TypeError, match="the name of a runtime, or its place"):
        runtimes[key]
