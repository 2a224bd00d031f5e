"""The compiler inside an OpenCL driver: source goes to the driver as it is, with its options.

A driver compiles for its own devices only, and when a library is loaded. So the library that this
module makes is the source itself behind one line, which tells how long it is and what to build it
with; the runtime hands both to `clBuildProgram`, and a failure carries the driver's log.
"""

from __future__ import annotations

from nexus._internal.compilers import architecture, headers, sources
from nexus._internal.compilers.options import CompileOptions, Compiler, CompileResult, Options
from nexus._internal.compilers.sources import Source

_HEADER = "//nexus:opencl"  # csrc/plugins/opencl/library.cpp reads it
_ESCAPE = "surrogateescape"  # bytes that are no UTF-8, as in old comments, go through as they are


class DriverCompiler:
    """Hands source and options on to the driver."""

    name = "opencl"

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        """Return the source with its options; nothing is compiled before it is loaded.

        Raises:
            ValueError: the source is empty or no text; an option has a blank; an architecture is
                given.
        """
        del arch  # the driver knows its devices
        chosen = CompileOptions.of(options)
        if chosen.arch:
            raise architecture.refusal(chosen.arch, "opencl")
        body = _macros(chosen)
        for name, text in sources.parts_of(source, chosen.name).items():
            body += headers.inlined(text.decode(errors=_ESCAPE), name, chosen.headers)
        words = _words(chosen)
        header = f"{_HEADER} {len(body.encode(errors=_ESCAPE))} {' '.join(words)}".rstrip()
        text = f"{header}\n{body}".encode(errors=_ESCAPE)
        return CompileResult(text, "", ("clBuildProgram", *words))


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
    words += [f"-I{folder}" for folder in options.include_dirs]
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
