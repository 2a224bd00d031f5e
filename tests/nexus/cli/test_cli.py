"""The command line: what people see, what programs get, what exit codes say."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import nexus
from nexus import cli
from nexus._internal.architectures import places

NAME = "amd-gpu-gfx942"  # an entry of the library, with products


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit code, what it printed and what it complained of."""
    code = cli.main([*arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture(params=["full", "plain"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with the packages of the extra `cli`, and as if they were not installed."""
    if request.param == "plain":
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return str(request.param)


def test_info_draws_the_machine(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "info")
    assert code == 0
    lines = text.splitlines()
    assert lines[0].startswith(f"nexus {nexus.__version__} on ")
    assert any("cpu:0" in line for line in lines)
    depth = [next(line.index(word) for line in lines if word in line) for word in ("L1:", "DRAM:")]
    assert depth[0] < depth[1]  # each level of the hierarchy hangs under the one before


def test_info_gives_programs_everything(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "info", "--json")
    found = json.loads(text)
    device = found["runtimes"][0]["devices"][0]
    assert code == 0
    assert device["spec"] == "cpu:0"
    assert device["properties"]["Architecture"] == nexus.device("cpu").get_property_str(
        "Architecture"
    )


def test_doctor_says_where_and_why(
    kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, text, _ = run(capsys, "doctor", "--json")
    found = {(each["part"], each["name"]): each for each in json.loads(text)}
    assert code == 0, text
    assert found["plugins", "cpu"]["good"] is True
    assert "libnexus_cpu" in found["plugins", "cpu"]["text"]
    assert "asked for by name" in found["plugins", "null"]["text"]
    assert found["device library", "entries"]["good"] is True

    (tmp_path / "acme-gpu-a1.json").write_text("{")
    monkeypatch.setenv(places.PATH_VARIABLE, str(tmp_path))
    monkeypatch.setenv("NEXUS_RUNTIMEPATH", "/here")
    code, text, _ = run(capsys, "doctor")
    flat = " ".join(text.replace("│", " ").split())
    assert code == 1
    assert "?? acme-gpu-a1: the architecture file" in flat
    assert "?? NEXUS_RUNTIMEPATH: /here: the variable NEXUS_RUNTIMEPATH is set and nexus" in flat


def test_headers_and_version_are_told(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--includes") == (0, f"-I{nexus.get_include()}\n", "")
    if kind == "full":
        assert nexus.__version__ in run(capsys, "--version")[1]


def test_python_m_nexus_is_the_same() -> None:
    command = [sys.executable, "-m", "nexus", "db", "list", "gfx942"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert NAME in done.stdout


def test_db_list_finds_by_product(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "db", "list", "mi300x", "--json")
    assert (code, [row["File"] for row in json.loads(text)]) == (0, [NAME])
    code, text, _ = run(capsys, "db", "list", "no such thing")
    assert (code, text) == (1, "no architecture has 'no such thing' in its names\n")
    code, text, _ = run(capsys, "db", "list", "AMD", "cpu", "zen", "--json")
    assert [row["Name"][:9] for row in json.loads(text)] == [
        "AMD Zen 2",
        "AMD Zen 3",
        "AMD Zen 4",
        "AMD Zen 5",
    ]


def test_db_show_has_units_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "db", "show", "MI300X", "--sources")
    flat = " ".join(text.replace("│", " ").split())
    entry = nexus.lookup_device_info("MI300X")
    clock = entry.get_int(["CoreSubsystem", "BoostClock"])
    assert code == 0
    assert text.startswith("AMD Instinct MI300X\n")
    assert f"BoostClock: {clock} MHz [" in flat
    for key, source in entry["Sources"].items():
        assert f"[{key}] {source['Title']}"[:40] in flat
    assert json.loads(run(capsys, "db", "show", NAME, "--json")[1])["Architecture"] == "gfx942"


def test_db_diff_tells_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "db", "diff", "gfx942", "gfx90a", "--json")
    assert code == 1
    assert {"fact": "Architecture", "gfx942": "gfx942", "gfx90a": "gfx90a"} in json.loads(text)
    code, text, _ = run(capsys, "db", "diff", "MI250X", "MI300X")
    lines = [line.split() for line in text.splitlines()]
    assert code == 1
    assert ["MemoryTypes.DRAM.Bandwidth", "1638.4", "GB/s", "5325", "GB/s"] in lines  # not caches
    parts = [line[0] for line in lines if len(line) == 1]
    assert parts == sorted(set(parts), key=parts.index)  # each once, with all that is in it
    code, text, _ = run(capsys, "db", "diff", NAME, "gfx942")
    assert (code, text) == (0, f"{NAME} and gfx942 do not differ\n")


def test_db_validate_names_file_place_and_expectation(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good = Path(places.index()[NAME].path)
    entry: dict[str, Any] = json.loads(good.read_text())
    entry["CoreSubsystem"]["SIMDSize"] = "many"
    bad = tmp_path / good.name
    bad.write_text(json.dumps(entry))
    code, text, _ = run(capsys, "db", "validate", str(good), str(bad), str(tmp_path / "none.json"))
    lines = text.splitlines()
    assert code == 1
    assert lines[:2] == [f"{good}: ok", f"{bad}:"]
    assert "/CoreSubsystem/SIMDSize: 'many' is not of type 'integer'" in lines[2]
    assert "cannot read" in lines[4]
    assert run(capsys, "db", "validate", str(good))[0] == 0


def test_db_export_holds_everything(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert set(json.loads(run(capsys, "db", "export")[1])) == set(nexus.get_device_info())
    file = tmp_path / "facts.csv"
    assert run(capsys, "db", "export", "--format", "csv", "-o", str(file))[0] == 0
    rows = [*csv.DictReader(io.StringIO(file.read_text()))]
    wanted = {"architecture": NAME, "product": "AMD Instinct MI300X", "unit": "MHz"}
    clock = [r for r in rows if wanted.items() <= r.items() and r["fact"].endswith("BoostClock")]
    assert len(clock) == 1
    assert int(clock[0]["value"]) > 1000


def test_roofline_draws_several_devices_and_points(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "roof.png"
    arguments = ["MI300X", "MI250X", "--matrix", "--type", "F16", "--point", "gemm,200,4e5"]
    code, text, _ = run(capsys, "roofline", *arguments, "-o", str(file))
    assert (code, text) == (0, f"{file}: AMD Instinct MI300X, AMD Instinct MI250X\n")
    assert run(capsys, "roofline", "MI300X", "-o", str(tmp_path / "bare"))[0] == 0
    assert (tmp_path / "bare").read_bytes().startswith(b"\x89PNG")
    with Image.open(file) as image:
        assert image.size == (1350, 885)
        assert len(image.convert("RGB").getcolors(1 << 24) or []) > 50  # lines of several colours


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["db", "show", "no-such"], 1, "nexus: the device library has no architecture 'no-such'"),
        (["roofline", NAME], 1, "nexus: cannot tell the peak rate of F32"),
        (["roofline", "MI300X", "--point", "a,b,c"], 1, "'a,b,c' is no point"),
        (["roofline", "MI300X", "--point", "a,0,1"], 1, "is not between 1e-12 and"),
        (["roofline", "MI300X", "--point", "a,1,inf"], 1, "is not between 1e-12 and"),
        (["roofline", "cpu:99"], 1, "no device is 'cpu:99'"),
        (["roofline", "Core i9-12900K"], 1, "its cores are of several kinds"),
        (["roofline", "MI300X", "--type", "F99"], 1, "nexus: "),
        (["frobnicate"], 2, "No such command"),
        (["db", "validate"], 2, "Missing argument"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    found, _, complaint = run(capsys, *arguments)
    assert found == code
    assert words in complaint
    assert "Traceback" not in complaint
