"""A short run of the fuzzer holds, it would see what does not, and hostile files stay cheap."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import nexus
from nexus.bindings.errors import BinaryFormatError

pytestmark = pytest.mark.slow  # the short run alone takes four seconds

HERE = Path(__file__).parent
MIB = 1 << 20


def fuzzed(folder: Path, *arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
    """Run the fuzzer, with a program before it."""
    code = f"import sys; sys.path.insert(0, {str(HERE.parent)!r})\n"
    code += f"from fuzz import run, seeds, target\n{program}\nsys.exit(run.main())"
    command = [sys.executable, "-c", code, "--findings", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_short_run_finds_nothing(tmp_path: Path) -> None:
    done = fuzzed(tmp_path, "--seconds", "4", "--seed", "2026", "--random")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 findings" in done.stdout
    n_inputs, n_read = (int(done.stdout.split()[place]) for place in (0, 4))
    assert n_inputs > 200
    assert n_inputs > n_read > n_inputs // 20, "changes leave too few, or too many, whole"


def test_every_format_is_started_from(tmp_path: Path) -> None:
    done = fuzzed(
        tmp_path,
        program="from nexus import inspect\n"
        "print(*[inspect(seed).kind for seed in seeds.all_seeds().values()])\n"
        "sys.exit()",
    )
    assert {"elf", "ptx", "hsaco", "bundle", "fatbin", "spirv", "nxsb", "opencl-binary"} <= set(
        done.stdout.split()
    )


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (
            "return whole(self, *rest)[: -1 if rest[2] == 'the table of sections' else None]",
            "error",
        ),
        ("raise RecursionError('planted')", "planted"),
        ("target.SECONDS = -9; return whole(self, *rest)", "took"),
    ],
    ids=["short reads", "another exception", "slow"],
)
def test_what_does_not_hold_is_found_and_kept(fault: str, named: str, tmp_path: Path) -> None:
    program = (
        "from nexus._internal.inspecting.source import Source\n"
        f"whole = Source.part\ndef wrong(self, *rest):\n  {fault}\nSource.part = wrong"
    )
    done = fuzzed(tmp_path, "--seconds", "1", "--seed", "1", "--random", program=program)
    assert done.returncode == 1, done.stdout + done.stderr
    assert named in done.stderr
    assert [*tmp_path.glob("finding-*")]


# ---- files made to cost much ---------------------------------------------------------------------


def elf(n_sections: int, section: bytes, body: bytes, machine: int = 190) -> bytes:
    """Return an ELF file whose section headers are all the same."""
    identity = struct.pack("<4sBBBBB7x", b"\x7fELF", 2, 1, 1, 65, 8)
    at = 64 + len(body)
    rest = struct.pack(
        "<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, at, 0x5A00, 64, 0, 0, 64, n_sections, 0
    )
    return identity + rest + body + section * n_sections


def header(kind: int, offset: int, nbytes: int, name: int = 0) -> bytes:
    return struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, offset, nbytes, 0, 0, 0, 0)


COSTLY = {
    "sections that are all the whole file": elf(
        60_000, header(2, 0, 3 * MIB), b".nv.info\0" + bytes(MIB)
    ),
    "symbols that share a long name": elf(
        2, header(3, 64, MIB), b"a" * 60_000 + b"\0" + bytes(MIB)
    ),
    "relocations without an end": elf(60_000, header(4, 64, 4 * MIB), bytes(MIB), 62),
    "a list of four thousand million": b"\x7fELF" + b"\xdd\xff\xff\xff\xff" * 1000,
    "text of nothing but braces": b".version 8.0\n.target sm_90\n" + b"{" * (4 * MIB),
    "many short lines": b".version 8.0\n.target sm_90\n" + b"{\n" * (4 * MIB),
    "empty lines": b".version 8.0\n.target sm_90\n" + b"\n" * (8 * MIB),
    "one long line": b".version 8.0\n.target sm_90\n.entry k(" + b".param .b8 x, " * (MIB // 8),
    "an LZ4 block of one byte": struct.pack("<IHHQ", 0xBA55ED50, 1, 16, 64 + 8 * MIB)
    + struct.pack("<HHIQII", 1, 257, 64, 8 * MIB, 8 * MIB, 0)
    + struct.pack("<HHIIIQQQ", 0, 1, 90, 0, 0, 0x2011, 0, 1 << 27)
    + b"\x1fa\x01\x00"
    + b"\xff" * (8 * MIB - 4),
    "words of zero": b"\x03\x02\x23\x07" + bytes(4 * MIB),
    "instructions of one word": b"\x03\x02\x23\x07" + bytes(16) + b"\x36\x00\x01\x00" * MIB,
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from Linux")
@pytest.mark.parametrize("name", COSTLY)
def test_a_file_made_to_cost_much_costs_little(name: str, tmp_path: Path) -> None:
    path = tmp_path / "costly"
    path.write_bytes(COSTLY[name])
    program = (
        "import resource, sys, time, nexus\n"
        "began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: nexus.inspect(sys.argv[1])\n"
        "except nexus.BinaryFormatError as error: print(str(error)[:300], file=sys.stderr)\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(time.process_time() - began, (after - before) / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    seconds, mib = map(float, done.stdout.split())
    assert seconds < 20, done.stderr
    assert mib < 400, done.stderr


def test_a_file_that_is_cut_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cut"
    path.write_bytes(elf(1, header(3, 64, 100), bytes(100)))
    real = os.pread

    def late(descriptor: int, nbytes: int, offset: int) -> bytes:
        os.truncate(path, 70)
        return real(descriptor, nbytes, offset)

    monkeypatch.setattr(os, "pread", late)
    with pytest.raises(BinaryFormatError, match="the file was cut while it was read"):
        nexus.inspect(path)
