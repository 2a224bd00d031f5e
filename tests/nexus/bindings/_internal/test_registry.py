"""The registry: which runtimes are listed, in which order, and why others are not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from doubles.stub_plugin import Stub, build
from nexus.bindings import nxs
from nexus.bindings._internal import loader, registry, search
from nexus.bindings.enums import Status
from nexus.bindings.errors import BackendUnavailableError, InvalidArgumentError


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a folder that is the only place of plugins."""
    monkeypatch.setattr(search, "PACKAGE", str(tmp_path / "package"))
    monkeypatch.setattr(registry, "_unavailable", {})
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", str(tmp_path))
    monkeypatch.delenv("NEXUS_RUNTIMES", raising=False)
    return tmp_path


def ranked(folder: Path, name: str, priority: int) -> Path:
    """A stub that answers this priority."""
    path = build(folder, name)
    Stub(path).value(priority.to_bytes(8, "little", signed=True))
    return path


def names(numbers: list[int]) -> list[str]:
    return [nxs.runtime_name(number) for number in numbers]


def test_runtimes_are_listed_by_priority_and_then_by_name(folder: Path) -> None:
    ranked(folder, "d_slow", 900)
    ranked(folder, "d_beta", 100)
    ranked(folder, "d_alpha", 100)
    ranked(folder, "d_hidden", -1)
    assert names(nxs.discover()) == ["d_alpha", "d_beta", "d_slow"]
    assert nxs.unavailable_runtimes() == {}


def test_a_plugin_without_priority_comes_last(folder: Path) -> None:
    build(folder, "e_empty")  # answers with no bytes
    Stub(build(folder, "e_mute")).answer(Status.InvalidProperty)
    ranked(folder, "e_known", 5000)
    assert names(nxs.discover()) == ["e_known", "e_empty", "e_mute"]


def test_a_variable_filters_and_orders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranked(folder, "f_one", 1)
    ranked(folder, "f_two", 2)
    ranked(folder, "f_hidden", -1)
    unopened = ranked(folder, "f_three", 3)
    monkeypatch.setenv("NEXUS_RUNTIMES", " f_two, f_hidden,,f_one,f_nobody,f_two")
    assert names(nxs.discover()) == ["f_two", "f_hidden", "f_one"]
    assert "no plugin for runtime 'f_nobody'" in nxs.unavailable_runtimes()["f_nobody"]
    assert Stub(unopened).n_initialized == 0


def test_what_is_not_there_is_told_in_one_sentence_each(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stub(build(folder, "g_sick")).refuse_to_start(Status.DeviceNotFound, "there is no device")
    (folder / "libnexus_g_broken.so").write_text("broken")
    ranked(folder, "g_well", 1)
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", f"{folder}:relative")
    assert names(nxs.discover()) == ["g_well"]
    told = nxs.unavailable_runtimes()
    assert told.keys() == {"g_sick", "g_broken", "NEXUS_RUNTIME_PATH 'relative'"}
    assert "there is no device" in told["g_sick"]
    assert "relative entries" in told["NEXUS_RUNTIME_PATH 'relative'"]


def test_a_runtime_that_loads_later_is_no_longer_unavailable(folder: Path) -> None:
    path = folder / "libnexus_h_late.so"
    path.write_text("not yet")
    assert nxs.discover() == []
    assert "h_late" in nxs.unavailable_runtimes()
    path.unlink()
    ranked(folder, "h_late", 1)
    assert names(nxs.discover()) == ["h_late"]
    assert nxs.unavailable_runtimes() == {}


def test_an_unknown_name_lists_every_place(folder: Path) -> None:
    ranked(folder, "i_here", 1)
    with pytest.raises(BackendUnavailableError) as caught:
        nxs.load_runtime("i_gone")
    text = str(caught.value)
    assert f"NEXUS_RUNTIME_PATH ({folder}) has i_here" in text
    assert f"the package ({folder / 'package'}) has none" in text
    assert "entry point (nexus.runtimes) has none" in text
    assert "libnexus_i_gone.so" in text


def test_a_broken_first_plugin_is_not_replaced_in_silence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "libnexus_j_twice.so").write_text("broken")
    (folder / "second").mkdir()
    second = ranked(folder / "second", "j_twice", 1)
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", f"{folder}:{folder / 'second'}")
    with pytest.raises(BackendUnavailableError, match=f"not tried.*first of a name.*{second}"):
        nxs.load_runtime("j_twice")
    assert Stub(second).n_initialized == 0


@pytest.mark.parametrize("number", [-1, 99, 128])
def test_a_number_that_is_no_runtime_has_no_name(number: int) -> None:
    for ask in (nxs.runtime_name, nxs.runtime_path):
        with pytest.raises(InvalidArgumentError, match=f"no loaded runtime {number}"):
            ask(number)


@pytest.mark.parametrize("what", [5, None, 1.5, ["cpu"]])
def test_a_runtime_is_named_by_text_or_path(what: object) -> None:
    with pytest.raises(TypeError):
        nxs.load_runtime(what)  # type: ignore[arg-type]


def test_an_entry_point_may_load_a_runtime_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer, inner = build(folder, "k_outer"), build(folder, "k_inner")

    def in_entry_points() -> list[search.Candidate]:
        nxs.load_runtime(inner)
        return [search.Candidate("k_wheel", str(outer), "entry point")]

    monkeypatch.setattr(search, "in_entry_points", in_entry_points)
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(nxs.load_runtime("k_wheel")))
    thread.start()
    thread.join(20)
    assert [loader.name_of(number) for number in found] == ["k_wheel"]
