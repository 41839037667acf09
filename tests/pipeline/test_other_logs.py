"""Logs unlike MovieLens, from `edge init` to a bundle: other columns and templates, and too few rows for figures."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import edge
from small_road import ONE_PASS, SETTINGS, options

SMALL = options([*SETTINGS, *ONE_PASS])


def impressions(random: Random, users: int = 60) -> Iterator[dict[str, Any]]:
    """Screens of a shop: each item has a name, a kind and a price in every row, and nothing may be missing."""
    kinds = ("Schuh", "帽子", "bag")
    for user in range(users):
        liked, moment = random.choice(kinds), 1_700_000_000 + random.randrange(10**6)
        for screen in range(6):
            moment += random.randrange(60, 90_000)
            for number in random.sample(range(90), 5):
                kind = kinds[number % 3]
                yield {
                    "customer": f"c{user}", "sku": f"s-{number}", "ts": datetime.fromtimestamp(moment, UTC),
                    "request_id": f"{user}-{screen}", "clicked": int(random.random() < (0.7 if kind == liked else 0.2)),
                    "name": f"Größe {number}", "kind": kind, "price": 5.0 + number,
                }  # fmt: skip


def parquet_of_a_shop(folder: Path) -> Path:
    rows = list(impressions(Random(1)))
    Random(2).shuffle(rows)
    path = folder / "shop.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def few_ratings(folder: Path) -> Path:
    """So few that no user has both labels among the test rows."""
    random, path = Random(3), folder / "few.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("user_id", "item_id", "timestamp", "rating", "title"))
        for number in range(200):
            item = random.randrange(40)
            moment = 1_600_000_000 + 500 * number
            writer.writerow((number % 50, item, moment, random.randint(1, 5), f"thing number {item}"))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("log", [parquet_of_a_shop, few_ratings])
def test_a_log_of_another_kind_becomes_a_bundle(log: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "log.toml"
    assert edge("init", "--log", log(tmp_path), "--out", data) == 0
    capsys.readouterr()
    assert edge("run", "--data", data, "--out", tmp_path / "run", "--json", *SMALL) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in found["rows"]][-1] == "int8" and found["verdict"]["sentences"]
    assert edge("verify", tmp_path / "run" / "export" / "movies.edge") == 0
