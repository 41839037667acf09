"""The invented log of `edge init --example`: the same bytes each time, whole, and with something in it to learn."""

import csv
import hashlib
import io
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from commands import edge

from cloud.data.example_log import EVENTS, FILMS, HEADER, MEMBERS, example_log


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(example_log())))


def test_the_example_is_the_same_bytes_each_time() -> None:
    digest = hashlib.sha256(example_log().encode()).hexdigest()
    assert digest == "815570fa31d0f962d41d10bfbf9f126cab789c596351c65b75cc483c5ff9c06c"
    assert example_log(seed=1) != example_log()


def test_every_member_meets_sixty_different_films_oldest_first(rows: list[dict[str, str]]) -> None:
    films, times = defaultdict(set), defaultdict(list)
    for row in rows:
        films[row["user"]].add(row["item"])
        times[row["user"]].append(int(row["time"]))
    assert len(films) == MEMBERS
    assert {len(met) for met in films.values()} == {EVENTS}
    assert all(moments == sorted(moments) for moments in times.values())


def test_an_item_is_one_film_and_a_title_belongs_to_one_item(rows: list[dict[str, str]]) -> None:
    films = {(row["item"], row["title"], row["year"], row["genres"]) for row in rows}
    assert len({film[0] for film in films}) == len({film[1] for film in films}) == len(films) <= FILMS


def test_a_member_keeps_age_and_gender(rows: list[dict[str, str]]) -> None:
    assert len({(row["user"], row["age"], row["gender"]) for row in rows}) == MEMBERS


def test_ratings_spread_and_likes_are_about_half(rows: list[dict[str, str]]) -> None:
    counts = Counter(row["rating"] for row in rows)
    assert set(counts) == set("12345")
    assert 0.4 < (counts["4"] + counts["5"]) / len(rows) < 0.6


def test_what_a_member_thought_of_a_genre_tells_what_comes_and_best_if_it_is_recent(rows: list[dict[str, str]]) -> None:
    """Ratings less their film's mean, so far of a member's films of one genre against the next, as correlations."""
    films: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        films[row["item"]].append(int(row["rating"]))
    earlier, recent, coming = [], [], []
    seen: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        above = int(row["rating"]) - sum(films[row["item"]]) / len(films[row["item"]])
        before = seen[row["user"], row["genres"].split("|")[0]]
        if len(before) >= 8:
            earlier.append(sum(before[:4]))
            recent.append(sum(before[-4:]))
            coming.append(above)
        before.append(above)
    assert correlation(recent, coming) > 0.25
    assert correlation(recent, coming) > correlation(earlier, coming) + 0.03


def correlation(one: list[float], other: list[float]) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def test_the_example_is_read_as_it_stands_and_has_no_bad_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge("init", "--example", "--out", str(tmp_path / "edge.toml")) == 0
    told = capsys.readouterr().out
    assert f"edge run --data {tmp_path / 'edge.toml'} --out runs/club" in told
    assert (tmp_path / "events.csv").read_text().splitlines()[0] == HEADER
    assert edge("prepare", "--data", str(tmp_path / "edge.toml"), "--out", str(tmp_path / "run"), "--json") == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["rows"] == {"train": 9600, "validation": 1200, "test": 1200}
    assert summary["bad_rows"]["total"] == 0
    assert 0.7 < summary["baselines"]["test"]["item mean"]["auc"] < 0.8


@pytest.mark.parametrize("there", [["events.csv"], ["edge.toml"], ["edge.toml", "events.csv"]])
def test_the_example_overwrites_nothing_and_names_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], there: list[str]
) -> None:
    for name in there:
        (tmp_path / name).write_text("mine")
    assert edge("init", "--example", "--out", str(tmp_path / "edge.toml")) == 2
    error = capsys.readouterr().err
    assert all(str(tmp_path / name) in error for name in there)
    assert "already" in error and "--out" in error
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(there, "mine")


def test_a_folder_is_no_place_for_an_edge_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge("init", "--out", tmp_path) == 2
    assert "it is a directory\nfix: name a file" in capsys.readouterr().err
