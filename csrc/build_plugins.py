"""Compiles the plugins: each folder of csrc/plugins with a plugin.toml becomes one shared library.

Keys of a plugin.toml that count here (others, such as `known_gaps`, are for the conformance tests):

    name      = "mine"               # the library is libnexus_mine.so, .dylib on macOS
    sources   = ["*.cpp"]            # globs, relative to the folder
    platforms = ["linux", "darwin"]  # values of sys.platform; left out: everywhere
    include   = ["third_party"]      # more include folders, relative to the folder
    small     = ["device.cpp"]       # of these, what runs once and is compiled for size
    shared    = ["_gpu"]             # folders beside it whose headers and sources it uses

Environment: NEXUS_WERROR=1 makes warnings errors; NEXUS_SANITIZE=address,undefined or thread builds
everything with these sanitizers; CXX names the compiler, CXXFLAGS and LDFLAGS more flags for it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setuptools.errors import CompileError, PlatformError

HERE = Path(__file__).resolve().parent
HEADERS = {".h", ".hpp", ".def", ".inc"}


@dataclass(frozen=True)
class Plugin:
    """What one plugin is made of."""

    name: str
    library: str  # file name
    sources: list[Path]
    small: set[Path]  # of the sources: what runs once, compiled for size
    folders: list[Path]  # its own, then its shared ones
    includes: list[Path]  # folders, its own first: the sdk asks for its backend.hpp

    @property
    def facts(self) -> str:
        """File name of the plugin.toml, as it lies beside the library."""
        return f"libnexus_{self.name}.toml"


def read_facts(path: Path) -> dict[str, Any]:
    """Read one plugin.toml; what is wrong with it becomes one sentence."""
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CompileError(f"{path} is not TOML: {error}") from error
    missing = {"name", "sources"} - facts.keys()
    if missing:
        raise CompileError(f"{path} lacks {' and '.join(sorted(missing))}")
    return facts


def library_name(name: str, platform: str = sys.platform) -> str:
    """Return the file name of a plugin."""
    return f"libnexus_{name}{'.dylib' if platform == 'darwin' else '.so'}"


def read_plugins(csrc: Path, platform: str = sys.platform) -> list[Plugin]:
    """Read every plugin.toml under `csrc`; leave out what is not for the platform."""
    plugins: list[Plugin] = []
    for facts_file in sorted((csrc / "plugins").glob("*/plugin.toml")):
        facts = read_facts(facts_file)
        if platform not in facts.get("platforms", [platform]):
            continue
        if facts["name"] in {plugin.name for plugin in plugins}:
            raise CompileError(f"{facts_file}: another folder has the name {facts['name']!r} too")
        folder = facts_file.parent
        shared = [folder.parent / name for name in facts.get("shared", [])]
        sources = [path for glob in facts["sources"] for path in sorted(folder.glob(glob))]
        sources += [path for place in shared for path in sorted(place.glob("*.cpp"))]
        if not sources:
            raise CompileError(f"{facts_file}: no file matches sources = {facts['sources']}")
        small = {folder / name for name in facts.get("small", [])}
        if not small <= {*sources}:
            raise CompileError(f"{facts_file}: of small = {facts['small']} not all are sources")
        includes = [folder, *(folder / name for name in facts.get("include", [])), *shared]
        library = library_name(facts["name"], platform)
        plugins.append(Plugin(facts["name"], library, sources, small, [folder, *shared], includes))
    return plugins


def complaint_of(compiler: list[str]) -> str:
    """Compile a small C++20 program; return the compiler's words, empty when it worked."""
    with tempfile.TemporaryDirectory() as place:
        program = Path(place, "program.cpp")
        program.write_text("#include <concepts>\nint main() {}\n", encoding="utf-8")
        command = [*compiler, "-std=c++20", "-c", str(program), "-o", f"{program}.o"]
        done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines)[0] if done.returncode else ""


def find_compiler() -> list[str]:
    """Return the command of a working C++20 compiler: $CXX, else the first that works."""
    named = os.environ.get("CXX")
    usual = [sysconfig.get_config_var("CXX") or "c++", "c++", "g++", "clang++"]
    tried = []
    for candidate in [named] if named else dict.fromkeys(usual):
        command = shlex.split(candidate)
        complaint = complaint_of(command) if shutil.which(command[0]) else "not on PATH"
        if not complaint:
            return command
        tried.append(f"{candidate} ({complaint})")
    raise PlatformError(
        f"nexus is built with a C++20 compiler, and none was found; tried: {', '.join(tried)}. "
        "Install one (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; "
        "macOS: xcode-select --install; anywhere: pip install ziglang, then set "
        "CXX='python3 -m ziglang c++'), or name yours in the variable CXX."
    )


def flags_of(variable: str) -> list[str]:
    """Return the flags in a variable of the environment, which come after ours."""
    return shlex.split(os.environ.get(variable, ""))


def sanitizers() -> str:
    """Return the value of NEXUS_SANITIZE; empty in a usual build."""
    value = os.environ.get("NEXUS_SANITIZE", "")
    if value and {*value.split(",")} - {"address", "undefined"} and value != "thread":
        raise PlatformError(f"NEXUS_SANITIZE={value!r}: it is address, undefined, both, or thread")
    return value


def warnings_are_errors() -> bool:
    """Return what NEXUS_WERROR says."""
    value = os.environ.get("NEXUS_WERROR", "")
    if value not in ("", "0", "1"):
        raise PlatformError(f"NEXUS_WERROR={value!r}: it is 1, 0 or nothing")
    return value == "1"


def compile_flags(*, is_small: bool = False) -> list[str]:
    """Flags that every C++ file of nexus is compiled with."""
    flags = ["-std=c++20", "-fPIC", "-fvisibility=hidden", "-pthread", "-Wall", "-Wextra"]
    if warnings_are_errors():
        flags.append("-Werror")
    if sanitizers():
        checks = [f"-fsanitize={sanitizers()}", "-fno-sanitize-recover=all"]
        flags += ["-O1", "-g", "-fno-omit-frame-pointer", *checks]
    else:
        flags += ["-Os" if is_small else "-O2", "-g0"]
    return flags + flags_of("CXXFLAGS")


def link_flags(platform: str = sys.platform) -> list[str]:
    """Flags that everything of nexus is linked with; a usual build is stripped."""
    flags = ["-pthread"]
    if platform != "darwin":
        flags += ["-ldl", "-Wl,-Bsymbolic"]
    if sanitizers():
        flags.append(f"-fsanitize={sanitizers()}")
    else:  # -O2: zig compiles its C++ library when it links, the way these flags say
        flags += ["-O2", "-Wl,-x" if platform == "darwin" else "-Wl,-s"]
    return flags + flags_of("LDFLAGS")


def exports(platform: str = sys.platform) -> tuple[Path, str]:
    """Return the list of the symbols that a library shows, and the flag that names it.

    `-fvisibility=hidden` is not enough: templates of the C++ library are weak symbols that every
    library would show, and that another one in the process could take.
    """
    if platform == "darwin":
        return HERE / "exports.txt", f"-Wl,-exported_symbols_list,{HERE / 'exports.txt'}"
    return HERE / "exports.map", f"-Wl,--version-script={HERE / 'exports.map'}"


def headers_in(folders: Iterable[Path]) -> list[Path]:
    """Return every header under `folders`."""
    return [path for folder in folders for path in folder.rglob("*") if path.suffix in HEADERS]


def make(output: Path, command: list[str], inputs: Iterable[Path]) -> None:
    """Run `command`, which makes `output`, unless the same command made it from these inputs."""
    record = output.with_name(output.name + ".command")
    line = shlex.join(command)
    newest = max(path.stat().st_mtime_ns for path in inputs)
    if output.exists() and record.exists() and record.read_text(encoding="utf-8") == line:
        if output.stat().st_mtime_ns >= newest:
            return
    record.unlink(missing_ok=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    print(f"making {output}", flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode or done.stdout:
        print(line, done.stdout, sep="\n", end="", flush=True)
    if done.returncode:
        raise CompileError(f"{output.name} was not made: the compiler's words are above")
    record.write_text(line, encoding="utf-8")


def build_plugins(csrc: Path, out: Path, temp: Path, platform: str = sys.platform) -> list[Path]:
    """Build every plugin of a platform from `csrc` into `out`; return the libraries.

    Each has its plugin.toml beside it, for whoever tests it.
    """
    plugins = read_plugins(csrc, platform)
    compiler = find_compiler()
    common = [csrc / "include", csrc / "sdk"]
    shown, show = exports(platform)
    compiles, links = [], []
    for plugin in plugins:
        headers = headers_in([*common, *plugin.folders])
        includes = [f"-I{path}" for path in (*plugin.includes, csrc / "include", csrc)]
        objects = []
        for source in plugin.sources:
            name = "_".join(source.relative_to(csrc / "plugins").parts)
            objects.append(temp / plugin.name / f"{name}.o")
            flags = compile_flags(is_small=source in plugin.small)
            command = [*compiler, *flags, *includes, "-c", source, "-o", objects[-1]]
            compiles.append((objects[-1], [str(word) for word in command], [source, *headers]))
        # Linked beside the objects, then put in place in one step: a process that has the
        # old library open keeps it, and no process ever sees half of one.
        linked = temp / plugin.name / plugin.library
        command = [*compiler, "-shared", *objects, "-o", linked, *link_flags(platform), show]
        links.append((linked, [str(word) for word in command], [*objects, shown]))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for jobs in compiles, links:
            for _ in pool.map(lambda job: make(*job), jobs):
                pass  # the first failure is raised here
    for plugin in plugins:
        put_in_place(plugin.folders[0] / "plugin.toml", out / plugin.facts)
    return [put_in_place(linked, out / linked.name) for linked, _, _ in links]


def put_in_place(made: Path, target: Path) -> Path:
    """Copy `made` to `target` in one step, unless the copy is newer already."""
    if not target.exists() or target.stat().st_mtime_ns < made.stat().st_mtime_ns:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        shutil.copy2(made, part)
        os.replace(part, target)
    return target
