"""An HTML page in one file, and its tables in Markdown: all text is escaped, nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

from edge.bench.outputs.markdown import escaped, markdown_table

Row = tuple[str, ...]
LONG = 30  # rows, from which on a table is folded

STYLE = """:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
section { overflow-x: auto }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #ddd; overflow-wrap: break-word }
th:first-child, td:first-child { text-align: left }
figure { margin: 2rem 0 } img { max-width: 100% } figcaption, .note { color: #555 }
p, li { overflow-wrap: anywhere }
.warnings { border-left: .3rem solid #d55e00; padding-left: 1rem }
.warnings code { white-space: nowrap } li { margin: .5rem 0 }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 0 2rem }
.pictures figure { margin: 1rem 0 }
@media (max-width: 40rem) { body { margin: 1rem auto } th, td { padding: .25rem .35rem; font-size: 13px }
  td:first-child { min-width: 7.5rem } }"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Table:
    """`note` stands below it."""

    title: str
    headings: Row
    rows: Sequence[Row]
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """`kind` is the second half of its media type: "svg+xml" or "png"."""

    name: str
    caption: str
    kind: str
    data: bytes

    @property
    def file(self) -> str:
        """Its name in a folder."""
        return f"{self.name}.{self.kind.partition('+')[0]}"


def page_html(title: str, body: str) -> str:
    """A whole document; `body` is HTML."""
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n{body}\n</html>\n"
    )


def table_html(table: Table) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in table.headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>\n" for row in table.rows)
    lines = f"<table><tr>{head}</tr>\n{body}</table>\n"
    note = f'<p class="note">{html.escape(table.note)}</p>\n' if table.note else ""
    if len(table.rows) >= LONG:
        lines = f"<details><summary>{len(table.rows)} rows</summary>\n{lines}</details>\n"
    return f"<section>\n<h2>{html.escape(table.title)}</h2>\n{lines}{note}</section>\n"


def picture_html(picture: Picture) -> str:
    """As a data URI: what is within an image cannot act on the page."""
    caption = html.escape(picture.caption)
    source = f"data:image/{picture.kind};base64,{base64.b64encode(picture.data).decode()}"
    return f'<figure><img alt="{caption}" src="{source}"><figcaption>{caption}</figcaption></figure>\n'


def table_markdown(table: Table) -> str:
    """Its title, its rows and its note."""
    lines = markdown_table(table.headings, table.rows)
    if len(table.rows) >= LONG:
        lines = [f"<details><summary>{len(table.rows)} rows</summary>", "", *lines, "", "</details>"]
    note = ["", escaped(table.note)] if table.note else []
    return "\n".join([f"#### {escaped(table.title)}", "", *lines, *note, ""])
