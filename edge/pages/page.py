"""An HTML page in one file: the verdict and what it is of, then pictures, then tables. Nothing is loaded or run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import missing_extra
from edge.pages.picture import Picture
from edge.pages.table import Table

if TYPE_CHECKING:
    from jinja2 import Template

FOLDER = Path(__file__).parent
OF_95 = "In brackets: 95 % intervals, from resampling users."
NO_BREAK = "\N{NO-BREAK SPACE}"
_UNIT = re.compile(r"(?<=\d) (?=(?:%|ms|MB|kB|M|s|bytes)(?!\w)|to [-+]?[.\d])")
_BRACKETS = re.compile(r"(?<=[.\d]) \((?=[-+]?[.\d])|(?<=\xa0to) (?=[-+]?[.\d])|(?<=\d,) (?=[-+.]+\d)")
_OPTION = re.compile(r"--[a-z-]+(?: [a-z_.]+=[\w.]+)?")  # of the command line, which no line break may divide


@dataclass(frozen=True)
class KeyFigure:
    """A number to be seen first: what it is of, the number with its unit, and what it is compared with."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """A sentence of the verdict, and what it consists of, a line each."""

    text: str
    parts: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """`facts`: name -> text, of the data, the date and the command. `key` explains the verdict's notation, once."""

    title: str
    facts: Sequence[tuple[str, str]]
    verdict: Sequence[Finding]
    key: str = ""
    figures: Sequence[KeyFigure] = ()
    warnings: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()


def page_html(page: Page) -> str:
    """A whole document; equal pages give equal ones. Errors: jinja2 is not installed."""
    return _template().render(page=page, style=(FOLDER / "page.css").read_text(encoding="utf-8")) + "\n"


def unbroken(text: str) -> str:
    """A number stays in one line with its unit and with its brackets."""
    return _BRACKETS.sub(lambda found: found[0].replace(" ", NO_BREAK), _UNIT.sub(NO_BREAK, text))


def _lines(text: str) -> list[list[tuple[bool, str]]]:
    """The lines of a warning, each in pieces: whether it is an option of the command line, and its text."""
    return [list(_pieces(line)) for line in text.split("\n")]


def _pieces(line: str) -> list[tuple[bool, str]]:
    found, place = [], 0
    for match in _OPTION.finditer(line):
        found += [(False, line[place : match.start()]), (True, match[0])]
        place = match.end()
    return [*found, (False, line[place:])]


@cache
def _template() -> Template:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise missing_extra("report", error) from error
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"unbroken": unbroken, "lines": _lines}
    return environment.get_template("page.html")
