"""Invented logs of several trades, as strangers' systems would write them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Rows = list[dict[str, Any]]
SHELVES = ("Garden", "Kitchen", "Toys", "Books")
BRANDS = ("Ostervale", "Quill & Co", "Brantholm")
STYLES = ("folk", "jazz", "choral", "techno")
NEWS = ("harbour", "council", "football", "weather", "school")
START = 1_700_000_000


def _events(users: int = 12, each: int = 30, items: int = 20) -> list[tuple[int, int, int, random.Random]]:
    """(user, item, moment, chance), oldest first."""
    chance = random.Random(3)
    return [(user, chance.randrange(items), moment, chance) for moment in range(each) for user in range(users)]


def shop() -> Rows:
    """A shop's clicks: attributes of both, a column of the moment, booleans, a constant and an empty one."""
    return [
        {
            "customer_id": f"c{user}",
            "product_id": 100 + item,
            "product_name": f"{('Blue', 'Red')[item % 2]} {SHELVES[item % 4]} {item}",
            "category": SHELVES[item % 4],
            "brand": BRANDS[item % 3] if item % 7 else "NULL",
            "price": 2.5 * item + 0.99,
            "in_stock": "true" if item % 3 else "false",
            "event_time": START + 60 * moment,
            "device": chance.choice(("phone", "tablet")),
            "country": ("Vellanby", "Zandeck")[user % 2],
            "age": 20 + user if user % 5 else "",
            "is_member": user % 2,
            "currency": "EUR",
            "coupon": "",
            "clicked": int(chance.random() < 0.4),
        }
        for user, item, moment, chance in _events()
    ]


def music() -> Rows:
    """Stars for songs: lists, ISO times, half stars."""
    return [
        {
            "user": f"listener-{user}",
            "song_id": f"s{item}",
            "song_title": f"The Song of {STYLES[item % 4]} {item}, A",
            "styles": "|".join(sorted({STYLES[item % 4], STYLES[item % 3]})),
            "year": 1970 + item,
            "listened_at": datetime.fromtimestamp(START + 3600 * moment, UTC).isoformat(),
            "stars": chance.choice((0.5, 1, 2, 3, 4.5, 5)),
        }
        for user, item, moment, chance in _events()
    ]


def news() -> Rows:
    """Impressions of articles: lists of words, milliseconds, requests of some seconds."""
    return [
        {
            "request_id": f"q{user}-{moment // 3}",
            "visitorid": user,
            "articleId": f"a{item}",
            "headline": f"What the {NEWS[item % 5]} did on day {item}",
            "topics": [NEWS[item % 5], NEWS[item % 4]],
            "ts": (START + 1000 * (moment // 3) + moment % 3) * 1000,
            "is_click": chance.random() < 0.3,
            "position": moment % 3,
        }
        for user, item, moment, chance in _events()
    ]


def steps() -> Rows:
    """No item ids, and times that are each user's own steps."""
    return [
        {
            "user": f"u{user}",
            "time": moment,
            "title": f"Umbrella, {('The', 'A')[item % 2]} {item}",
            "brand": BRANDS[item % 3],
            "clicked": int(chance.random() < 0.5),
        }
        for user, item, moment, chance in _events()
    ]


def write(path: Path, rows: Rows, separator: str = ",", encoding: str = "utf-8") -> Path:
    """As the name's ending says: csv, tsv, jsonl, parquet, also with .gz."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path
    if ".jsonl" in path.name:
        text = "".join(json.dumps(row) + "\n" for row in rows)
    else:
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), delimiter=separator, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = out.getvalue()
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def without(rows: Rows, *names: str) -> Rows:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def renamed(rows: Rows, **names: str) -> Rows:
    return [{names.get(name, name): value for name, value in row.items()} for row in rows]
