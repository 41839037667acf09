"""Small logs made by rule, as rows, files and sources."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from commands import edge

from cloud.data.bad_rows import BadRows
from cloud.data.default_numbers import default_numbers
from cloud.data.log import Log
from cloud.data.read_log import read_log
from cloud.data.schema import Attribute, Entities, LogTable, Source
from edge.errors import EdgeError
from edge.text.spec import TextSpec

HEADER = ["user", "item", "title", "year", "time", "rating"]
TEXT = TextSpec(
    profile="",
    item="{title} [[{year}]]",
    event="{liked|choose:liked:disliked}",
    context="[[among {views_rank|top} watched]] [[liked by {liked_share|percent}]]",
    numbers=default_numbers(same=["title"], item=["year"]),
)
ITEMS = Entities(attributes={"title": Attribute("title", "title", required=True), "year": Attribute("year", "integer")})
Rows = list[list[str]]


def make_rows(users: int = 8, moments: int = 30, items: int = 12) -> Rows:
    """Events in order of time; users share moments, have two events at most moments, and meet items again."""
    chance = random.Random(7)
    rows = {}
    for moment in range(moments):
        for user in range(users):
            item = chance.randrange(items)
            time = str(moment // 2)
            row = [f"u{user}", f"i{item}", f"Title {item}", str(1980 + item), time, chance.choice("12345")]
            rows[row[0], row[1], time] = row
    return list(rows.values())


def write_csv(path: Path, rows: Iterable[list[str]], header: list[str] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def make_source(path: Path, format: str = "csv", **log: str) -> Source:
    table = LogTable(
        path=str(path),
        format=format,  # type: ignore[arg-type]
        user="user",
        item="item",
        time="time",
        rating="rating",
        **log,  # type: ignore[arg-type]
    )
    return Source(name="small", text=TEXT, log=table, items=ITEMS)


def read(source: Source) -> tuple[Log, BadRows]:
    """A log and what was bad in it, which is left out."""
    bad = BadRows()
    return read_log(source, bad), bad


def refused(source: Source) -> EdgeError:
    """The error that a log is refused with: of the file, or of its bad rows."""
    bad = BadRows()
    with pytest.raises(EdgeError) as caught:
        read_log(source, bad)
        bad.refuse()
    return caught.value


def source(tmp_path: Path, content: str | bytes, format: str = "csv", **log: str) -> Source:
    """Of a file of that content, whatever its name says."""
    path = tmp_path / "events.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return make_source(path, format, **log)


def error(tmp_path: Path, content: str | bytes, format: str = "csv", **log: str) -> EdgeError:
    return refused(source(tmp_path, content, format, **log))


def with_column(rows: Rows, column: str, values: Iterable[str]) -> Rows:
    """The rows with other values in one column."""
    place = HEADER.index(column)
    return [[*row[:place], value, *row[place + 1 :]] for row, value in zip(rows, values, strict=True)]


def csv_text(rows: Iterable[list[str]], header: list[str] = HEADER, separator: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def initialised(folder: Path) -> Path:
    """The edge.toml of `edge init` beside a log of the columns that its comments show."""
    assert edge("init", "--out", str(folder / "edge.toml")) == 0
    lines = (folder / "edge.toml").read_text().splitlines()
    header = next(line for line in lines if line.startswith("#   user,")).strip("# ").split(",")
    shown = [line.strip("# ").split(",") for line in lines if re.match(r"#   \d", line)]
    assert all(len(row) == len(header) for row in shown)
    row = dict(zip(header, shown[0], strict=True))
    rows = [
        row
        | {
            "user": str(user),
            "item": str(item),
            "title": f"Film {item}",
            "time": str(item),
            "rating": str(item % 5 + 1),
        }
        for user in range(3)
        for item in range(10 + user)
    ]
    write_csv(folder / "events.csv", [list(each.values()) for each in rows], header)
    return folder / "edge.toml"
