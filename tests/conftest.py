"""What every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A machine that is busy is not a failure, and a failure seen once must be seen again.
settings.register_profile("nexus", deadline=None, derandomize=True, stateful_step_count=60)
settings.register_profile(
    "soak", deadline=None, max_examples=3000, stateful_step_count=100, print_blob=True
)
settings.load_profile("nexus")

# A shell that starts the tests in the background has them ignore Ctrl-C, and so what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A compile is a compile, but where the cache is what is tested; and nothing is left with the user.
os.environ["NEXUS_CACHE"] = "0"


# Tests of programs and libraries of others, which none of our native code has a part in.
FOREIGN = (
    "test_device_compilers.py",
    "test_fatbin.py",
    "test_another_runtime_is_compiled_for_without_its_plugin",
    "test_page_runs_and_prints_what_it_shows[compile]",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out, in a sanitized run, what the sanitizer's loader breaks."""
    if os.environ.get("NEXUS_SANITIZE"):
        why = "NVRTC and nvcc do not start beside a sanitizer that they were not built with"
        for item in items:
            if item.path.name in FOREIGN or item.name in FOREIGN:
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the source tree."""
    return Path(__file__).resolve().parents[1]


def pytest_sessionstart() -> None:
    """Open the drivers before any test opens hiprtc.

    Debian's PoCL and hiprtc share one LLVM, which ends the process when the second registers its
    options. Beside a driver nexus gives hiprtc a process of its own; the other order has no help.
    """
    import nexus

    nexus.get_runtimes()
