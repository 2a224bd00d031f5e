"""What the commands print, in terminals of any width and colour, and when something is wrong."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nexus
from nexus import cli
from nexus._internal.architectures import places
from nexus.cli import outline, quantities

COMMANDS = [
    ("info",),
    ("doctor",),
    ("db", "list"),
    ("db", "show", "gfx942/MI300X", "--sources"),
    ("db", "diff", "MI250X", "MI300X"),
]
ESCAPE = "\x1b["


def printed(command: tuple[str, ...], **variables: str) -> str:
    """Return what a command prints into a pipe."""
    environment = {name: text for name, text in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-m", "nexus", *command],
        capture_output=True,
        env={**environment, **variables},
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.stdout.decode(variables.get("PYTHONIOENCODING", "utf-8"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_lines_fit_the_terminal_and_a_pipe_gets_them_whole(command: tuple[str, ...]) -> None:
    for columns in (80, 160):
        lines = printed(command, COLUMNS=str(columns)).splitlines()
        assert max(map(len, lines)) <= columns
        assert not any(line.endswith(" ") for line in lines)
    whole = printed(command)
    assert ESCAPE not in whole
    assert max(map(len, whole.splitlines())) > 80 or command == ("info",)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_colour_is_no_colour(command: tuple[str, ...]) -> None:
    coloured = printed(command, FORCE_COLOR="1", COLUMNS="80", TERM="xterm-256color")
    plain = printed(command, FORCE_COLOR="1", COLUMNS="80", TERM="xterm-256color", NO_COLOR="1")
    assert f"{ESCAPE}3" in coloured or f"{ESCAPE}1;3" in coloured
    assert f"{ESCAPE}3" not in plain
    assert f"{ESCAPE}1;3" not in plain


def test_what_a_terminal_cannot_show_ends_no_command(tmp_path: Path) -> None:
    entry = json.loads(Path(places.index()["amd-gpu-gfx942"].path).read_text(encoding="utf-8"))
    entry["Description"] = "\N{GREEK SMALL LETTER MU}"
    (tmp_path / "amd-gpu-gfx942.json").write_text(json.dumps(entry))
    text = printed(
        ("db", "show", "gfx942"), PYTHONIOENCODING="ascii", NEXUS_DEVICE_PATH=str(tmp_path)
    )
    assert "+-- Description: \\u03bc" in text


def test_a_tree_is_drawn_with_what_an_encoding_has() -> None:
    root = outline.Node("a")
    root.add("b").add("c")
    root.add("d")
    assert outline.plain(root) == "a\n├── b\n│   └── c\n└── d"
    assert outline.plain(root, "ascii") == "a\n+-- b\n|   `-- c\n`-- d"


def test_figures_are_written_with_their_unit() -> None:
    steps: list[str | int] = ["MemorySubsystem", "MemoryTypes", 1]
    together = quantities.together
    assert together({"Size": 4096, "BusWidth": 64}, steps) == "Size 4096 bytes, BusWidth 64 bits"
    assert together({"Size": 1, "Count": 2, "SharedBy": 3, "BusWidth": 4}, steps) == ""
    assert together({"Type": "L2"}, steps) == ""
    assert quantities.text_of([8, 4, 2], ["Limits", "MaxGridSize"]) == "8, 4, 2 groups"
    assert quantities.text_of(["F32"], ["DataTypes"]) == "F32"
    assert quantities.text_of(10240, [*steps, "Size"]) == "10240 bytes (10 KiB)"


def test_a_figure_of_all_products_has_its_own_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {"Title": "T", "Publisher": "P", "Accessed": "2024-01-02"}
    entry: dict[str, Any] = {
        "SchemaVersion": 1,
        "Name": "Acme One",
        "Vendor": "Acme",
        "Type": "gpu",
        "Architecture": "a1",
        "CoreSubsystem": {"Type": "core", "SIMDSize": 32},
        "MemorySubsystem": {"MemoryTypes": [{"Type": "L1", "Size": 7}, {"Size": 8}]},
        "Variants": {
            "A100": {
                "CoreSubsystem": {"Count": 4},
                "MemorySubsystem": {"MemoryTypes": [{}, {"Count": 2}]},
            }
        },
        "Sources": {"guide": document, "sheet": document},
        "Provenance": {
            "/CoreSubsystem": {"Source": "guide", "At": "1"},
            "/MemorySubsystem": {"Source": "guide", "At": "2"},
            "/Variants/A100": {"Source": "sheet"},
        },
    }
    (tmp_path / "acme-gpu-a1.json").write_text(json.dumps(entry))
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path))
    assert cli.main(["db", "show", "A100", "--sources"]) == 0
    lines = [line.strip(" │├└─") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "A100"
    assert "SIMDSize: 32 lanes  [guide, 1]" in lines
    assert "Count: 4  [sheet]" in lines
    assert "Size: 8 bytes  [guide, 2]" in lines  # not in one line with a figure of the sheet
    assert "Count: 2  [sheet]" in lines
    assert lines.index("Count: 4  [sheet]") < lines.index("SIMDSize: 32 lanes  [guide, 1]")


# ---- what is wrong hides nothing else ------------------------------------------------------------


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that is no entry, in the place of that of this CPU."""
    facts = [
        nexus.device("cpu").get_property_str(key) for key in ("Vendor", "Type", "Architecture")
    ]
    path = tmp_path / f"{'-'.join(facts).lower()}.json"
    path.write_text("{")
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path))
    return path


@pytest.mark.parametrize("kind", ["full", "plain"])
def test_info_shows_a_device_whose_entry_is_broken(
    kind: str, broken: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "plain":
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.main(["info"]) == 1
    text = capsys.readouterr().out
    assert "cpu:0" in text
    assert f"the architecture file {broken} is no JSON" in text
    assert cli.main(["info", "--json"]) == 1
    [device] = json.loads(capsys.readouterr().out)["runtimes"][0]["devices"]
    assert device["properties"]["Type"] == "cpu"
    assert str(broken) in device["problem"]


def test_list_and_export_tell_what_is_broken(
    broken: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["db", "list", broken.stem]) == 0
    assert str(broken) in capsys.readouterr().out
    file = tmp_path / "out"
    assert cli.main(["db", "export", "-o", str(file)]) == 1
    assert f"nexus: left out: the architecture file {broken} is no JSON" in capsys.readouterr().err
    assert set(json.loads(file.read_text())) == {*nexus.get_device_info()} - {broken.stem}


def test_what_is_not_installed_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "jsonschema" else find(name)
    )
    assert cli.main(["db", "validate", "any.json"]) == 1
    assert "checking needs jsonschema: pip install 'nexus-acc" in capsys.readouterr().err
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for command, extras in (("db", "cli"), ("roofline", "cli,plot")):
        assert cli.main([command, "list"]) == 1
        remedy = f"the command {command!r} needs more: pip install 'nexus-accelerator[{extras}]'"
        assert remedy in capsys.readouterr().err


@pytest.mark.parametrize("find_spec", ["find_spec", "lambda name: None"], ids=["full", "plain"])
@pytest.mark.parametrize("is_buffered", [True, False])
def test_who_reads_may_stop_early(find_spec: str, is_buffered: bool) -> None:
    program = (
        "import importlib.util; from importlib.util import find_spec; "
        f"importlib.util.find_spec = {find_spec}; from nexus import cli; "
        "raise SystemExit(cli.main(['info']))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, *([] if is_buffered else ["-u"]), "-c", program]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_roofline_of_names_starts_no_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started() -> None:
        raise AssertionError

    monkeypatch.setattr(nexus, "get_runtimes", started)
    monkeypatch.setattr(nexus, "device", started)
    assert cli.main(["roofline", "MI300X", "-o", str(tmp_path / "a.png")]) == 0
