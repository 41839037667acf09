"""Public functions are documented: all that `import edge` exports, and nearly all of the rest.

A method that implements one of a documented interface, of ours or of a library, needs no docstring of its own.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import edge

ROOT = Path(__file__).parent.parent
PACKAGES = ("edge", "cloud", "distill", "compress", "export", "pipeline")
UNDOCUMENTED = 54  # at most; lower it when there are fewer
OF_LIBRARIES = {
    "convert", "format_help_text", "get_command", "list_commands", "parse_args", "resolve_command",  # click
    "forward",  # torch
}  # fmt: skip
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(tree: ast.AST, owner: str = "") -> Iterator[tuple[str, str, Function]]:
    """Class (empty for a function), name and node of everything without a leading underscore."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node, node.name)
        elif isinstance(node, Function) and not node.name.startswith("_"):
            yield owner, node.name, node


def methods_of_protocols(trees: list[ast.Module]) -> set[str]:
    """Names of the documented methods of our protocols."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    protocols = [one for one in classes if any(isinstance(at, ast.Name) and at.id == "Protocol" for at in one.bases)]
    return {
        node.name for one in protocols for node in one.body if isinstance(node, Function) and ast.get_docstring(node)
    }


def undocumented() -> list[str]:
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    inherited = OF_LIBRARIES | methods_of_protocols(trees)
    return [
        f"{path.relative_to(ROOT)}: {owner}{'.' * bool(owner)}{name}"
        for path, tree in zip(files, trees, strict=True)
        for owner, name, node in public_functions(tree)
        if not ast.get_docstring(node) and not (owner and name in inherited)
    ]


def test_few_public_functions_have_no_docstring() -> None:
    found = undocumented()
    assert len(found) <= UNDOCUMENTED, "\n".join(["document one of these:", *found])


@pytest.mark.parametrize("name", [name for name in edge.__all__ if name != "__version__"])
def test_everything_that_edge_exports_is_documented(name: str) -> None:
    exported = getattr(edge, name)
    members = vars(exported).items() if inspect.isclass(exported) else ()
    parts = {member: part for member, part in members if member[0] != "_" and hasattr(part, "__doc__")}
    functions = {
        member: part
        for member, part in parts.items()
        if inspect.isfunction(part) or isinstance(part, property | classmethod | staticmethod)
    }
    assert exported.__module__.startswith("edge.") and exported.__doc__
    assert not exported.__doc__.startswith(f"{name}("), "dataclass writes that one itself"
    assert [member for member, part in functions.items() if not part.__doc__] == []
