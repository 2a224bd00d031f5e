"""Bad values where a name, a path, a text or a key is wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import nexus

from .values import HUGE, Bad, each, not_none
from .world import World


def property_key(world: World) -> Iterator[Bad]:
    yield from each(
        TypeError, None, True, 1.5, b"Name", {}, object(), [None], ["Name", 1.5], [["Name"]]
    )
    yield from each(TypeError, world.stream, np.zeros(2))
    yield from each(ValueError, [], ())
    not_there = nexus.PropertyNotFoundError
    yield from each(
        not_there, "", "name", "\0", "\udc80", "x" * 300, -1, 9999, 1 << 31, 1 << 64, HUGE
    )
    yield from each(not_there, ["Nothing"], ["Type", "Nothing"], ["Type", 0], [-1], [HUGE])


def text(world: World) -> Iterator[Bad]:
    yield from each(TypeError, None, 5, True, 1.5, [], ["x"], {}, object(), world.stream, HUGE)


def kernel_name(world: World) -> Iterator[Bad]:
    yield from each(TypeError, None, 5, True, 1.5, [], ["x"], {}, object(), world.stream, HUGE)
    yield from each(ValueError, "a\0b", "\0", b"\0", "\udc80", "")
    yield from each(nexus.KernelNotFoundError, "none", b"none", "malloc", "é", "scale ", "x" * 300)


def runtime_name(world: World) -> Iterator[Bad]:
    yield from text(world)
    missing = nexus.BackendUnavailableError
    yield from each(missing, "", "none", "\0", "\udc80", "x" * 300, "/none/libnexus_none.so", "CPU")


def device_spec(world: World) -> Iterator[Bad]:
    yield from not_none(text)(world)
    yield from each(nexus.BackendUnavailableError, "none", "cpu:1", "cpu:99", "vendor=none", "\0")
    yield from each(
        ValueError, "cpu:", ":0", "cpu:-1", "cpu:1.0", "cpu:" + "9" * 9999, "color=red", "="
    )


def architecture(world: World) -> Iterator[Bad]:
    yield from text(world)
    yield from each(KeyError, "", "none", "\0", "../none", "x" * 300)


def filepath(world: World) -> Iterator[Bad]:
    yield from text(world)
    yield from each(TypeError, b"kernel.so")
    yield from each(
        FileNotFoundError, "", "none.so", "\0", "a\0b", "\udc80", "x" * 300, Path("none")
    )
    yield from each(nexus.InvalidArgumentError, "/", __file__, os.devnull, Path(__file__).parent)


def program(world: World) -> Iterator[Bad]:
    """Source of kernels."""
    yield from each(TypeError, None, 5, True, 1.5, [], ["int x;"], object(), world.stream, HUGE)
    yield from each(TypeError, {"a": 5}, {5: "int x;"})
    yield from each(ValueError, "", " \n", b"", "\ufeff", {}, {"a": ""})
    yield from each(nexus.CompileError, "no C", b"\xff\xfe")


def options(world: World) -> Iterator[Bad]:
    yield from each(TypeError, 5, True, 1.5, b"-O1", [5], (None,), object(), world.stream, HUGE)
    yield from each((TypeError, ValueError), {"none": 1}, {5: 1}, {"defines": 5}, {"flags": 5})


def event_type(world: World) -> Iterator[Bad]:
    yield from each(
        TypeError, None, True, "Shared", 1.5, [], {}, object(), world.stream, np.zeros(2)
    )
    yield from each(ValueError, -1, 3, 99, 1 << 31, 1 << 32, 1 << 64, HUGE)


def device_info_path(world: World) -> Iterator[Bad]:
    yield from text(world)
    yield b"path", TypeError
    nothing_there = nexus.DeviceInfoError
    yield from each(nothing_there, "", "none", "\0", "a\0b", "\udc80", "x" * 300, "/", __file__)


def advised(world: World) -> Iterator[Bad]:
    yield from text(world)
    yield from each(KeyError, "none", "\0", "x" * 300)


def library_file(world: World) -> Iterator[Bad]:
    yield from text(world)
    yield from each(
        FileNotFoundError, "", "none.so", "\0", "a\0b", "\udc80", "x" * 300, Path("none")
    )
    damaged = (b"", b"kernel.so", b"\x7fELF", bytes(9), memoryview(b"abc"))
    not_regular = ("/", os.devnull, Path(__file__).parent)
    yield from each(nexus.BinaryFormatError, __file__, *not_regular, *damaged)


def kernel_title(world: World) -> Iterator[Bad]:
    yield from text(world)


def argument_infos(world: World) -> Iterator[Bad]:
    yield from each(TypeError, 5, True, "text", b"", [1], (1,), {}, object(), world.stream, HUGE)


def group(world: World) -> Iterator[Bad]:
    yield from each(TypeError, None, 5, True, "text", {}, object(), world.stream, HUGE)
    yield from each(TypeError, (1.5, 1, 1), (None, 1, 1), [True, 1, 1])
    yield from each(ValueError, (), (1,), (1, 1), [1, 1, 1, 1], (-1, 1, 1), (1 << 63, 1, 1))


def kernel_info(world: World) -> Iterator[Bad]:
    yield from each(TypeError, 5, "x", {"registers": 1}, [], object(), world.buffer, world.library)


def runtime_key(world: World) -> Iterator[Bad]:
    yield from each(TypeError, None, True, 1.5, b"cpu", [0], (0,), {}, object(), world.stream)
    yield from each(KeyError, "", "none", "\0", "x" * 300)
    yield from each(IndexError, 99, -99, 1 << 64, HUGE)


def numpy_dtype(world: World) -> Iterator[Bad]:
    """What NumPy itself refuses, in its words."""
    yield from each(TypeError, True, 5, "none", (), (0,), object(), world.stream)
