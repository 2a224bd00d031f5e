"""`nexus inspect`: what people see of a kernel library, and what programs get."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import nexus
from binaries import DATA, containers
from nexus import cli
from nexus.cli import inspection

CODE = DATA / "gfx90a.hsaco"
TEXT = b".version 8.4\n.target sm_90\n.entry k(.param .f32 a) { ret; }\n"


@pytest.fixture(params=["full", "plain"], autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with the packages of the extra `cli`, and as if they were not installed."""
    if request.param == "plain":
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return str(request.param)


def lines_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return the lines that the command prints, without what draws the tree."""
    assert cli.main(["inspect", *arguments]) == 0
    return [line.strip(" │├└─") for line in capsys.readouterr().out.splitlines()]


def test_kernels_arguments_and_figures_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, str(CODE))
    kernel = nexus.inspect(CODE).kernels["tiled"]
    assert lines[0] == f"{CODE}: hsaco for gfx90a (amdgcn-amd-amdhsa--gfx90a)"
    at = lines.index("tiled")
    assert lines[at + 1] == (
        f"{kernel.registers} registers, {kernel.scalar_registers} scalar registers, "
        "1 KiB of group memory, groups of 64 x 2 x 1 only, waves of 64"
    )
    assert lines[at + 2] == "0: pointer, 8 bytes at 0, struct Pair*"
    assert lines[at + 7] == "5: image, 8 bytes at 40, image2d_t, in"
    assert "no arguments" in lines
    assert any(line.startswith("13 hidden arguments: block_count_x, ") for line in lines)


def test_programs_get_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(CODE), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    kernel = nexus.inspect(CODE).kernels["saxpy"]
    assert (found["file"], found["kind"], found["architecture"]) == (str(CODE), "hsaco", "gfx90a")
    assert found["kernels"]["saxpy"]["registers"] == kernel.registers
    assert found["kernels"]["saxpy"]["arguments"][1]["type"] == "float*"


def test_each_part_of_a_container_is_shown_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "parts.fatbin"
    path.write_bytes(containers.fatbin((1, 90, TEXT, 0), (1, 80, TEXT, containers.LZ4)))
    lines = lines_of(capsys, str(path))
    assert lines[0].endswith("parts.fatbin: fatbin for sm_90")
    assert lines.count("ptx for sm_90 (sm_90; PTX 8.4)") == 2
    assert lines.count("k") == 2


def test_what_is_wrong_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "cut.so"
    path.write_bytes(b"\x7fELF")
    assert cli.main(["inspect", str(path)]) == 1
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.startswith("nexus: cannot read ")
    assert printed.err.count("\n") == 1
    assert "at byte 0: the ELF header of 64 bytes was expected, and there are 4" in printed.err


def test_a_file_is_needed(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    if kind == "full":
        assert cli.main(["inspect"]) == 2
    else:
        with pytest.raises(SystemExit) as stop:
            cli.main(["inspect"])
        assert stop.value.code == 2
    assert "file" in capsys.readouterr().err.lower()


def test_names_of_strangers_do_nothing_to_the_terminal(tmp_path: Path) -> None:
    kernel = nexus.KernelInfo(
        name="\x1b[31mred\n", arguments=(nexus.ArgumentInfo(0, "value", 4, 0, "\x07", "a\u202eb"),)
    )
    found = nexus.LibraryInfo("ptx", "sm_90", {kernel.name: kernel}, "\x1b]0;title\x07")
    tree = inspection.outline("file\x1b", found)
    text = "\n".join(
        [tree.text, *(line.text for each in tree.children for line in [each, *each.children])]
    )
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\\x1b[31mred\\n" in text


def test_a_part_that_was_not_read_says_why() -> None:
    found = nexus.LibraryInfo("ptx", "sm_90", problem="it is compressed")
    assert inspection.outline("f", found).children[0].text == "it is compressed"
    assert inspection.outline("f", nexus.LibraryInfo("elf")).children[0].text == "no kernels"


def test_python_m_nexus_inspects_too() -> None:
    command = [sys.executable, "-m", "nexus", "inspect", str(CODE)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "gfx90a" in done.stdout
