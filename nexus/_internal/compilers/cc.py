"""The host's C and C++ compiler: makes the shared objects that the CPU runs."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import functools
import os
import platform
import re
import shlex
import sys
import tempfile
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from nexus._internal import paths
from nexus._internal.compilers import (
    architecture,
    diagnostics,
    environment,
    process,
    sources,
    toolchain,
)
from nexus._internal.compilers.options import CompileOptions, Compiler, CompileResult, Options
from nexus._internal.compilers.sources import Source
from nexus._internal.compilers.toolchain import Language, Toolchain
from nexus.bindings.errors import CompileError

if TYPE_CHECKING:
    from nexus._internal.compilers import checks

# gnu++17 and gnu17, not c++17 and c17: with the latter gcc fuses no multiply-add in C.
_STANDARD: dict[Language, str] = {"c++": "-std=gnu++17", "c": "-std=gnu17"}
_SUFFIX: dict[Language, str] = {"c++": ".cpp", "c": ".c"}

# What makes the item loop of <nexus/kernel.h> vectorise: "no dependence" between items, and a
# conditional expression or a square root that need not keep errno and the exception flags.
_VECTORISE = ("-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math")
# What every portable kernel includes on the CPU, and what it is checked with.
_PORTABLE = "nexus/kernel/cpu.h"
_CHECKING = ("nexus/kernel/check.h", "nexus/kernel/checked.h")
_READ = ("-fsyntax-only", "-ffreestanding", "-w", "-fdiagnostics-color=never")
_OPTIMISE = ("-O3",)
_DEBUG = ("-O1", "-g", "-fno-omit-frame-pointer")
# How "this machine" is spelled: not every clang takes -march=native on Arm.
_NATIVE = {"x86_64": "-march=native", "aarch64": "-mcpu=native", "arm64": "-mcpu=native"}
# Not -ffast-math: with it gcc links code that makes the whole process flush denormals to zero.
_FAST_MATH = ("-fassociative-math", "-fno-signed-zeros", "-freciprocal-math", "-ffp-contract=fast")

# What compilers read of the environment, beside the name of a compiler.
_VARIABLES = environment.names(
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "COMPILER_PATH", "LIBRARY_PATH"),
    *("GCC_EXEC_PREFIX", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET", "SOURCE_DATE_EPOCH"),
)
# Flags that bring in files which no list of included files names.
_UNKNOWN = (
    "-l",
    "-L",
    "-B",
    "-Wl,",
    "-Xlinker",
    "-T",
    "-fplugin",
    "-fprofile",
    "-fauto-profile",
    "-specs",
    "--",
    "-isysroot",
)
# Lines of /proc/cpuinfo that say which instructions there are.
_FEATURES = ("vendor_id", "cpu family", "model", "flags", "Features", "CPU ")
_WORD = re.compile(r"(?:\\.|[^\\\s])+")  # of a rule of make

# The arrays of a group kernel, 256 KiB at most, and what the compiler puts beside them. A thread of
# macOS has a stack of 512 KiB.
_MAX_FRAME_NBYTES = 320 * 1024


# What to do when the system refuses a file, a process or memory.
_ROOM = (
    "the folder for temporary files must be writable and have room: set the variable TMPDIR to one"
)
_FILES = "too many files are open: close some, or raise the limit (ulimit -n)"
_PROCESSES = "the system starts no more processes: end some, or raise the limit (ulimit -u)"
_REMEDIES = {
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EAGAIN: _PROCESSES,
    errno.ENOMEM: "the system has no memory for another process",
}


_Made = TypeVar("_Made")


class HostCompiler:
    """Compiles C and C++ with the compiler that `toolchain.find` finds."""

    name = "cc"

    def depends_on(self, options: CompileOptions) -> Hashable | None:
        """Return the variables that a compiler reads, or None for flags with unknown effects."""
        if any(flag.startswith(_UNKNOWN) or not flag.startswith("-") for flag in options.flags):
            return None
        here = os.getcwd() if options.flags else None  # a flag may name a relative path
        language = options.language_of_source()
        return (toolchain.variables(language), environment.values(_VARIABLES), here)

    def fingerprint(self, options: CompileOptions) -> list[str]:
        """Return the compiler's file, the processor, and the system's C library."""
        return [*toolchain.fingerprint(options.language_of_source()), *_host()]

    def compile(
        self, source: Source, options: Options = None, *, arch: str | None = None
    ) -> CompileResult:
        """Compile `source` to a shared object for this machine.

        Blocks; Ctrl-C ends the compiler. Without an option `arch` the compiler looks at the machine
        itself: it may be older than the name that the device has.

        Raises:
            CompileError: the source does not compile, or the compiler could not do its work.
            CompilerNotFoundError: no compiler is installed.
            ValueError: the source is empty; the architecture is one of GPUs.
        """
        chosen = CompileOptions.of(options)
        if chosen.arch and architecture.is_foreign(chosen.arch, "cpu"):
            raise architecture.refusal(chosen.arch, "cpu")
        text = sources.text_of(source, chosen.name)
        headers = paths.include_dir()
        try:
            tool = toolchain.find(chosen.language_of_source())
            with tempfile.TemporaryDirectory(
                prefix="nexus-cc-", ignore_cleanup_errors=True
            ) as folder:
                return _Job(chosen, tool, headers, Path(folder)).run(text)
        except OSError as error:
            remedy = _REMEDIES.get(error.errno or 0, _ROOM)
            raise CompileError(f"cannot compile {chosen.name!r}: {error}; {remedy}") from error


def create() -> Compiler:
    """Return the compiler that the package lists under "cc"."""
    return HostCompiler()


@dataclasses.dataclass(frozen=True)
class _Job:
    """One call of the compiler, in a folder of its own."""

    options: CompileOptions
    tool: Toolchain
    headers: Path
    folder: Path

    def run(self, source: bytes) -> CompileResult:
        name = self.options.name
        written = self.folder / f"source{_SUFFIX[self.options.language_of_source()]}"
        made = self.folder / "library.so"
        written.write_bytes(source)
        for header, text in self.options.headers.items():
            path = self.folder / "include" / header
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        rules = self.folder / "rules"  # of make: the files that were included
        inputs = self.inputs(written, self.options.language_of_source())
        command = (*self.tool.command, *self.flags(), *inputs, "-o", str(made))
        # In English, because messages are searched; and what the compiler puts aside goes into
        # `folder`, because one that is killed leaves it.
        environment = {**os.environ, "LC_ALL": "C", "TMPDIR": str(self.folder)}
        listing = () if self.tool.kind == "other" else ("-MD", "-MF", str(rules))
        with _beside(functools.partial(self.mistakes, written, source, environment)) as mistakes:
            try:
                status, output = process.run([*command, *listing], environment)
            except process.EndlessOutputError as error:
                tried = f"cannot compile {name!r} with {self.tool.title}"
                raise CompileError(
                    f"{tried}: {error}", log=error.output, command=shlex.join(command)
                ) from None
        log = self.named(output, written)
        if status != 0 or not made.is_file():
            raise CompileError(
                self.message(status, log, source), log=log, command=shlex.join(command)
            )
        lines, said = mistakes()
        if lines:
            self.refuse(lines, said, command)
        includes = _files_in(rules, written)
        if includes and any(file.endswith(_PORTABLE) for file in includes):
            includes = (*includes, *(str(self.headers / header) for header in _CHECKING))
        return CompileResult(made.read_bytes(), log, command, includes, self.tool.version)

    def named(self, output: str, written: Path) -> str:
        """Return what a compiler said, with the caller's names of the files."""
        return output.replace(str(written), self.options.name).replace(f"{self.folder}{os.sep}", "")

    def refuse(self, lines: Sequence[str], log: str, command: Sequence[str]) -> NoReturn:
        """Raise the exception for what compiles here and is no portable kernel."""
        head = f"cannot compile {self.options.name!r}, which is no portable kernel:"
        said = "\n".join([head, *(f"  {line}" for line in lines)])
        raise CompileError(said, log=log, command=shlex.join(command))

    def mistakes(
        self,
        written: Path,
        source: bytes,
        environment: Mapping[str, str],
        given_up: threading.Event,
    ) -> tuple[list[str], str]:
        """Return what compiles here and is no portable kernel, and the log.

        A source that does not preprocess as C is none at all: it has headers of C++.
        """
        from nexus._internal.compilers import checks

        nothing: tuple[list[str], str] = [], ""
        if self.tool.kind == "other" or not diagnostics.is_portable(source):
            return nothing
        made = self.folder / "checked.i"
        flags = [flag for flag in self.flags() if not flag.startswith("-std=")]
        words = ["-E", _STANDARD["c"], "-DNXS_CHECK", *flags, *self.inputs(written, "c")]
        try:
            command = [*self.tool.reader, *words, "-o", str(made)]
            status, _ = process.run(command, environment, given_up)
            if status != 0 or not made.is_file():
                return nothing
            text = made.read_text(encoding="utf-8", errors="surrogateescape")
            read = self.reader(written, environment, given_up)
            lines, log = checks.mistakes(text, self.options.name, read)
        except (process.EndlessOutputError, process.GivenUpError):
            return nothing
        return [self.named(line, written) for line in lines], log

    def reader(
        self, written: Path, environment: Mapping[str, str], given_up: threading.Event
    ) -> checks.Reader:
        """Return what reads a preprocessed text and says what is wrong."""

        def read(text: str, language: Language) -> str:
            path = self.folder / f"checked{_SUFFIX[language]}"
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
            command = (*self.tool.reader, *_READ, _STANDARD[language], "-x", language)
            given = (f"-I{self.headers}", "-include", "nexus/kernel/checked.h", str(path))
            _, said = process.run([*command, *given], environment, given_up)
            return self.named(said, written)

        return read

    def flags(self) -> list[str]:
        """Return the flags that do not depend on the files."""
        kind, options = self.tool.kind, self.options
        flags = [_STANDARD[options.language_of_source()]]
        flags += [*(_DEBUG if options.debug else _OPTIMISE), *_VECTORISE]
        named = {"x86_64": "-march"}.get(platform.machine(), "-mcpu")
        native = _NATIVE.get(platform.machine())
        flags += filter(None, [f"{named}={options.arch}" if options.arch else native])
        flags += ["-fPIC", "-shared", "-fvisibility=hidden", "-fdiagnostics-color=never"]
        flags.append(f"-ffile-prefix-map={self.folder}{os.sep}=")
        if sys.platform.startswith("linux"):
            flags.append("-Wl,-z,defs")  # a missing function is an error now, not at load time
        flags += _frame_limit(kind)
        if kind == "zig":
            flags.append("-fno-sanitize=all")  # zig switches some on unasked
        if options.fast_math:
            flags += [*_FAST_MATH, *_vector_maths(kind)]
        return flags

    def inputs(self, source: Path, language: Language) -> list[str]:
        """Return macros, folders of headers, the source, the user's flags and the libraries."""
        options = self.options
        words = [
            f"-D{name}" if value is None else f"-D{name}={value}"
            for name, value in options.defines.items()
        ]
        if options.is_a_file():
            words += ["-iquote", os.path.dirname(os.path.abspath(options.name))]
        folders = (self.folder / "include", *options.include_dirs, self.headers)
        words += [f"-I{os.fspath(folder)}" for folder in folders]
        # To clang a language that no file is of is a warning.
        names_files = any(not flag.startswith("-") for flag in options.flags)
        words += ["-x", language, str(source), *(("-x", "none") if names_files else ())]
        words += options.flags
        if language == "c++" and not self.tool.links_cxx and self.tool.kind != "zig":
            words.append("-lc++" if sys.platform == "darwin" else "-lstdc++")
        return [*words, "-lm"]

    def message(self, status: int, log: str, source: bytes) -> str:
        """Return what to say of a compiler that made no library."""
        tried = f"cannot compile {self.options.name!r} with {self.tool.title}, {self.tool.version}"
        if status < 0:
            return f"{tried}: {process.signal_name(-status)} ended it{_remedy(status, log)}"
        arch = self.options.arch
        if arch and (unknown := architecture.unknown_processor(arch, log)):
            return f"{tried}: {unknown}"
        lines = diagnostics.summary(log, self.options.name, source)
        if not lines:
            lines = [f"it ended with status {status}, said nothing and made no library"]
        end = f"{diagnostics.WHOLE_LOG}, the call in `command`"
        return "\n".join(
            [f"{tried}:", *(f"  {line}" for line in lines), end + _remedy(status, log)]
        )


@contextlib.contextmanager
def _beside(work: Callable[[threading.Event], _Made]) -> Iterator[Callable[[], _Made]]:
    """Do some work in a thread of its own; give what waits for it and returns what it made.

    The event tells the work that nobody waits for it any more. Where no thread can be started the
    work is done when it is asked for.
    """
    from concurrent.futures import ThreadPoolExecutor

    given_up = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        try:
            future = pool.submit(work, given_up)
        except RuntimeError:
            yield lambda: work(given_up)
            return
        try:
            yield lambda: future.result()
        except BaseException:
            given_up.set()
            raise


def _files_in(rules: Path, source: Path) -> tuple[str, ...] | None:
    """Return the files that a rule of make names after the target, but what was given as text."""
    try:
        text = os.fsdecode(rules.read_bytes())
    except FileNotFoundError:  # a compiler that takes the flag and does nothing
        return None
    words = _WORD.findall(text.partition(":")[2].replace("\\\n", " "))
    files = [re.sub(r"\\([ #])", r"\1", word).replace("$$", "$") for word in words]
    ours = f"{source.parent}{os.sep}"  # the source, and the headers that came with it
    return tuple(os.path.abspath(file) for file in files if not file.startswith(ours))


@functools.cache
def _host() -> tuple[str, ...]:
    """Return what "this machine" means to a compiler, and the C library it links."""
    features = ""
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        features = "".join(takewhile(str.strip, file))  # of the first processor
    features = "".join(line for line in features.splitlines(True) if line.startswith(_FEATURES))
    libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else None
    return (sys.platform, platform.machine(), features, libc or platform.release())


def _frame_limit(kind: toolchain.Kind) -> list[str]:
    """Return what makes more arrays than a worker's stack holds an error."""
    if kind == "gcc":
        return [f"-Werror=frame-larger-than={_MAX_FRAME_NBYTES}"]
    if kind in ("clang", "zig"):
        return [f"-Wframe-larger-than={_MAX_FRAME_NBYTES}", "-Werror=frame-larger-than"]
    return []


def _vector_maths(kind: toolchain.Kind) -> list[str]:
    """Return what makes exp, sin and the like one call for a whole vector, where glibc has them."""
    if platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc":
        return []
    return {"gcc": ["-DNXS_LIBMVEC"], "clang": ["-fveclib=libmvec"]}.get(kind, [])


def _remedy(status: int, log: str) -> str:
    if "No space left on device" in log:
        return "; free space where temporary files go, or set the variable TMPDIR"
    import signal

    if status == -signal.SIGKILL or "Killed" in log:
        return "; a machine that runs out of memory does that"
    return ""
