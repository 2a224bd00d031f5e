"""What every compiler takes and gives: options, result, and the interface itself."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import shlex
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from nexus._internal.compilers.sources import Source, encoded
from nexus.bindings._internal.words import shown

Options: TypeAlias = "CompileOptions | Mapping[str, Any] | Sequence[str] | str | None"

_NO_LINE = re.compile(r"[\0\n\r\ud800-\udfff]|\\\Z")  # a definition would not be one line of text
_MACRO = re.compile(r"[A-Za-z_]\w*(\(.*\))?")


@dataclasses.dataclass(frozen=True)
class CompileOptions:
    """How to compile one source text.

    Attributes:
        defines: macros by name; None and True define a macro as 1, False as 0.
        include_dirs: folders to search for headers before nexus's own.
        flags: anything else for the compiler's command line, after its other flags.
        language: "c++" or "c"; None: C if `name` ends with ".c", else C++.
        debug: keep debug information and optimise little.
        headers: texts that the source may include, by name.
        fast_math: let the compiler reorder arithmetic and use vector maths of less precision.
        arch: what to compile for, as the compiler names it: "x86-64-v3", "sm_90"; None: the device.
            OpenCL and Metal take none.
        name: what messages call the source. When it is a file, its folder is searched for headers.
    """

    defines: Mapping[str, str | int | float | None] = dataclasses.field(default_factory=dict)
    include_dirs: Sequence[str | os.PathLike[str]] = ()
    flags: Sequence[str] = ()
    language: Literal["c++", "c"] | None = None
    debug: bool = False
    fast_math: bool = False
    arch: str | None = None
    name: str = "<source>"
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every field, and turn what may be spelled in several ways into one."""
        object.__setattr__(self, "defines", _checked_defines(self.defines))
        object.__setattr__(self, "include_dirs", _checked_folders(self.include_dirs))
        object.__setattr__(self, "flags", _checked_flags(self.flags))
        object.__setattr__(self, "name", _checked_name(self.name))
        if self.arch is not None and not _is_architecture(self.arch):
            raise ValueError(f"arch is {shown(self.arch)}; it is a name such as 'x86-64-v3'")
        object.__setattr__(self, "headers", _checked_headers(self.headers))
        if self.language not in ("c++", "c", None):
            raise ValueError(f"language is {shown(self.language)}; it is 'c++', 'c' or None")
        for switch in ("debug", "fast_math"):
            if not isinstance(getattr(self, switch), bool):
                raise TypeError(f"{switch} is {shown(getattr(self, switch))}; it is True or False")

    @classmethod
    def of(cls, options: Options) -> CompileOptions:
        """Make options from whatever a caller may give.

        >>> CompileOptions.of({"defines": {"TILE": 32}}).defines
        {'TILE': 32}
        >>> CompileOptions.of(["-O1"]).flags
        ('-O1',)

        Raises:
            TypeError: a key that is no option, or a value of the wrong type.
            ValueError: a value that cannot be meant.
        """
        if isinstance(options, CompileOptions):
            return options
        if options is None:
            return _none_given()
        if isinstance(options, Mapping):
            _check_keys(list(options))
            return cls(**options)
        return cls(flags=_checked_flags(options))

    def spelled(self) -> tuple[object, ...]:
        """Return all options as one value that can be compared and hashed.

        Relative folders and names are of the current folder, which may be another one later.
        """
        named = os.path.abspath(self.name) if self.is_a_file() else self.name
        folders = tuple(os.path.abspath(folder) for folder in self.include_dirs)
        switches = (self.language, self.debug, self.fast_math, self.arch)
        defines = tuple((macro, repr(value)) for macro, value in self.defines.items())  # 1 == 1.0
        texts = (defines, tuple(self.headers.items()))
        return (named, *texts, folders, self.flags, *switches)

    def includes_nothing_unknown(self) -> bool:
        """Whether every file that the source can include is given with it, or is nexus's own."""
        return not (self.include_dirs or self.flags or self.is_a_file())

    def is_a_file(self) -> bool:
        """Whether the name is that of a file, whose folder is searched for headers."""
        return not self.name.startswith("<") and os.path.isfile(self.name)

    def language_of_source(self) -> Literal["c++", "c"]:
        """Return the language, guessed from the name where it is not given."""
        return self.language or ("c" if self.name.endswith(".c") else "c++")


@functools.cache
def _none_given() -> CompileOptions:
    return CompileOptions()


@dataclasses.dataclass(frozen=True)
class CompileResult:
    """A library that `load_library` takes, and how it was made.

    Attributes:
        binary: what the runtime loads.
        log: what the compiler said.
        command: how it was called.
        includes: the files that the source included; None where the compiler does not tell them.
        version: of the compiler, in its own words.
    """

    binary: bytes
    log: str
    command: tuple[str, ...]
    includes: tuple[str, ...] | None = None
    version: str = ""


class Compiler(Protocol):
    """Makes a library from one source text. Thread-safe."""

    name: str

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        """Compile `source` for the architecture that the device names, or for any.

        Raises:
            CompileError: the source does not compile; the compiler's words are its `log`.
            CompilerNotFoundError: no compiler is installed.
        """
        ...


class KeepableCompiler(Compiler, Protocol):
    """A compiler of which is known what decides the library that it makes."""

    def depends_on(self, options: CompileOptions) -> Hashable | None:
        """Return what of the environment decides what is made, at the price of looking at it.

        None: what is made cannot be kept, because a flag brings in what nobody can know.
        """
        ...

    def fingerprint(self, options: CompileOptions) -> Sequence[str]:
        """Return what else decides it: the compiler and its version, the host, the headers."""
        ...


def _check_keys(keys: list[object]) -> None:
    known = [field.name for field in dataclasses.fields(CompileOptions)]
    for key in keys:
        if key not in known:
            import difflib

            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"no compile option is called {shown(key)}{hint} (there are: {known})")


def _checked_defines(defines: object) -> dict[str, str | int | float | None]:
    if not isinstance(defines, Mapping):
        raise TypeError(f"defines is {shown(defines)}; it maps names to values, as {{'TILE': 16}}")
    for name, value in defines.items():
        if not isinstance(name, str) or not _MACRO.fullmatch(name):
            raise ValueError(f"defines: {shown(name)} is no name of a macro")
        if not isinstance(value, str | int | float | None):
            raise TypeError(f"defines: {name} is {shown(value)}; it is a string, a number or None")
        if _NO_LINE.search(name) or _NO_LINE.search(str(value)):
            raise ValueError(
                f"defines: {shown(name)} is {shown(value)}; a macro is one line of text, without a "
                "line break, a NUL, half of a surrogate pair or a backslash at its end"
            )
    return {
        name: int(value) if isinstance(value, bool) else value for name, value in defines.items()
    }


def _checked_headers(headers: object) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise TypeError(f"headers is {shown(headers)}; it maps names to texts")
    for name, text in headers.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise TypeError(f"headers: {shown(name)} is {shown(text)}; it maps names to texts")
        parts = name.split("/")
        if not name.isprintable() or "" in parts or ".." in parts or "." in parts:
            raise ValueError(f"headers: {name!r} is no name as it stands in an #include")
        if b"\0" in encoded(text, f"headers: {name!r}"):
            raise ValueError(f"headers: {name!r} has a NUL character")
    return dict(headers)


def _checked_folders(folders: object) -> tuple[str, ...]:
    if isinstance(folders, str | os.PathLike):
        folders = (folders,)
    if not isinstance(folders, Sequence):
        raise TypeError(f"include_dirs is {shown(folders)}; it is a sequence of folders")
    paths = tuple(os.fspath(folder) for folder in folders)
    for path in paths:
        if not Path(path).is_dir():
            raise ValueError(f"include_dirs: {path!r} is no folder")
    return paths


def _checked_flags(flags: object) -> tuple[str, ...]:
    if isinstance(flags, str):
        flags = shlex.split(flags)
    if not isinstance(flags, Sequence) or not all(isinstance(flag, str) for flag in flags):
        raise TypeError(
            f"options are {shown(flags)}; they are a mapping, a string or a sequence of flags, or "
            "None"
        )
    for flag in flags:
        if "\0" in flag:
            raise ValueError(f"options: {shown(flag)} has a NUL character")
    return tuple(flags)


def _is_architecture(name: object) -> bool:
    return isinstance(name, str) and bool(re.fullmatch(r"[A-Za-z0-9][\w.+:-]*", name, re.ASCII))


def _checked_name(name: object) -> str:
    text = os.fspath(name) if isinstance(name, os.PathLike) else name
    if not isinstance(text, str):
        raise TypeError(f"name is {shown(name)}; it is a string or a path")
    if not text or not text.isprintable():
        raise ValueError(f"name is {shown(name)}; it is one line of printable characters")
    return text
