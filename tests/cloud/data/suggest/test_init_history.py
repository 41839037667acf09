"""Whether `edge init --log` lets what was shown and not liked enter the histories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from invented import Rows, write

from cloud.data.schema import Source
from cloud.data.suggest.look import suggest

Likes = Callable[[Random], list[int]]  # of the rows of a screen


def impressions(likes: Likes, users: int = 30, screens: int = 6) -> Rows:
    random, rows = Random(4), list[dict[str, Any]]()
    for user in range(users):
        for screen in range(screens):
            shown = random.sample(range(40), 4)
            for item, liked in zip(shown, likes(random), strict=True):
                moment = 1_600_000_000 + 90_000 * screen + 1_000 * user
                known = {"sku": f"s{item}", "name": f"thing {item} of kind {item % 5}"}
                rows.append({"customer": f"c{user}", "time": moment, "clicked": liked, **known})
    return rows


def independent(share: float) -> Likes:
    return lambda random: [int(random.random() < share) for _ in range(4)]


def one_each(random: Random) -> list[int]:
    liked = random.randrange(4)
    return [int(place == liked) for place in range(4)]


def suggested(rows: Rows, folder: Path) -> tuple[Source, list[str]]:
    found = suggest(write(folder / "log.csv", rows))
    return found.source, [line for line in found.check if 'events = "all"' in line]


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_impressions_enter_the_history_and_the_numbers_are_those_of_both_signs(share: float, tmp_path: Path) -> None:
    source, said = suggested(impressions(independent(share)), tmp_path)
    assert source.log.events == "all" and len(said) == 1
    assert "liked share of the user" in [number.name for number in source.text.numbers]


@pytest.mark.parametrize("likes", [one_each, independent(0.02)])
def test_what_was_drawn_beside_each_like_and_what_is_hardly_ever_liked_stays_out(likes: Likes, tmp_path: Path) -> None:
    source, said = suggested(impressions(likes), tmp_path)
    assert source.log.events == "" and not said
    assert "liked share of the user" not in [number.name for number in source.text.numbers]


def test_a_log_of_single_rows_needs_no_screens(tmp_path: Path) -> None:
    rows = [row | {"time": row["time"] + place} for place, row in enumerate(impressions(one_each))]
    assert suggested(rows, tmp_path)[0].log.events == "all"


def test_ratings_always_enter_the_history(tmp_path: Path) -> None:
    rows = impressions(independent(0.5))
    for place, row in enumerate(rows):
        row["stars"] = 1 + 2 * row.pop("clicked") + place % 3
    source, said = suggested(rows, tmp_path)
    assert source.log.rating == "stars" and source.log.events == "" and not said
