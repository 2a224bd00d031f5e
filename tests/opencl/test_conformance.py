"""The conformance tests hold over the double, which hands work over late and in its own threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from doubles import opencl_double
from nexus._internal import compilers

KERNELS = Path("tests/conformance/kernels.nxs")
# Under the address sanitizer, daily: those in which threads, or the last owners of things, meet.
MEETINGS = ("copy", "event", "lifetime", "schedule", "stream", "threads")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("driver", "options"),
    [("oldest", {"version": "1.2", "alignment": 4096}), ("newer", {"svm": 1, "unified": 1})],
)
def test_the_conformance_tests_hold(
    driver: str, options: dict[str, object], repository: Path, tmp_path: Path
) -> None:
    kernels = tmp_path / "kernels.so"
    source = (repository / KERNELS).read_text(encoding="utf-8")
    kernels.write_bytes(compilers.get("cc").compile(source, {"name": KERNELS.name}).binary)
    both = f"{kernels}:{opencl_double.code()}"
    folder = repository / "tests" / "conformance"
    names = MEETINGS if "address" in os.environ.get("NEXUS_SANITIZE", "") else ("*",)
    files = [str(path) for name in names for path in folder.glob(f"test_{name}.py")]
    config = ["-c", str(repository / "pyproject.toml"), "-p", "no:cacheprovider", "-m", "not slow"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *config, "--runtime", "opencl", *files],
        env=os.environ | opencl_double.environment(driver, kernels=both, **options),
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert " passed" in done.stdout
