"""Reads a program that the `opencl` runtime packed: what its driver told, before its binary.

csrc/plugins/opencl/image.cpp writes it. The binary itself is the driver's, and is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nexus._internal.inspecting.facts import (
    GROUP_MEMORY,
    IMAGE,
    POINTER,
    SAMPLER,
    VALUE,
    ArgumentInfo,
    KernelInfo,
    LibraryInfo,
)
from nexus._internal.inspecting.portable import ACCESS, HIDDEN
from nexus._internal.inspecting.source import Source, decoded

MAGIC = b"//nexus:opencl-binary "
VERSION = 1
MOST_FACTS = 1 << 22  # bytes: 4 MiB
HEAD = 128  # bytes of the first line, at most
GLOBAL, LOCAL, CONSTANT = 0x119B, 0x119C, 0x119D  # CL_KERNEL_ARG_ADDRESS_...
IS_CONST = 1
POINTER_NBYTES = 8
LARGEST = 1 << 31  # of a number
N_LIMITS = 6


def read(source: Source) -> LibraryInfo:
    """Return what the driver told of a program."""
    return read_facts(source, facts(source))


def facts(source: Source) -> str:
    """Return the lines of text before the binary."""
    line = source.head(HEAD).partition(b"\n")[0]
    sizes = line[len(MAGIC) :].split(b" ")
    if len(sizes) != 3 or not all(size.isdigit() for size in sizes):
        source.refuse("a version and two sizes were expected in the first line", len(MAGIC))
    version, n_facts, n_binary = map(int, sizes)
    if version != VERSION:
        source.refuse(f"version {VERSION} was expected and it is of version {version}", len(MAGIC))
    nbytes = len(line) + 1 + n_facts + n_binary
    if nbytes != source.nbytes:
        source.refuse(f"its first line tells of {nbytes} bytes and it has {source.nbytes}", 0)
    return decoded(source.part(len(line) + 1, n_facts, "what the driver told"))


def read_facts(source: Source, text: str) -> LibraryInfo:
    """Return what those lines say; `source` is where they are from."""
    if len(text) > MOST_FACTS:
        source.refuse(f"at most {MOST_FACTS} letters of facts are read and these are {len(text)}")
    return _Reader(source).read(text)


class _Reader:
    """Reads the facts, line by line."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._told: dict[str, str] = {}
        self._kernels: dict[str, KernelInfo] = {}
        self._name = ""
        self._arguments: list[ArgumentInfo] = []

    def read(self, text: str) -> LibraryInfo:
        for line in text.split("\n"):
            word, _, rest = line.partition(" ")
            if word == "kernel":
                self._finish()
                self._name = rest
                self._kernels[rest] = KernelInfo(name=rest)
            elif word == "argument":
                self._take_argument(rest.split(" ", 3))
            elif word == "limits":
                self._take_limits(rest.split(" "))
            else:
                self._told.setdefault(word, rest)
        self._finish()
        target = f"for {self._told.get('device', '')}, driver {self._told.get('driver', '')}"
        return LibraryInfo("opencl-binary", "", self._kernels, target)

    def _take_argument(self, words: list[str]) -> None:
        self._check(len(words) == 4, "an argument of a kernel")
        space, qualifiers = self._number(words[0]), self._number(words[1])
        self._arguments.append(_argument(len(self._arguments), space, qualifiers, *words[2:]))

    def _take_limits(self, words: list[str]) -> None:
        self._check(len(words) == N_LIMITS, "the limits of a kernel")
        x, y, z, group_memory, max_group, private = map(self._number, words)
        self._check(x * y * z < LARGEST, "a group of work-items")
        self._kernels[self._name] = KernelInfo(
            name=self._name,
            group_memory=group_memory,
            group=(x, y, z),
            max_group_size=max_group,
            private_memory=private,
        )

    def _finish(self) -> None:
        """Keep the kernel whose lines have ended."""
        if not self._kernels:
            return
        self._source.admit(len(self._arguments))
        kernel = self._kernels[self._name]
        self._kernels[self._name] = _with_arguments(kernel, self._arguments)
        self._arguments = []

    def _check(self, is_whole: bool, what: str) -> None:
        if not is_whole or not self._kernels:
            self._source.refuse(
                f"{what} was expected in what the driver told, in a line of its own"
            )

    def _number(self, text: str) -> int:
        if not text.isdecimal() or len(text) > 10 or int(text) > LARGEST:
            self._source.refuse(f"a number up to {LARGEST} was expected in what the driver told")
        return int(text)


def _argument(index: int, space: int, qualifiers: int, name: str, type_: str) -> ArgumentInfo:
    name = name.removeprefix("_cl_")  # PoCL's own functions are macros that begin so
    if type_.startswith("image"):
        return ArgumentInfo(index, IMAGE, name=name, type=type_)
    if space == LOCAL:
        return ArgumentInfo(index, GROUP_MEMORY, name=name, type=type_)
    if space in (GLOBAL, CONSTANT):
        access = "in" if space == CONSTANT or qualifiers & IS_CONST else "inout"
        element = type_.rstrip("* ")
        return ArgumentInfo(index, POINTER, POINTER_NBYTES, None, name, element, access)
    return ArgumentInfo(index, SAMPLER if type_ == "sampler_t" else VALUE, name=name, type=type_)


def _with_arguments(kernel: KernelInfo, given: Sequence[ArgumentInfo]) -> KernelInfo:
    """Return a kernel with its arguments; those that the launcher adds are told apart.

    The type of the last of those is `NAME__nxs_val_in_inout`: what each of the others is for.
    """
    own, hidden = given[: -len(HIDDEN)], given[-len(HIDDEN) :]
    if tuple(each.name for each in hidden) != HIDDEN:
        return replace(kernel, arguments=tuple(given))
    words = hidden[-1].type.removeprefix(f"{kernel.name}__nxs_").split("_")
    access = [ACCESS.get(word, "") for word in words]
    if len(access) == len(own):
        own = [
            replace(each, access=one) if each.kind == POINTER else each
            for each, one in zip(own, access, strict=True)
        ]
    added = [replace(each, index=i, type="nxs_uint32") for i, each in enumerate(hidden)]
    return replace(kernel, arguments=tuple(own), hidden_arguments=tuple(added))
