"""Finds the C and C++ compiler of this machine, and says where it looked when there is none."""

from __future__ import annotations

import dataclasses
import errno
import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from typing import Literal

from nexus._internal.compilers import environment, process
from nexus.bindings.errors import CompilerNotFoundError

Language = Literal["c++", "c"]
Kind = Literal["gcc", "clang", "zig", "other"]

_ON_PATH: dict[Language, tuple[str, ...]] = {
    "c++": ("c++", "g++", "clang++"),
    "c": ("cc", "gcc", "clang"),
}
# NEXUS_CC compiles both languages; a CXX is no good for C.
_VARIABLES: dict[Language, tuple[str, ...]] = {
    "c++": ("NEXUS_CC", "CXX", "CC"),
    "c": ("NEXUS_CC", "CC"),
}
_READ = {language: environment.names(*_VARIABLES[language], "PATH") for language in _VARIABLES}
# Where gcc and clang keep their headers, from the folder above that of the command.
_OWN = ("include/c++", "lib/gcc", "lib64/gcc", "lib/clang")
# Reasons to start no process that say nothing of the compiler.
_OF_THE_SYSTEM = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)

_answers: dict[tuple[str, ...], tuple[Kind, str]] = {}  # of the compilers that ran


@dataclasses.dataclass(frozen=True)
class Toolchain:
    """A compiler that answered: how it is called, and whose flags it takes."""

    command: tuple[str, ...]
    kind: Kind

    @property
    def title(self) -> str:
        """What messages call it."""
        return shlex.join(self.command)

    @property
    def version(self) -> str:
        """The first line of what it says of itself."""
        return _answers[self.command][1] if self.command in _answers else self.kind

    @property
    def reader(self) -> tuple[str, ...]:
        """How it is called to read a text that needs no headers and no library.

        `zig cc` always makes something, and looks for a C library first.
        """
        if self.kind != "zig" or self.command[-1] not in ("cc", "c++"):
            return self.command
        spec = importlib.util.find_spec("ziglang") if "ziglang" in self.command else None
        places = (spec and spec.submodule_search_locations) or ()
        zig = next(
            (path for path in (os.path.join(one, "zig") for one in places) if _runs(path)), ""
        )
        return (zig, "clang") if zig else (*self.command[:-1], "clang")

    @property
    def links_cxx(self) -> bool:
        """Whether it links the C++ library without being told."""
        return "++" in os.path.basename(self.command[-1])


def find(language: Language) -> Toolchain:
    """Return the first of $NEXUS_CC, $CXX, $CC, the names on PATH and the zig of this Python.

    A variable that is set must name a compiler that runs: nothing else is taken in its place.

    Raises:
        CompilerNotFoundError: there is none; the message lists what was tried.
        OSError: the system starts no process.
    """
    tried: list[str] = []
    for variable in _VARIABLES[language]:
        if words := _words_of(variable):
            return _of_variable(variable, words)
        tried.append(f"${variable} (not set)")
    for name in _ON_PATH[language]:
        path = shutil.which(name)
        kind = _kind_of((path,)) if path else None
        if path and kind:
            return Toolchain((path,), kind)
        tried.append(f"{path} (does not run)" if path else f"{name} (not on PATH)")
    if sys.executable and importlib.util.find_spec("ziglang"):
        # -P: the current folder, which may be anybody's, is no place to import from.
        return Toolchain((sys.executable, "-P", "-m", "ziglang", "cc"), "zig")
    tried.append("python -m ziglang (not installed)")
    raise CompilerNotFoundError(
        f"no {language.upper()} compiler was found: tried {', '.join(tried)}; install g++ or clang "
        "(Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; macOS: xcode-select "
        "--install), or pip install ziglang, or name a compiler in the variable NEXUS_CC"
    )


def variables(language: Language) -> tuple[str | bytes | None, ...]:
    """Return the values that decide which compiler `find` finds."""
    return environment.values(_READ[language])


def fingerprint(language: Language) -> list[str]:
    """Return what changes when `find` would find another compiler, or a new one, without a start.

    Of a driver the file stands for the whole: what it starts is replaced with it.
    """
    named = [word for variable in _VARIABLES[language] for word in _words_of(variable)]
    zig = importlib.util.find_spec("ziglang")
    folders = (zig and zig.submodule_search_locations) or ()
    files = [*named, *_ON_PATH[language], *(os.path.join(folder, "zig") for folder in folders)]
    return [_file_of(word) for word in files]


def own_folders(command: Sequence[str]) -> list[str]:
    """Return where a compiler that is called so may have headers of its own, beside the system's.

    >>> own_folders(["/opt/gcc-13/bin/g++", "-O3"])[0]
    '/opt/gcc-13/include/c++'
    """
    place = os.path.dirname(os.path.dirname(os.path.realpath(command[0]))) if command else ""
    own = [os.path.join(place, folder) for folder in _OWN] if place else []
    zig = importlib.util.find_spec("ziglang")
    return [*own, *((zig and zig.submodule_search_locations) or ())]


def _runs(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _file_of(word: str) -> str:
    path = os.path.realpath(shutil.which(word) or word)
    try:
        info = os.stat(path)
    except OSError:
        return f"{word}: none"
    return f"{word}: {path} {info.st_size} {info.st_mtime_ns}"


def _words_of(variable: str) -> list[str]:
    value = os.environ.get(variable, "")
    try:
        return shlex.split(value)
    except ValueError as error:
        raise CompilerNotFoundError(
            f"the variable {variable} is {value!r}, which is no command ({error}); correct it"
        ) from None


def _of_variable(variable: str, words: list[str]) -> Toolchain:
    path = shutil.which(words[0])
    command = (path, *words[1:]) if path else tuple(words)
    kind = _kind_of(command) if path else None
    if not kind:
        raise CompilerNotFoundError(
            f"the variable {variable} names the compiler {shlex.join(words)!r}, which "
            f"{'does not run' if path else 'does not exist'}; correct it or unset it"
        )
    return Toolchain(command, kind)


def _kind_of(command: tuple[str, ...]) -> Kind | None:
    """Ask a compiler who it is, once; None if it does not run, which may change.

    Raises:
        OSError: the system starts no process at all.
    """
    if command not in _answers:
        try:
            status, text = process.run([*command, "--version"], os.environ)
        except process.EndlessOutputError:
            return None
        except OSError as error:
            if error.errno in _OF_THE_SYSTEM:
                raise
            return None
        if status != 0:
            return None
        _answers[command] = _kind_by(command, text), text.partition("\n")[0]
    return _answers[command][0]


def _kind_by(command: tuple[str, ...], text: str) -> Kind:
    if "ziglang" in command or os.path.basename(command[0]) == "zig":
        return "zig"
    if "clang" in text:
        return "clang"
    return "gcc" if "Free Software Foundation" in text else "other"
