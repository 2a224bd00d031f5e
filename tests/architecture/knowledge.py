"""Who may know whom: imports, includes and the names of backends.

cli > advice > system > runtime > device > {buffer library stream event schedule} > properties
all of them -> nexus/_internal -> nexus/bindings -> csrc/include <- csrc/sdk <- csrc/plugins/*
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from architecture import tree

# Imports go to a module of a higher number only; what is not listed is at the top.
NOUNS = ("buffer", "library", "stream", "event", "schedule")
GENERATED = ("property", "status", "event_type", "data_type")  # facts that anybody may read
LEVELS = {
    "__main__": -2,
    "cli": -1,
    "advice": 1,
    "system": 2,
    "runtime": 3,
    "device": 4,
    **dict.fromkeys(NOUNS, 5),
    "properties": 6,
    "device_info": 7,
    "library_info": 7,
    "_internal": 8,
    **dict.fromkeys((*GENERATED, "_version"), 9),
    "bindings": 10,
}
OWN_KIND = ("_internal", "bindings", "cli")  # packages: their modules may import one another

BACKENDS = ("cpu", "cuda", "hip", "metal", "null", "opencl")
GPU_NAME = re.compile(r"(?i:cuda|opencl)|(?<![A-Za-z])(?i:hip|metal)(?![a-z])")
HOST_NAME = re.compile(r"""["'](?:cpu|null)(?::\d+)?["']""")  # the words alone mean other things
PROTOCOLS = ("__cuda_array_interface__", "__cuda_stream__")  # what other libraries call it


def level(module: str) -> tuple[int, str]:
    """Return the level of `nexus.device` and the name that decides it."""
    name = [*module.split("."), ""][1]
    return LEVELS.get(name, 0), name


def module_of(path: Path) -> str:
    """Return the dotted name of a file under nexus/."""
    parts = Path(tree.relative(path)).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module of nexus) for each import that happens at run time."""
    pending: list[ast.AST] = [ast.parse(tree.read(path))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse  # an annotation makes no dependency
            continue
        pending += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            for name in node.names:
                yield node.lineno, absolute(path, source, name.name)


def cython_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module of nexus) for each import and cimport of a Cython file."""
    pattern = r"\s*(?:from\s+([\w.]+)\s+c?import\s+\(?\s*(\w+)|c?import\s+([\w.]+))"
    for number, line in enumerate(tree.read(path).splitlines(), 1):
        if match := re.match(pattern, line):
            source, name, whole = match.groups()
            yield number, whole or absolute(path, source, name)


def absolute(path: Path, source: str, name: str) -> str:
    """Return what `from source import name` in this file imports, as a dotted name."""
    n_dots = len(source) - len(source.lstrip("."))
    if n_dots:
        package = module_of(path).split(".")
        kept = len(package) - n_dots + (path.stem == "__init__")
        source = ".".join([*package[:kept], *filter(None, [source.lstrip(".")])])
    return f"{source}.{name}"


def wrong_imports(path: Path) -> list[str]:
    """Return a sentence for each import that goes up or sideways."""
    imports = python_imports if path.suffix in tree.PYTHON else cython_imports
    own_level, own_name = level(module_of(path))
    found = []
    for line, module in imports(path):
        if module.split(".")[0] != "nexus":
            continue
        target_level, target_name = level(module)
        if target_level > own_level or (own_name == target_name and own_name in OWN_KIND):
            continue
        found.append(f"{tree.relative(path)}:{line}: imports {module}, which is not below it")
    return found


def room_of(path: Path) -> str:
    """Return `include`, `sdk`, `tests`, `plugins/cpu`, ... for a file under csrc."""
    parts = path.relative_to(tree.ROOT / "csrc").parts
    return "/".join(parts[:2]) if parts[0] in ("plugins", "layers") else parts[0]


def open_to(room: str) -> set[str]:
    """Return the rooms whose headers a room may include, its own among them."""
    if room == "include":
        return {"include"}
    allowed = {"include", "sdk", room}
    facts = tree.ROOT / "csrc" / room / "plugin.toml"
    if facts.exists():
        shared = tomllib.loads(facts.read_text(encoding="utf-8")).get("shared", [])
        allowed |= {f"plugins/{name}" for name in shared if name.startswith("_")}
    return allowed


def wrong_includes(path: Path) -> list[str]:
    """Return a sentence for each include of a header that this room may not know."""
    csrc = tree.ROOT / "csrc"
    room = room_of(path)
    if room == "tests":
        return []
    found = []
    for number, line in enumerate(tree.c_code(path).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        places = [path.parent, csrc / "include", csrc, csrc / "sdk", csrc / "plugins"]
        targets = (
            [place / match[1] for place in places if (place / match[1]).is_file()] if match else []
        )
        if match and targets and room_of(targets[0].resolve()) not in open_to(room):
            found.append(f"{tree.relative(path)}:{number}: {room} may not include {match[1]}")
    return found


def is_home_of_backends(path: Path) -> bool:
    """Tell whether the names of backends belong into this file."""
    place = tree.relative(path)
    bindings = [f"nexus/bindings/{name}." for name in BACKENDS]
    inside = [f"nexus/_internal/{room}/" for room in ("compilers", "inspecting", "interop")]
    return place.startswith((*inside, "csrc/tests/", *bindings))


def named_backends(path: Path) -> list[str]:
    """Return a sentence for each backend that the code names without being its home."""
    folder = room_of(path).rpartition("/")[2] if "csrc" in path.parts else ""
    names = python_names(path) if path.suffix in tree.PYTHON else c_names(path)
    return [
        f"{tree.relative(path)}:{line}: names {name}"
        for line, name in names
        if folder not in name.lower() or not folder
    ]


def python_names(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, word) for each name of a backend in Python code."""
    for line, text, is_string in tree.python_words(path):
        if text.strip("\"'") in PROTOCOLS:
            continue
        if GPU_NAME.search(text) or (is_string and HOST_NAME.fullmatch(text)):
            yield line, text


def c_names(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, word) for each name of a backend in C, C++ or Cython code."""
    code = tree.c_code(path) if path.suffix in tree.C else re.sub(r"#.*", "", tree.read(path))
    for number, line in enumerate(code.splitlines(), 1):
        if "DEVICE_TYPE" in line:
            continue  # the word is the type of a device, as the property Type spells it
        for match in [*GPU_NAME.finditer(line), *HOST_NAME.finditer(line)]:
            yield number, match.group()
