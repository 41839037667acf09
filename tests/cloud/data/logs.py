"""Small logs made by rule, as rows, files and sources."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from pathlib import Path

from cloud.data.schema import Attribute, Entities, LogTable, Source
from edge.text.spec import TextSpec

HEADER = ["user", "item", "title", "year", "time", "rating"]
TEXT = TextSpec(
    profile="[[likes {liked_share|percent}]]",
    event="{liked|choose:liked:disliked} {item.title}",
    candidate="{title} [[{year}]] [[among {views_rank|top} watched]] [[liked by {liked_share|percent}]]",
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
