"""Write one kernel for every device: what that page shows runs as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nexus
from kernels import guide, harness
from nexus._internal import compilers

# Words of the header that users write, as its sides define them.
WORDS = re.compile(r"^#define (nxs_\w+|NXS_(?!CL_|MATHS|LIST|COUNT|ACCESS|KIND|INSIDE|PICK)\w+)\b")


@pytest.mark.parametrize("runtime", [runtime.name for runtime in nexus.get_runtimes()])
def test_the_program_runs_on_every_runtime(runtime: str, tmp_path: Path) -> None:
    for name, source in guide.kernels().items():
        (tmp_path / name).write_text(source)
    program = "\n".join(guide.blocks("python"))
    environment = {**os.environ, "NEXUS_DEVICE": runtime}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_there_are_six() -> None:
    names = ["saxpy", "heat", "matmul", "sum", "histogram", "scan"]
    assert list(guide.kernels()) == [f"{name}.nxs" for name in names]


@pytest.mark.parametrize("name", guide.kernels())
def test_kernels_compile_without_a_warning(name: str) -> None:
    options = {"flags": ["-Wall", "-Wextra"], "name": name}
    assert compilers.get("cc").compile(guide.kernels()[name], options).log == ""


def test_examples_of_the_table_compile() -> None:
    helpers = "\n".join(
        example
        for example in guide.examples()
        if example.startswith(("NXS_KERNEL", "NXS_FUNC", "NXS_TABLE")) and "..." not in example
    )
    assert helpers.count("\n") >= 3
    compilers.get("cc").compile(f"#include <nexus/kernel.h>\n{helpers}\n")


def test_the_page_has_every_word() -> None:
    parts = [harness.HEADERS / "nexus" / "kernel" / name for name in ("opencl.h", "maths.h")]
    lines = [line for part in parts for line in part.read_text().splitlines()]
    words = {found[1] for line in lines if (found := WORDS.match(line))}
    internal = {"NXS_BARRIER", "NXS_FUNC"} | {word for word in words if word.endswith("_H")}
    page = guide.PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"\b\w+\b", page))
    assert len(words) > 40
    assert not [word for word in words - internal if not {word, word[4:]} & told]
