"""Draws the packages as a tree, with what each says of itself and what it imports, into CONTRIBUTING.md.

python tests/draw_tree.py            # prints it
python tests/draw_tree.py --write    # puts it between that page's markers
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(Path(__file__).parent / "edge"))

from imports import ORDER, imported  # noqa: E402

PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- tree:begin -->", "<!-- tree:end -->"
DEPTH = 2  # of packages that are shown
WIDTH = 18  # of a name


def rooms() -> list[str]:
    """The packages and the packages in them, as dotted names: left to right by the import law, then as in a listing."""
    folders = [path.parent.relative_to(ROOT) for name in ORDER for path in (ROOT / name).rglob("__init__.py")]
    shown = sorted((path for path in folders if len(path.parts) <= DEPTH), key=lambda path: path.parts)
    return [".".join(path.parts) for path in sorted(shown, key=lambda path: ORDER.index(path.parts[0]))]


def sentence(room: str) -> str:
    """The first sentence of the package's docstring."""
    tree = ast.parse((_folder(room) / "__init__.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")


def neighbours(room: str, known: list[str]) -> list[str]:
    """The names of the rooms beside this one that its modules import from; of what stands in them, too."""
    above, _, _ = room.rpartition(".")
    beside = [other for other in known if other.rpartition(".")[0] == above and other != room]
    found = {module for path in _folder(room).rglob("*.py") for module in _imported_by(path)}
    return [other.rpartition(".")[2] for other in beside if any(f"{name}.".startswith(f"{other}.") for name in found)]


def _imported_by(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [module for _, module in imported(tree, path.relative_to(ROOT))]


def _folder(room: str) -> Path:
    return ROOT / room.replace(".", "/")


def drawing() -> str:
    """Two lines a room: its name and its sentence, then the rooms beside it that it imports from."""
    known = rooms()
    lines = []
    for room in known:
        *above, name = room.split(".")
        lines.append(f"{'  ' * len(above) + name + '/':<{WIDTH}}{sentence(room)}")
        if others := neighbours(room, known):
            lines.append(f"{'':<{WIDTH}}<- {', '.join(others)}")
    return "\n".join(lines)


def section() -> str:
    return f"{BEGIN}\n```text\n{drawing()}\n```\n{END}"


def main() -> None:
    if "--write" not in sys.argv:
        print(drawing())
        return
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(before + section() + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
