"""Compiles once: the same source, made the same way, is taken from the process or from disk.

An entry is found by its source, its options, the architecture and what the compiler says it depends
on; then the files that it included must be as they were. What a compiler does not tell the files
of, or has flags whose effect cannot be known, is compiled anew each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nexus._internal.compilers import folder, toolchain
from nexus._internal.compilers.container import Container
from nexus._internal.compilers.options import (
    CompileOptions,
    Compiler,
    CompileResult,
    KeepableCompiler,
    Options,
)
from nexus._internal.compilers.sources import Source, bytes_of, text_of
from nexus._version import __version__

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_MAX_IN_PROCESS = 256
_CLOCK_STEP_NS = 20_000_000  # file systems take the time from a clock that ticks so seldom
_SYSTEM = ("/usr/include", "/usr/lib", "/usr/lib64", "/Library/Developer")
_CHANGING = (b"__DATE__", b"__TIME__", b"__TIMESTAMP__")  # macros that are never the same


class Include(NamedTuple):
    """A file that a source includes, as it was."""

    path: str
    nbytes: int
    modified_ns: int
    sha256: str

    def is_as_it_was(self) -> bool:
        """Whether it has the same contents; a file with the same size and time is not read."""
        try:
            info = os.stat(self.path)
            if info.st_size != self.nbytes:
                return False
            return info.st_mtime_ns == self.modified_ns or _sha256_of(self.path) == self.sha256
        except OSError:  # gone, or not to be read any more
            return False


class _Known(NamedTuple):
    result: CompileResult
    includes: Sequence[Include]  # that may change while the process runs


_known: OrderedDict[Hashable, _Known] = OrderedDict()
_lock = threading.Lock()


def compile(
    compiler: Compiler,
    source: Source,
    options: Options = None,
    *,
    arch: str | None = None,
    anew: bool = False,
) -> CompileResult:
    """Return what `compiler.compile` would, without its work where that was done before.

    Args:
        compiler: the compiler.
        source: as it takes it.
        options: as it takes them.
        arch: as it takes it.
        anew: what is kept is of no use: compile, and keep that.

    Raises:
        CompileError, CompilerNotFoundError: as the compiler.
        InvalidArgumentError: a variable of the cache has a value that cannot be meant.
        ValueError: the source is none.
    """
    chosen = CompileOptions.of(options)
    depends = compiler.depends_on(chosen) if _is_keepable(compiler) else None
    if depends is None or not folder.is_ready():
        return compiler.compile(source, chosen, arch=arch)
    assert _is_keepable(compiler)
    if not isinstance(source, str | bytes):  # several by name, or memory that may change
        source = text_of(source, chosen.name)
    known_as = (compiler.name, source, chosen.spelled(), arch, depends)
    known = None if anew else _known.get(known_as)
    if known and all(include.is_as_it_was() for include in known.includes):
        return known.result
    key = _key(known_as, bytes_of(source, chosen.name), compiler.fingerprint(chosen))
    found = None if anew else _found(key)
    if found is None:
        found = _compiled(compiler, source, chosen, arch, key)
    if found.includes is not None:
        _remember(known_as, found)
    return found.result


def _is_keepable(compiler: Compiler) -> TypeIs[KeepableCompiler]:
    return hasattr(compiler, "fingerprint")


def forget() -> None:
    """Forget what this process has compiled."""
    with _lock:
        _known.clear()


class _Found(NamedTuple):
    result: CompileResult
    includes: Sequence[Include] | None  # None: not to be kept


def _key(known_as: tuple[Any, ...], text: bytes, fingerprint: Sequence[str]) -> str:
    name, _, *rest = known_as
    digest = hashlib.sha256(repr((__version__, name, rest, list(fingerprint))).encode())
    digest.update(text)
    return digest.hexdigest()


def _found(key: str) -> _Found | None:
    entry = folder.read(key)
    found = entry and _contents(entry)
    if found and all(include.is_as_it_was() for include in found.includes or ()):
        return found
    return None


def _contents(entry: Container) -> _Found | None:
    facts = entry.facts
    log, version = facts.get("Log"), facts.get("Version")
    try:
        includes = [Include(*include) for include in facts["Includes"]]
        command = tuple(facts["Command"])
    except (KeyError, TypeError):
        return None  # a whole file, but none that was written here
    if not (isinstance(log, str) and isinstance(version, str)):
        return None
    paths = tuple(include.path for include in includes)
    return _Found(CompileResult(entry.binary, log, command, paths, version), includes)


def _compiled(
    compiler: Compiler, source: str | bytes, options: CompileOptions, arch: str | None, key: str
) -> _Found:
    begun_ns = time.time_ns() - _CLOCK_STEP_NS
    result = compiler.compile(source, options, arch=arch)
    includes = None if _is_changing(_given(source, options)) else _includes(result, begun_ns)
    if includes is not None:
        folder.write(key, contained(result, options, compiler.name, arch, includes))
    return _Found(result, includes)


def contained(
    result: CompileResult,
    options: CompileOptions,
    compiler: str,
    arch: str | None,
    includes: Sequence[Include] | None = (),
) -> Container:
    """Return what is written to a file of a library: the binary, and all that is known of it.

    Args:
        result: of the compiler.
        options: it had.
        compiler: its name.
        arch: what for.
        includes: what has to be as it was for this to be what the compiler would make; None: that
            is not known.
    """
    facts: dict[str, Any] = {
        "Name": options.name,
        "Compiler": compiler,
        "Version": result.version,
        "Architecture": arch,
        "Command": list(result.command),
        "Log": result.log,
        "Includes": None if includes is None else [list(include) for include in includes],
        "Nexus": __version__,
    }
    return Container(result.binary, facts)


def _given(source: str | bytes, options: CompileOptions) -> bytes:
    """Return all text that comes from the caller and not from files."""
    values = map(str, options.defines.values())
    texts = (*options.headers.values(), *values, *options.flags)
    return b"\n".join(
        text.encode(errors="surrogatepass") if isinstance(text, str) else text
        for text in (source, *texts)
    )


def _is_changing(text: bytes) -> bool:
    return any(macro in text for macro in _CHANGING)


def _includes(result: CompileResult, begun_ns: int) -> Sequence[Include] | None:
    """Return the files that were included; None when the library must not be kept.

    They may not be what the compiler saw, or are never the same twice.
    """
    if result.includes is None:
        return None
    found = []
    for path in result.includes:
        with contextlib.suppress(OSError):
            info = os.stat(path)
            text = Path(path).read_bytes()
            if info.st_mtime_ns < begun_ns and not _is_changing(text):
                sha256 = hashlib.sha256(text).hexdigest()
                found.append(Include(path, info.st_size, info.st_mtime_ns, sha256))
    return found if len(found) == len(result.includes) else None


def _sha256_of(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remember(known_as: Hashable, found: _Found) -> None:
    theirs = _of_the_system(found.result.command)
    own = [include for include in found.includes or () if not include.path.startswith(theirs)]
    with _lock:
        _known[known_as] = _Known(found.result, own)
        _known.move_to_end(known_as)
        while len(_known) > _MAX_IN_PROCESS:
            _known.popitem(last=False)


def _of_the_system(command: Sequence[str]) -> tuple[str, ...]:
    """Return the folders of what a process need not look at again: headers of no user."""
    from nexus._internal import paths

    folders = (*_SYSTEM, *toolchain.own_folders(command), str(paths.include_dir()))
    return tuple(folder + os.sep for folder in folders)
