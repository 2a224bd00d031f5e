"""nexus.inspect: paths, bytes, and what is no file."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
from pathlib import Path

import pytest

import nexus

TEXT = b".version 8.4\n.target sm_90\n.entry k(.param .f32 a) { ret; }\n"


def test_paths_and_bytes_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "k.ptx"
    path.write_bytes(TEXT)
    found = nexus.inspect(TEXT)
    for given in (path, str(path), bytearray(TEXT), memoryview(TEXT)):
        assert nexus.inspect(given) == found


def test_what_was_read_is_plain_data() -> None:
    found = nexus.inspect(TEXT)
    assert pickle.loads(pickle.dumps(found)) == copy.deepcopy(found) == found
    assert dataclasses.asdict(found)["kernels"]["k"]["arguments"][0]["type"] == "f32"
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.kind = "elf"  # type: ignore[misc]


def test_files_that_are_none_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        nexus.inspect(tmp_path / "absent")
    with pytest.raises(nexus.BinaryFormatError, match="it is no regular file"):
        nexus.inspect(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(nexus.BinaryFormatError, match="it is no regular file"):
        nexus.inspect(tmp_path / "pipe")
    with pytest.raises(nexus.BinaryFormatError, match="it is no regular file"):
        nexus.inspect("/dev/zero")


def test_the_message_names_the_file_and_the_place(tmp_path: Path) -> None:
    path = tmp_path / "cut.so"
    path.write_bytes(b"\x7fELF\x02\x01\x01")
    with pytest.raises(nexus.BinaryFormatError) as caught:
        nexus.inspect(path)
    assert "cut.so' at byte 0: the ELF header of 64 bytes was expected" in str(caught.value)
    assert caught.value.offset == 0
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("value", [None, 3, [TEXT], object()])
def test_what_is_neither_path_nor_bytes_is_a_mistake(value: object) -> None:
    with pytest.raises(TypeError, match="path_or_bytes is .*; it is a path, or the bytes"):
        nexus.inspect(value)  # type: ignore[arg-type]


def test_a_kernel_of_your_own_is_checked() -> None:
    with pytest.raises(ValueError, match="registers is -1"):
        nexus.KernelInfo(registers=-1)
    with pytest.raises(TypeError, match="group_memory is a str"):
        nexus.KernelInfo(group_memory="3")  # type: ignore[arg-type]
    assert nexus.KernelInfo(group=(8, 8, 2)).group_size == 128
