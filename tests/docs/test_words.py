"""Pages, messages and docstrings avoid a few words that read translated; docs/glossary.md names what to say instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("edge", "cloud", "distill", "compress", "export", "pipeline", "docs", "examples", ".github")
AVOIDED = re.compile(
    r"\b(?:anew|belies?|mends?|mended|none at hand|said so|held to|told apart|cannot be told|goes on from)\b"
)
MEASURED = re.compile(r"<!-- results:begin -->.*?<!-- results:end -->", re.DOTALL)  # written by a program
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(
            path
            for folder in FOLDERS
            for kind in ("*.py", "*.md", "*.toml", "*.yml")
            for path in (ROOT / folder).rglob(kind)
        ),
    ]
)


def avoided_words(text: str) -> list[str]:
    """Every avoided word with its line, counted from 1, outside of measured results."""
    lines = MEASURED.sub(lambda block: "\n" * block[0].count("\n"), text).splitlines()
    return [f"{number}: {found[0]}" for number, line in enumerate(lines, 1) for found in AVOIDED.finditer(line)]


@pytest.mark.parametrize("folder", ["", *FOLDERS])
def test_no_page_or_message_has_a_word_that_we_avoid(folder: str) -> None:
    pages = [path for path in PAGES if (path.parent == ROOT if not folder else path.is_relative_to(ROOT / folder))]
    found = {str(path.relative_to(ROOT)): avoided_words(path.read_text(encoding="utf-8")) for path in pages}
    assert pages and {name: words for name, words in found.items() if words} == {}


def test_an_avoided_word_is_found_with_its_line() -> None:
    text = "One.\n<!-- results:begin -->\nis not told apart\n<!-- results:end -->\nIt is computed anew.\n"
    assert avoided_words(text) == ["5: anew"]
