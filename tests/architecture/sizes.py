"""How large files and functions may be, and how large they are.

A file that must break a cap says why in one comment line, `size-waiver: reason`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import lizard

from architecture import tree

FILE_LINES = {".py": 400}  # of a file
OTHER_FILE_LINES = 450  # C, C++ and Cython
FUNCTION_LINES = 60  # without comments and docstrings
PARAMETERS = 7  # without self
NESTING = 4  # control structures inside one another

WAIVER = re.compile(r"^\s*(?:#|//|/\*)\s*size-waiver:\s*\S+\s+\S+", re.MULTILINE)
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def is_waived(path: Path) -> bool:
    """Tell whether the file gives a reason, of two words at least, to be larger."""
    return WAIVER.search(tree.read(path)) is not None


def too_long(path: Path) -> list[str]:
    """Return a sentence when the file has too many lines."""
    cap = FILE_LINES.get(path.suffix, OTHER_FILE_LINES)
    n_lines = len(tree.read(path).splitlines())
    return [f"{tree.relative(path)}: {n_lines} lines, the cap is {cap}"] if n_lines > cap else []


def oversized_functions(path: Path) -> list[str]:
    """Return a sentence for each cap that a function of the file breaks."""
    measure = python_functions if path.suffix == ".py" else c_functions
    return [
        f"{tree.relative(path)}:{line}: {name} has {what} {value}, the cap is {cap}"
        for name, line, n_lines, n_parameters, depth in measure(path)
        for what, value, cap in (
            ("lines", n_lines, FUNCTION_LINES),
            ("parameters", n_parameters, PARAMETERS),
            ("nesting", depth, NESTING),
        )
        if value > cap
    ]


def c_functions(path: Path) -> list[tuple[str, int, int, int, int]]:
    """Return (name, line, lines, parameters, nesting) of each C or C++ function."""
    analysis = lizard.FileAnalyzer(lizard.get_extensions(["ns"]))(str(path))
    return [
        (f.name, f.start_line, f.nloc, n_arguments(f.long_name), f.max_nested_structures)
        for f in analysis.function_list
    ]


def n_arguments(signature: str) -> int:
    """Count the parameters of `f(int a, map<int, int> b)`: commas of the outer level, and one."""
    inside = signature[signature.find("(") + 1 : signature.rfind(")")]
    depth, n_commas = 0, 0
    for letter in inside:
        depth += (letter in "<([{") - (letter in ">)]}")
        n_commas += letter == "," and depth == 0
    return n_commas + 1 if inside.strip() not in ("", "void") else 0


def python_functions(path: Path) -> list[tuple[str, int, int, int, int]]:
    """Return (name, line, lines, parameters, nesting) of each Python function."""
    nloc = {f.start_line: f.nloc for f in lizard.analyze_file(str(path)).function_list}
    rows = []
    for node in ast.walk(ast.parse(tree.read(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            n_parameters = len([a for a in named if a.arg not in ("self", "cls")])
            rows.append(
                (node.name, node.lineno, nloc.get(node.lineno, 0), n_parameters, nesting(node))
            )
    return rows


def nesting(node: ast.AST) -> int:
    """Return how many control structures stand inside one another; `elif` is no deeper."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue  # counted on its own
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and [child] == node.orelse
        own = isinstance(child, BLOCKS) and not is_elif
        deepest = max(deepest, own + nesting(child))
    return deepest
