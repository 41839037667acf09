"""How fast `edge prepare` is, and how much memory it takes: invented logs of so many million rows, each in a process.

    python benchmarks/prepare_size.py 1 4 16 --format csv parquet --out benchmarks/results/prepare-size.json

On a machine that others share, user and system seconds of the process tell more than those of the clock. The
sizes above take about 15 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from edge.files import write_json

TOML = """
name = "invented"
[log]
path = "events.{format}"
format = "{format}"
user = "user"
item = "item"
time = "time"
rating = "rating"
[items]
path = "items.csv"
id = "item"
[items.attributes]
title = {{ column = "title", required = true }}
kinds = {{ column = "kinds", type = "list" }}
price = {{ column = "price", type = "number" }}
[text]
profile = ""
item = "{{title}} [[{{kinds|list}}]]"
event = "rated {{rating|number}}"
context = "[[{{views_rank|top}} seen]]"
max_events = 20
max_segment_tokens = 24
max_user_tokens = 200
numbers = [
  {{ name = "views", of = "item.views", transform = "log1p" }},
  {{ name = "liked share", of = "item.liked_share" }},
  {{ name = "mean rating", of = "item.mean_rating" }},
  {{ name = "price", of = "item.price", transform = "log1p" }},
  {{ name = "events", history = "count", transform = "log1p" }},
  {{ name = "seconds", history = "seconds", transform = "log1p" }},
  {{ name = "user's share", history = "mean", of = "liked", smoothing = 5 }},
  {{ name = "last 5", history = "mean", of = "liked", last = 5, smoothing = 1 }},
  {{ name = "last 20", history = "mean", of = "liked", last = 20, smoothing = 1 }},
  {{ name = "surplus", history = "mean", of = "rating", minus = "item.mean_rating", smoothing = 5 }},
  {{ name = "by kind", history = "mean", of = "liked", same = "kinds", smoothing = 3 }},
  {{ name = "by kind, most", history = "mean", of = "liked", same = "kinds", over = "most", smoothing = 3 }},
  {{ name = "by kind, count", history = "count", same = "kinds", transform = "log1p" }},
]
"""
ITEMS, ROWS_A_USER, PART = 50_000, 160, 1_000_000
MEASURE = """
import resource, sys
from edge.cli.main import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print("used", used.ru_maxrss * 1024, used.ru_utime + used.ru_stime, file=sys.stderr)
"""


def write_log(folder: Path, rows: int, format: str) -> None:
    """Users of `ROWS_A_USER` rows on average, popular and rare items, screens of one to three rows."""
    random = np.random.default_rng(0)
    popularity = 1 / np.arange(1, ITEMS + 1) ** 0.8
    chances = np.cumsum(popularity / popularity.sum())
    writer = None
    for first in range(0, rows, PART):
        count = min(PART, rows - first)
        user = np.sort(random.integers(first // ROWS_A_USER, (first + count) // ROWS_A_USER + 1, count))
        time = 1_600_000_000 + np.arange(first, first + count) // 2 * 3
        item = np.searchsorted(chances, random.random(count))
        item[1::2] = np.where(item[1::2] == item[:-1:2], (item[1::2] + 1) % ITEMS, item[1::2])  # not twice a screen
        table = pa.table({"user": user, "item": item, "time": time, "rating": random.integers(1, 6, count)})
        if format == "parquet":
            writer = writer or pyarrow.parquet.ParquetWriter(folder / "events.parquet", table.schema)
            writer.write_table(table)
        else:
            writer = writer or pyarrow.csv.CSVWriter(folder / "events.csv", table.schema)
            writer.write_table(table)
    assert writer is not None
    writer.close()
    kinds = np.array(["Drama", "Comedy", "War", "Music", "Food", "Travel", "Home", "Toys"])
    lists = ["|".join(kinds[random.choice(8, 1 + number % 3, replace=False)]) for number in range(ITEMS)]
    titles = [f"Thing {number} of series {number % 997}" for number in range(ITEMS)]
    prices = random.integers(1, 500, ITEMS)
    pyarrow.csv.write_csv(
        pa.table({"item": np.arange(ITEMS), "title": titles, "kinds": lists, "price": prices}), folder / "items.csv"
    )
    (folder / "edge.toml").write_text(TOML.format(format=format))


def measure(rows: int, format: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_log(folder, rows, format)
        command = [
            sys.executable,
            "-c",
            MEASURE,
            "prepare",
            "--data",
            str(folder / "edge.toml"),
            "--out",
            str(folder / "run"),
        ]
        started = perf_counter()
        environment = os.environ | {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        seconds = perf_counter() - started
        if done.returncode:
            raise SystemExit(done.stderr)
        peak, cpu = map(float, done.stderr.rsplit("used ", 1)[1].split())
        written = sum(path.stat().st_size for path in (folder / "run").iterdir())
        return {"rows": rows, "format": format, "seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1),
                "rows_per_cpu_second": round(rows / cpu), "peak_bytes": round(peak),
                "written_bytes": written}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("millions", type=float, nargs="+", help="of rows, in increasing order")
    parser.add_argument("--format", choices=("csv", "parquet"), nargs="+", default=["csv"])
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    results = []
    for format in options.format:
        for millions in options.millions:
            results.append(measure(int(millions * 1e6), format))
            print(json.dumps(results[-1]), flush=True)
    for one, other in pairwise(results):
        rows = int(str(other["rows"])) - int(str(one["rows"]))
        more = int(str(other["peak_bytes"])) - int(str(one["peak_bytes"]))
        if rows > 0:
            print(f"from {one['rows']:,} to {other['rows']:,} rows: {more / rows:.0f} bytes of peak memory a row")
    if options.out:
        write_json(options.out, results)


if __name__ == "__main__":
    main()
