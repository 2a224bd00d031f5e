"""NVRTC and hiprtc from Python: two libraries with one set of functions under two prefixes."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nexus._internal.compilers import diagnostics, headers, sources
from nexus._internal.compilers.options import CompileOptions, CompileResult
from nexus._internal.compilers.sources import Source
from nexus.bindings.errors import CompileError

_SUCCESS = 0
_PLACE = re.compile(r"^(.+?)\((\d+)\): ", re.MULTILINE)  # of NVRTC: `k.cu(3): error`


class Made(NamedTuple):
    """What came of a program: `binary` is None when it did not compile."""

    binary: bytes | None
    log: str
    error: str


class Library:
    """A library for compiling at run time, opened. Thread-safe, as the libraries are.

    Args:
        path: of the library.
        prefix: of its functions.
    """

    def __init__(self, path: str, prefix: str) -> None:
        self.path = path
        self._library = ctypes.CDLL(path)
        self._prefix = prefix
        self._function("GetErrorString").restype = ctypes.c_char_p

    def version(self) -> str:
        """Return the version as "13.5"."""
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._function("Version")(ctypes.byref(major), ctypes.byref(minor))
        return f"{major.value}.{minor.value}"

    def architectures(self) -> list[int]:
        """Return the numbers of the architectures that it knows; empty when it does not tell."""
        count = ctypes.c_int()
        if not hasattr(self._library, f"{self._prefix}GetSupportedArchs"):
            return []
        self._function("GetNumSupportedArchs")(ctypes.byref(count))
        numbers = (ctypes.c_int * count.value)()
        self._function("GetSupportedArchs")(numbers)
        return sorted(numbers)

    def compile(
        self,
        source: bytes,
        name: str,
        headers: Mapping[str, bytes],
        options: Sequence[str],
        result: str,
    ) -> Made:
        """Compile one text.

        Args:
            source: the text.
            name: what messages call it.
            headers: texts that it may include, by name.
            options: of the command line.
            result: what to take: "PTX", "CUBIN", "Code".
        """
        program = ctypes.c_void_p()
        texts = (ctypes.c_char_p * len(headers))(*headers.values())
        names = (ctypes.c_char_p * len(headers))(*(one.encode() for one in headers))
        words = (ctypes.c_char_p * len(options))(*map(os.fsencode, options))
        inputs = (source, name.encode(), len(headers), texts, names)
        status = self._function("CreateProgram")(ctypes.byref(program), *inputs)
        if status != _SUCCESS:
            return Made(None, "", self._error(status))
        try:
            status = self._function("CompileProgram")(program, len(words), words)
            log = self._taken(program, "ProgramLog").rstrip(b"\0\n").decode(errors="replace")
            if status != _SUCCESS:
                return Made(None, log, self._error(status))
            return Made(self._taken(program, result), log, "")
        finally:
            self._function("DestroyProgram")(ctypes.byref(program))

    def _taken(self, program: ctypes.c_void_p, what: str) -> bytes:
        nbytes = ctypes.c_size_t()
        if self._function(f"Get{what}Size")(program, ctypes.byref(nbytes)) != _SUCCESS:
            return b""
        buffer = ctypes.create_string_buffer(nbytes.value)
        if self._function(f"Get{what}")(program, buffer) != _SUCCESS:
            return b""
        return buffer.raw

    def _error(self, status: int) -> str:
        text: bytes | None = self._function("GetErrorString")(status)
        return text.decode(errors="replace") if text else f"error {status}"

    def _function(self, name: str) -> Any:
        return getattr(self._library, self._prefix + name)


@dataclasses.dataclass(frozen=True)
class Job:
    """One compile with one of the libraries.

    Attributes:
        title: what messages call the compiler.
        library: the compiler.
        result: what to take, as in `Library.compile`.
        words: the options of the command line.
    """

    title: str
    library: Library
    result: str
    words: tuple[str, ...]

    def run(self, source: Source, options: CompileOptions) -> CompileResult:
        """Compile.

        Raises:
            CompileError: it does not compile.
        """
        text = sources.text_of(source, options.name)
        texts = {**headers.by_name(), **options.headers}
        named = {name: header.encode() for name, header in texts.items()}
        made = self.library.compile(text, options.name, named, self.words, self.result)
        log = _PLACE.sub(r"\1:\2: ", made.log)
        command = (self.title, *self.words)
        if made.binary:
            includes = () if options.includes_nothing_unknown() else None
            return CompileResult(made.binary, log, command, includes, self.title)
        tried = f"cannot compile {options.name!r} with {self.title}"
        said = diagnostics.summary(log, options.name, text) or [made.error or "it made nothing"]
        raise CompileError(
            "\n".join([f"{tried}:", *(f"  {line}" for line in said), diagnostics.WHOLE_LOG]),
            log=log,
            command=shlex.join(command),
        )


def words(options: CompileOptions) -> list[str]:
    """Return macros, folders and flags as every compiler but the host's takes them."""
    defines = options.defines.items()
    made = [f"-D{name}" if value is None else f"-D{name}={value}" for name, value in defines]
    folders = list(options.include_dirs)
    if options.is_a_file():
        folders.insert(0, os.path.dirname(os.path.abspath(options.name)))
    return [*made, *(f"-I{os.fspath(folder)}" for folder in folders), *options.flags]
