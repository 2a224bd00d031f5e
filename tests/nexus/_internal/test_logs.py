"""The logger `nexus` is made for those who listen, and no import is paid for those who do not."""

from __future__ import annotations

import textwrap
from pathlib import Path

from doubles import fresh

COMPILE = """
import sys
import nexus
SOURCE = '''#include <nexus/kernel.h>
NXS_KERNEL(twice, inout(float, x)) { x[nxs_global_id(0)] *= 2; }
'''
print(nexus.device("cpu").compile(SOURCE).kernels)
"""
NOT_NEEDED = ("logging", "subprocess", "difflib")


def test_a_compile_from_disk_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    program = COMPILE + f"print([name for name in {NOT_NEEDED} if name in sys.modules])"
    place = {"NEXUS_CACHE": "1", "NEXUS_CACHE_DIR": str(tmp_path / "kept")}
    fresh.run(program, **place)
    assert fresh.run(program, **place) == "['twice']\n[]\n"


def test_who_listens_hears(tmp_path: Path) -> None:
    listening = """
    import logging
    logging.basicConfig(level=logging.DEBUG, format="%(name)s %(message)s", stream=open(1, "w"))
    """
    place = {"NEXUS_CACHE": "1", "NEXUS_CACHE_DIR": str(tmp_path / "kept")}
    first = fresh.run(textwrap.dedent(listening) + COMPILE, **place)
    assert first.startswith("nexus compiled for cpu:0: (")
    [entry] = (tmp_path / "kept").glob("*.nxsb")
    entry.write_bytes(entry.read_bytes()[:-1])
    assert "nexus not used: " in fresh.run(textwrap.dedent(listening) + COMPILE, **place)


def test_a_warning_is_heard_by_everybody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    place = {"NEXUS_CACHE": "1", "NEXUS_CACHE_DIR": str(tmp_path / "file")}
    done = fresh.ended(COMPILE, **place)
    assert done.stdout == "['twice']\n"
    assert "compiled libraries are not kept: the folder" in done.stderr
