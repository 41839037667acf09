"""What every page of a report keeps: `check_structure` fails with what one of them lacks."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

VOID = {"meta", "img", "br"}
WIDEST = 420  # points, of a phone: nothing may have a fixed width above


class Structure(HTMLParser):
    """The texts of headings and cells, and every attribute that could load something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.headings: list[str] = []
        self.facts: list[str] = []
        self.rows: list[int] = []  # cells in each
        self.sources: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attributes if name in ("src", "href", "srcset", "style")]
        if tag == "tr":
            self.rows.append(0)
        elif tag in ("th", "td"):
            self.rows[-1] += 1
        if tag == "th":
            self.headings.append("")
        elif tag == "dt":
            self.facts.append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "th":
            self.headings[-1] += data
        elif self._open and self._open[-1] == "dt":
            self.facts[-1] += data


def command_of(page: str) -> str:
    """The command that a page names, as text; its words stand in elements of their own, so that none is broken."""
    found = re.search(r"<dt>Command</dt><dd><code>(.*?)</code></dd>", page)
    assert found
    return unescape(re.sub("</?span>", "", found[1]))


def check_structure(page: str) -> Structure:
    """Verdict, facts, pictures, tables in that order; every column named; nothing loaded, run or wider than a phone."""
    found = Structure(page)
    assert found.tags.count("h1") == 1
    assert {"Date (UTC)", "Command"} <= set(found.facts) and {"Data", "Measured"} & set(found.facts)
    places = [page.index(mark) for mark in ("<h2>Verdict</h2>", '<dl class="facts">', "<img", "<table>")]
    assert places == sorted(places)
    assert all(heading.strip() for heading in found.headings)
    tables = re.findall(r"<table>.*?</table>", page, re.DOTALL)
    assert all(len(set(Structure(table).rows)) == 1 for table in tables)
    assert not {"script", "iframe", "link", "object", "form"} & set(found.tags)
    assert all(source.startswith("data:image/") for source in found.sources)
    assert not re.search(r"url\(|@import|https?:", page)
    assert all(float(width) <= WIDEST for width in re.findall(r"(?<!max-)width[:=]\s*\"?(\d+)(?:px|\")", page))
    assert "prefers-color-scheme: dark" in page and page.count('<div class="scroll"') == len(tables)
    return found
