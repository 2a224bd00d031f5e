"""The compiler inside an OpenCL driver: source goes to it with its headers and its options.

A driver compiles for its own devices only, and when a library is loaded. So the library that this
module makes is the source itself behind one line, which tells how long it is and what to build it
with; the runtime hands both to `clBuildProgram`, and a failure carries the driver's log.
"""

from __future__ import annotations

import os

from nexus._internal.compilers import architecture, headers, sources
from nexus._internal.compilers.options import CompileOptions, Compiler, CompileResult, Options
from nexus._internal.compilers.sources import Source

_HEADER = "//nexus:opencl"  # csrc/plugins/opencl/library.cpp reads it
_KNOWN = ("-cl-", "-D", "-I", "-U", "-W", "-w", "-g", "-O")  # flags that bring in no files
_ESCAPE = "surrogateescape"  # bytes that are no UTF-8, as in old comments, go through as they are


class DriverCompiler:
    """Hands source and options on to the driver."""

    name = "opencl"

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        """Return the source with its options; nothing is compiled before it is loaded.

        Raises:
            CompileError: headers are included without end.
            ValueError: the source is empty or no text; an option has a blank; an architecture is
                given.
        """
        del arch  # the driver knows its devices
        chosen = CompileOptions.of(options)
        if chosen.arch:
            raise architecture.refusal(chosen.arch, "opencl")
        inliner = headers.Inliner(chosen.headers, _folders(chosen), _texts(chosen))
        parts = sources.parts_of(source, chosen.name).items()
        made = [inliner.text(text.decode(errors=_ESCAPE), name) for name, text in parts]
        body = "".join([_macros(chosen), *made]).encode(errors=_ESCAPE)
        words = _words(chosen)
        header = f"{_HEADER} {len(body)} {' '.join(words)}".rstrip()
        text = header.encode(errors=_ESCAPE) + b"\n" + body
        knows_all = not inliner.leaves_any and all(word.startswith(_KNOWN) for word in words)
        includes = tuple(sorted(inliner.files)) if knows_all else None
        return CompileResult(text, "", ("clBuildProgram", *words), includes)


def _folders(options: CompileOptions) -> list[str]:
    """Return where headers are searched."""
    beside = [os.path.dirname(os.path.abspath(options.name))] if options.is_a_file() else []
    return [*beside, *(os.fspath(folder) for folder in options.include_dirs)]


def _texts(options: CompileOptions) -> dict[str, str]:
    """Return the macros that may stand for the name of a header."""
    return {name: value for name, value in options.defines.items() if isinstance(value, str)}


def _macros(options: CompileOptions) -> str:
    """Return the lines that define macros: as options their values could have no blanks."""
    return "".join(
        f"#define {name} {1 if value is None else value}\n"
        for name, value in options.defines.items()
    )


def _words(options: CompileOptions) -> list[str]:
    """Return the options as `clBuildProgram` takes them: words between blanks, without quoting."""
    words = ["-g", "-cl-opt-disable"] if options.debug else []
    if options.fast_math:
        words.append("-cl-fast-relaxed-math")
    # For what nexus leaves to the driver; what it found is in the source, wherever it was.
    words += [f"-I{folder}" for folder in _folders(options) if folder.split() == [folder]]
    words += options.flags
    for word in words:
        if word.split() != [word]:
            raise ValueError(
                f"option {word!r} has a blank, and the options of an OpenCL driver cannot have one"
            )
    return words


def create() -> Compiler:
    """Return the compiler."""
    return DriverCompiler()
