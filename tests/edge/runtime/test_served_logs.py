"""What rankers served is a log of impressions: the next training reads it as it was shown and clicked."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest
from measured_exits import measured
from runnable_weights import random_engine, reading

from cloud.data.prepare import config_for, open_source, prepare
from cloud.data.rows import Prepared
from edge.bundle.exits import Exit
from edge.runtime.costs import Costs
from edge.runtime.model import Model
from edge.runtime.ranker import Ranker
from edge.text.types import Event, Item, User

FREE = ((1.0, 0.0),)
WORDS = ("red", "green", "blue", "sea", "film", "old", "new")
TOML = """name = "served"
[log]
path = "served.jsonl"
format = "jsonl"
user = "user"
item = "item"
time = "time"
label = "liked"
other_labels = ["bought"]
request = "request"
[items.attributes]
title = { column = "item.title", required = true }
year = { column = "item.year", type = "integer" }
genres = { column = "item.genres", type = "list" }
[users.attributes]
kind = { column = "user.kind" }
[text]
profile = "[[{kind}]]"
item = "{title} [[{year}]]"
event = "{liked|choose:clicked:shown} [[{bought|choose:and bought:}]]"
numbers = [{ name = "events", history = "count" }]
[split]
by = "user"
"""


def serve(users: int = 8, visits: int = 20) -> tuple[str, dict[str, set[str]]]:
    """What was logged, and the items that each user clicked: users see four items at a visit, and click one or none."""
    model = Model(random_engine(), reading(), Costs(FREE, FREE, FREE, (FREE,) * 3), measured({Exit(2, 2): 0.7}))
    chance, ranker, clicked = random.Random(0), Ranker(model, log_rows=10_000), dict[str, set[str]]()
    items = [
        Item(f"i{n}", {"title": f"{WORDS[n % 7]} {WORDS[n // 7]}", "year": 1980 + n, "genres": ("drama", "sea")})
        for n in range(49)
    ]
    known = {f"u{number}": ranker.user(User({"kind": "new"}), id=f"u{number}") for number in range(users)}
    for visit in range(visits):
        for name, user in known.items():
            ranked = ranker.rank(user, chance.sample(items, 4), time_s=1_700_000_000.0 + 1000 * visit)
            if chance.random() < 0.7:
                best = ranked.items[0]
                bought = chance.random() < 0.4
                user.add(Event(best, {"liked": True, "bought": bought}, 1_700_000_000.0 + 1000 * visit + 3))
                clicked.setdefault(name, set()).add(f"{best.id} {visit}")
    return ranker.log(), clicked


def shown_in_docs() -> str:
    page = (Path(__file__).parents[3] / "docs" / "data.md").read_text()
    return next(block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "served.jsonl" in block)


@pytest.mark.parametrize("toml", [TOML, shown_in_docs()], ids=["all", "docs"])
def test_edge_prepare_reads_what_was_served(tmp_path: Path, toml: str) -> None:
    lines, clicked = serve()
    (tmp_path / "served.jsonl").write_text(lines)
    (tmp_path / "edge.toml").write_text(toml)
    source = open_source(str(tmp_path / "edge.toml"))
    prepared = Prepared(prepare(source, tmp_path / "run", config_for(source)))
    columns = {name: prepared.column(name) for name in ("user", "item", "time", "label", "earlier")}
    assert len(columns["label"]) == 8 * 20 * 4
    visits = np.round((columns["time"] - 1_700_000_000) / 1000).astype(int)
    found: dict[str, set[str]] = {}
    for row in np.flatnonzero(columns["label"]):
        name, item = prepared.users.names[columns["user"][row]], prepared.items.names[columns["item"][row]]
        found.setdefault(name, set()).add(f"{item} {visits[row]}")
    assert found == clicked
    for row in range(0, len(visits), 7):  # a row looks back on as many events as the ranker did
        name = prepared.users.names[columns["user"][row]]
        before = [one for one in clicked[name] if int(one.split()[1]) < visits[row]]
        assert columns["earlier"][row] == len(before)
    if toml == TOML:
        assert set(prepared.phrases.texts) >= {"clicked", "clicked and bought"}
        assert prepared.other_labels.sum() > 5
