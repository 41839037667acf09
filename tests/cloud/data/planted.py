"""Logs with a fault that is put there on purpose, and the same logs without it."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from logs import ITEMS, TEXT, Rows, write_csv

from cloud.data.schema import Attribute, Entities, LogTable, Source, Split

HEADER = ["user", "item", "title", "year", "status", "time", "clicked"]
USERS, MOMENTS, SHOWN = 60, 20, 3


def screens(popular_negatives: bool = False, leaking: bool = False) -> Rows:
    """Of each user and moment one liked row among `SHOWN`, of items that are liked by popularity.

    The others are drawn as the liked ones are, or from the popular items alone. `leaking`: each row has an item of its
    own, whose status tells the label.
    """
    chance = random.Random(3)
    items, weights = range(40), [1 / (place + 5) for place in range(40)]
    rows = []
    for moment in range(MOMENTS):
        for user in range(USERS):
            chosen = chance.choices(items, weights)[0]
            shown = {chosen: True}
            while len(shown) < SHOWN:
                other = chance.randrange(6) if popular_negatives else chance.choices(items, weights)[0]
                shown.setdefault(other, False)
            for item, liked in shown.items():
                name = f"{item}-{user}-{moment}" if leaking else str(item)
                status = ("sold" if liked else "offered") if leaking else "offered"
                rows.append([f"u{user}", name, f"Title {item}", str(1980 + item), status, str(moment), str(int(liked))])
    return rows


def histories(long_users: int = 20, short_users: int = 300) -> Rows:
    """Users of six rows, and some of sixty: only these have a row among the last tenth of their own."""
    chance = random.Random(5)
    lengths = [6] * short_users + [60] * long_users
    return [
        [f"u{user}", f"i{chance.randrange(30)}", "Title", "1980", "offered", str(step), chance.choice("01")]
        for user, length in enumerate(lengths)
        for step in range(length)
    ]


def source_of(folder: Path, rows: Rows, clock: str = "shared", by: str = "user", status: bool = True) -> Source:
    """Every row is an event."""
    log = LogTable(
        str(write_csv(folder / "events.csv", rows, HEADER)), "user", "item", "time", label="clicked",
        clock=clock, order="any", events="all",  # type: ignore[arg-type]
    )  # fmt: skip
    attributes = dict(ITEMS.attributes) | ({"status": Attribute("status")} if status else {})
    split = Split(by=by)  # type: ignore[arg-type]
    return Source(name="planted", text=TEXT, log=log, items=Entities(attributes=attributes), split=split)


def choices_of(folder: Path) -> Source:
    """The liked rows alone, without a clock that users share; each user chooses popular items first, then others."""
    chance = random.Random(9)
    rows = []
    for user in range(300):
        chosen = sorted(range(200), key=lambda item: chance.expovariate(1 / (item + 3)))[:20]
        for step, item in enumerate(chosen):
            rows.append([f"u{user}", str(item), f"Title {item}", "1980", "sold", str(step), "1"])
    source = source_of(folder, rows, "user")
    return replace(source, log=replace(source.log, label="", events=""))
