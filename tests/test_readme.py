"""What the README shows works as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def test_python_example_runs(repository: Path, tmp_path: Path) -> None:
    (program,) = blocks((repository / "README.md").read_text(encoding="utf-8"), "python")
    script = tmp_path / "readme.py"
    script.write_text(program, encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_commands_are_targets(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    for page in ("README.md", "CONTRIBUTING.md"):
        shell = "\n".join(blocks((repository / page).read_text(encoding="utf-8"), "bash"))
        for target in re.findall(r"^make (\w+)", shell, flags=re.MULTILINE):
            assert re.search(rf"^{target}:.*## ", makefile, flags=re.MULTILINE), f"{page}: {target}"
