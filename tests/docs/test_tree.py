"""The tree that CONTRIBUTING.md shows is that of the packages and of their imports."""

from __future__ import annotations

from pathlib import Path

from draw_tree import PAGE, ROOT, neighbours, rooms, section, sentence

FLAT = 8  # modules that may lie in edge/ itself


def test_the_page_shows_the_tree_that_the_code_has() -> None:
    """python tests/draw_tree.py --write"""
    assert section() in PAGE.read_text(encoding="utf-8")


def test_every_package_says_what_it_is() -> None:
    assert all(sentence(room).endswith(".") for room in rooms())


def test_no_two_packages_beside_each_other_import_from_each_other() -> None:
    known = rooms()
    reached = {room: set(neighbours(room, known)) for room in known}
    above = {room: room.rpartition(".")[0] for room in known}
    pairs = [
        (one, other)
        for one in known
        for other in known
        if above[one] == above[other] and one.rpartition(".")[2] in reached[other]
        if other.rpartition(".")[2] in reached[one]
    ]
    assert pairs == []


def test_few_modules_lie_flat_in_edge() -> None:
    assert len(list(Path(ROOT, "edge").glob("*.py"))) <= FLAT
