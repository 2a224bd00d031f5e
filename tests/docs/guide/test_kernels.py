"""What the page on kernels shows compiles and runs as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from doubles import fresh
from kernels import harness
from nexus._internal import compilers

OCLGRIND = Path("/usr/lib/oclgrind/liboclgrind-rt-icd.so")
PAGE = Path(__file__).parents[3] / "docs" / "guide" / "kernels.md"


def blocks(language: str) -> list[str]:
    """Return the code blocks of one language."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def kernels() -> list[str]:
    """Return the C blocks that are kernels; others are parts of one."""
    return [block for block in blocks("c") if "KERNEL(" in block]


@pytest.mark.parametrize("source", kernels())
def test_kernels_compile_without_a_warning(source: str) -> None:
    portable = "NXS_KERNEL" in source or "NXS_GROUP_KERNEL" in source
    text = f"#include <nexus/kernel.h>\n{source}" if portable else source
    options = {"flags": ["-Wall", "-Wextra"], "language": "c++" if portable else "c"}
    assert compilers.get("cc").compile(text, options).log == ""


def test_the_program_runs(tmp_path: Path) -> None:
    """All Python blocks, one after the other, where the commands of the page have been run."""
    (add_vectors,) = (block for block in kernels() if "cpu_kernel.h" in block)
    (tmp_path / "add_vectors.c").write_text(add_vectors)
    python = blocks("python")
    (saxpy,) = re.findall(r'SOURCE = """\n(.*?)"""', python[0], flags=re.DOTALL)
    (tmp_path / "saxpy.nxs").write_text(saxpy)

    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    for command in blocks("bash"):
        subprocess.run(["sh", "-ec", command], cwd=tmp_path, env=environment, check=True)
    (tmp_path / "page.py").write_text("\n".join(python))
    done = subprocess.run([sys.executable, "page.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    library = harness.load((tmp_path / "kernel.so").read_bytes(), tmp_path)
    assert harness.Kernel(library, "add_vectors").args == [("data", "float", 4, "b")]


def test_oclgrind_reports_what_the_page_shows(tmp_path: Path) -> None:
    if not OCLGRIND.exists():
        pytest.skip(f"{OCLGRIND} is not here: apt-get install oclgrind ocl-icd-libopencl1")
    (source,) = (block for block in kernels() if "(shift," in block)
    (tmp_path / "shift.nxs").write_text(source)
    (shell,) = blocks("sh")
    (report,) = (block for block in blocks("text") if "Invalid read" in block)
    exported, command = shell.splitlines()
    variables = dict(word.split("=", 1) for word in exported.removeprefix("export ").split())
    words = command.removeprefix("nexus ").split()
    program = f"import os; os.chdir({str(tmp_path)!r})\nfrom nexus import cli\ncli.main({words})\n"
    done = fresh.ended(program, **variables)
    shown = report.split("\t...\n")
    assert all(part.strip() in done.stderr for part in shown), done.stderr
    assert "shift  " in done.stdout
