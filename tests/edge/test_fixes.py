"""What refuses the input of a user says what to do about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOORS = ("edge/text", "edge/cli", "cloud/data", "edge/arguments.py", "edge/config.py", "edge/files.py")


def refusals(source: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("EdgeError", "LeakError")
        ):
            yield node


def without_fix(source: str) -> list[int]:
    """Lines of refusals that pass no fix, or an empty one."""
    fixes = {call.lineno: [word.value for word in call.keywords if word.arg == "fix"] for call in refusals(source)}
    return [line for line, fix in fixes.items() if not fix or (isinstance(fix[0], ast.Constant) and not fix[0].value)]


def test_a_refusal_without_a_fix_is_found() -> None:
    source = (
        'raise EdgeError("a", evidence="b")\nEdgeError("a", fix="b")\nEdgeError("a", fix=b)\nEdgeError("a", fix="")'
    )
    assert without_fix(source) == [1, 4]


@pytest.mark.parametrize("door", DOORS)
def test_every_refusal_at_a_door_has_a_fix(door: str) -> None:
    place = ROOT / door
    sources = {path: path.read_text() for path in ([place] if place.is_file() else place.rglob("*.py"))}
    assert sum(len(list(refusals(source))) for source in sources.values()) > 2
    assert [f"{path}:{line}" for path, source in sources.items() for line in without_fix(source)] == []
