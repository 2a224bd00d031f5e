"""Runs a compiler of the command line on one source, in a folder of its own."""

from __future__ import annotations

import dataclasses
import os
import shlex
import tempfile
from pathlib import Path

from nexus._internal.compilers import diagnostics, headers, process, sources
from nexus._internal.compilers.options import CompileOptions, CompileResult
from nexus._internal.compilers.sources import Source
from nexus.bindings.errors import CompileError


@dataclasses.dataclass(frozen=True)
class Tool:
    """A compiler that takes a file and `-o`.

    Attributes:
        title: what messages call it.
        command: how it is called, but for the files.
        suffix: of the source.
        hint: what to install when it does not find a part of itself.
    """

    title: str
    command: tuple[str, ...]
    suffix: str
    hint: str

    def run(self, source: Source, options: CompileOptions) -> CompileResult:
        """Compile `source`, into which the headers of nexus are written.

        Raises:
            CompileError: it does not compile, or the compiler could not do its work.
        """
        text = sources.text_of(source, options.name)
        tried = f"cannot compile {options.name!r} with {self.title}"
        try:
            with tempfile.TemporaryDirectory(prefix="nexus-", ignore_cleanup_errors=True) as folder:
                return self._run_in(Path(folder), text, options, tried)
        except OSError as error:
            raise CompileError(f"{tried}: {error}") from error

    def _run_in(
        self, folder: Path, text: bytes, options: CompileOptions, tried: str
    ) -> CompileResult:
        written, made = folder / f"source{self.suffix}", folder / "library"
        written.write_bytes(text)
        for name, header in {**headers.by_name(), **options.headers}.items():
            path = folder / "include" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(header, encoding="utf-8")
        command = (*self.command, f"-I{folder / 'include'}", str(written), "-o", str(made))
        environment = {**os.environ, "LC_ALL": "C", "TMPDIR": str(folder)}
        status, output = process.run(command, environment)
        log = output.replace(str(written), options.name).replace(f"{folder}{os.sep}", "")
        if status == 0 and made.is_file():
            includes = () if options.includes_nothing_unknown() else None
            return CompileResult(made.read_bytes(), log, command, includes, self.title)
        said = diagnostics.summary(log, options.name, text) or [f"it ended with status {status}"]
        lines = [f"{tried}:", *(f"  {line}" for line in said), self.hint * _lacks_a_part(log)]
        raise CompileError(
            "\n".join(filter(None, lines)), log=log, command=shlex.join(command)
        ) from None


def _lacks_a_part(log: str) -> bool:
    return "unable to execute command" in log or "invalid linker name" in log
