"""A child process is heard, and does not outlive an interrupt."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from nexus._internal.compilers import process


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_both_outputs_come_back_with_the_status() -> None:
    code = "import os; os.write(1, b'out'); os.write(2, b' err\\xff'); raise SystemExit(3)"
    assert process.run(python(code), os.environ) == (3, "out err\ufffd")


def test_a_signal_is_a_negative_status() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert process.run(python(code), os.environ) == (-9, "")
    assert process.signal_name(9) == "signal 9 (SIGKILL)"
    assert process.signal_name(200) == "signal 200"


def test_the_environment_is_the_one_given() -> None:
    code = "import os; print(os.environ['NEXUS_TEST'], end='')"
    assert process.run(python(code), {"NEXUS_TEST": "5"}) == (0, "5")


def test_a_command_that_is_not_there_raises() -> None:
    with pytest.raises(FileNotFoundError):
        process.run(["/no/such/command"], os.environ)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_interrupt_ends_the_child_and_what_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pids)!r} + '.new', 'w').write(f'{{os.getpid()}} {{inner.pid}}')\n"
        f"os.rename({str(pids)!r} + '.new', {str(pids)!r})\n"
        "time.sleep(60)\n"
    )

    def interrupt_when_it_runs() -> None:
        while not pids.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt_when_it_runs)
    thread.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        process.run(python(code), os.environ)
    thread.join()
    assert time.monotonic() - begin < 20
    child, grandchild = map(int, pids.read_text().split())
    assert not is_alive(child)
    deadline = time.monotonic() + 10
    while is_alive(grandchild) and not is_zombie(grandchild) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(grandchild) or is_zombie(grandchild)


def is_zombie(pid: int) -> bool:
    """Whether it has ended, and only its parent (init, which may be slow) has not asked for it."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z"
