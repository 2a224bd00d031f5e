"""Apple's compiler of Metal, on the command line of a Mac with Xcode."""

from __future__ import annotations

import shutil

from nexus._internal.compilers import architecture, command, program
from nexus._internal.compilers.options import CompileOptions, Compiler, CompileResult, Options
from nexus._internal.compilers.sources import Source
from nexus.bindings.errors import CompilerNotFoundError


class Metal:
    """Compiles the Metal shading language to a metallib."""

    name = "metal"

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        """Compile `source` to a metallib, which every Mac can load.

        Raises:
            CompileError: the source does not compile.
            CompilerNotFoundError: this is no Mac, or it has no Xcode.
            ValueError: the source is empty; an architecture is given.
        """
        del arch  # a metallib is for every device
        chosen = CompileOptions.of(options)
        if chosen.arch:
            raise architecture.refusal(chosen.arch, "metal")
        xcrun = shutil.which("xcrun")
        if xcrun is None:
            raise CompilerNotFoundError(
                "the compiler of Metal was not found: xcrun is not on PATH; it comes with Xcode, "
                "for macOS only"
            )
        words = [xcrun, "-sdk", "macosx", "metal", "-std=macos-metal2.4"]
        words += ["-gline-tables-only"] if chosen.debug else []
        words += ["-ffast-math" if chosen.fast_math else "-fno-fast-math"]
        tool = command.Tool("xcrun metal", (*words, *program.words(chosen)), ".metal", "")
        return tool.run(source, chosen)


def create() -> Compiler:
    """Return the compiler that the package lists under "metal"."""
    return Metal()
