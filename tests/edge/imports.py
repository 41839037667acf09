"""Finds imports that run rightwards, or that the light runtime may not have, by reading the source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ORDER = (
    "edge",
    "cloud",
    "distill",
    "compress",
    "export",
    "pipeline",
)  # each may import itself and what stands before it
RUNTIME = {
    "edge",
    "numpy",
    "ai_edge_litert",
    "onnxruntime",
    "cryptography",
    "matplotlib",
    "jinja2",
}  # all that `edge` may import beyond Python's own
COMMAND_LINE = ("click", "edge/cli/")  # what parses arguments, and where alone in `edge`
DYNAMIC = {"import_module", "__import__", "find_spec", "run_module"}


def violations(root: Path) -> list[str]:
    """One line per forbidden import in the packages under `root`."""
    found = []
    for package in ORDER:
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            tree = ast.parse(path.read_text(encoding="utf-8"), name)
            for line, module in imported(tree, path.relative_to(root)):
                reason = forbidden(name, module.split(".")[0], root)
                if reason:
                    found.append(f"{name}:{line}: imports {module}: {reason}")
    return found


def forbidden(name: str, target: str, root: Path) -> str | None:
    package = name.split("/")[0]
    if target in ORDER:
        return "to the right" if ORDER.index(target) > ORDER.index(package) else None
    if target not in sys.stdlib_module_names and ((root / target).is_dir() or (root / f"{target}.py").is_file()):
        return "outside the packages"
    if target == COMMAND_LINE[0] and package == "edge":
        return None if name.startswith(COMMAND_LINE[1]) else "outside the command line"
    if package == "edge" and target not in RUNTIME | set(sys.stdlib_module_names):
        return "not part of the light runtime"
    return None


def imported(tree: ast.AST, path: Path) -> Iterator[tuple[int, str]]:
    """Every module named by an import, at any depth, and by a dynamic import of a literal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.parts[: len(path.parts) - node.level] if node.level else ()
            yield (
                node.lineno,
                ".".join([*above, *([node.module] if node.module else [])]) or node.names[0].name,
            )
        elif isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            literal = node.args[0]
            if name in DYNAMIC and isinstance(literal, ast.Constant) and isinstance(literal.value, str):
                yield node.lineno, literal.value
