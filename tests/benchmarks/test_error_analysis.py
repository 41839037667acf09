"""The error analysis: its groups divide the test rows, and a weakness that was planted is the worst one it names."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import error_groups
import errors
import numpy as np
import pytest
from commands import edge
from error_causes import Compared, additions, disagreement, levels, ranks, with_rivals_level, with_score
from error_groups import Grouping, by_value, groupings, in_parts, of_counts, read_prepared_log

from cloud.data.log import Log
from cloud.data.prepare import config_for, open_source, prepare
from cloud.data.rows import Prepared
from cloud.ranking.kept_scores import RANKING_FILES, keep_scores
from cloud.rivals.kept_scores import SCORES, scores_file
from cloud.rivals.stage import STAGE as RIVALS
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from edge.errors import EdgeError
from edge.files import write_atomically
from edge.metrics import auc

SPOILED = "Western"


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared film club, and the runs of an `edge run` with invented scores: int8's are random for one genre."""
    folder = tmp_path_factory.mktemp("club")
    assert edge("init", "--example", "--out", folder / "edge.toml") == 0
    source = open_source(str(folder / "edge.toml"))
    data = prepare(source, folder / "run" / "data", config_for(source))
    rows, random = Prepared(data), np.random.default_rng(0)
    texts = np.array(rows.items.texts)[rows.column("item")]
    logits = 1.5 * rows.column("label") - 0.7 + random.normal(size=len(texts))
    spoiled = np.where([SPOILED in text for text in texts], random.normal(size=len(texts)), logits)
    for name, scores in (("teacher", logits), ("int8", spoiled)):
        with Target(folder / "run" / name, Stage(name, 1, RANKING_FILES), [data], {}).writing() as workspace:
            keep_scores(workspace.path, {(part, 1, 1): scores[rows.part(part)] for part in ("validation", "test")})
    near = logits + random.normal(0, 0.05, len(logits))
    kept = {"near": near, "item mean": random.normal(size=len(logits))}
    with Target(folder / "run" / "rivals", RIVALS, [data], {}).writing() as workspace:
        of_test = {name: each[rows.part("test")].astype(np.float32) for name, each in kept.items()}
        write_atomically(workspace.path / SCORES, scores_file(of_test))
    return folder


@pytest.fixture(scope="module")
def log(road: Path) -> Log:
    return read_prepared_log(open_source(str(road / "edge.toml")), Run.open(road / "run" / "data"))


@pytest.fixture(scope="module")
def divided(road: Path, log: Log) -> dict[str, Grouping]:
    earlier = Prepared(Run.open(road / "run" / "data")).column("earlier")
    return {each.name: each for each in groupings(log, earlier, ["genres", "year"])}


def test_each_test_row_is_in_one_group_of_a_grouping_and_of_a_list_in_one_at_least(
    divided: dict[str, Grouping], log: Log
) -> None:
    rows = int((log.events.part == 2).sum())
    assert {each.name for each in divided.values() if each.overlaps} == {"genres"}
    for each in divided.values():
        times = np.sum(list(each.groups.values()), axis=0)
        assert len(times) == rows and times.min() == 1
        assert all(at.any() for at in each.groups.values())
        assert times.max() == 1 or each.overlaps


def test_where_clocks_are_the_users_own_no_group_compares_times_of_two_users(log: Log) -> None:
    earlier = np.zeros(len(log.events), dtype=np.int32)
    names = {each.name for each in groupings(replace(log, shared_clock=False), earlier)}
    assert {each.name for each in groupings(log, earlier)} - names == {
        "item's views before", "item's liked share before", "days since the item's first row",
    }  # fmt: skip


def test_groups_say_what_was_known_before_the_row(divided: dict[str, Grouping], log: Log) -> None:
    """By hand, row by row: strictly earlier rows alone."""
    events, counted = log.events, {"item's views before": [], "days since the item's first row": []}
    for row in np.flatnonzero(events.part == 2)[::40]:
        before = (events.item == events.item[row]) & (events.time < events.time[row])
        counted["item's views before"].append(before.sum())
        first = events.time[events.item == events.item[row]].min()
        counted["days since the item's first row"].append((events.time[row] - first) // 86_400)
    for name, values in counted.items():
        for place, value in enumerate(values):
            (group,) = (group for group, at in divided[name].groups.items() if at[40 * place])
            least, _, most = group.partition(" to ")
            assert float(least) <= value <= float(most or least)


def test_counts_parts_and_values_keep_every_row_and_name_what_is_missing() -> None:
    assert {name: int(at.sum()) for name, at in of_counts(np.array([0, 1, 3, 4, 7, 2_000])).items()} == {
        "0": 1, "1": 1, "2 to 4": 2, "5 to 9": 1, "1000+": 1,
    }  # fmt: skip
    parts = in_parts(np.array([*range(10), np.nan]))
    assert [int(at.sum()) for at in parts.values()] == [2, 2, 2, 2, 2, 1] and list(parts)[-1] == "none"
    assert list(in_parts(np.full(3, np.nan))) == ["none"]
    brands = by_value("brand", ["a", "b", None, "a"])
    assert not brands.overlaps and {name: int(at.sum()) for name, at in brands.groups.items()} == {
        "a": 2, "b": 1, "none": 1,
    }  # fmt: skip


def test_rare_values_are_one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_groups, "MOST_VALUES", 1)
    found = by_value("brand", ["a", "a", "b", "c", None])
    assert {name: int(at.sum()) for name, at in found.groups.items()} == {"a": 2, "others": 2, "none": 1}


def run_program(road: Path, monkeypatch: pytest.MonkeyPatch, *options: object) -> int:
    arguments = ["errors.py", road / "run", "--data", road / "edge.toml", *options]
    monkeypatch.setattr(sys, "argv", list(map(str, arguments)))
    return errors.main()


def test_the_planted_weakness_is_the_worst_group_and_a_model_without_one_has_none_such(
    road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page = tmp_path / "errors.json", tmp_path / "errors.md"
    options = "--attribute", "genres", "--attribute", "year", "--examples", 2, "--out", out, "--markdown", page
    assert run_program(road, monkeypatch, *options) == 0
    found: dict[str, Any] = json.loads(out.read_text())
    assert found["rival"] == "near"
    assert found["losses"]["int8"]["auc"][0] == ["genres", SPOILED]
    assert found["losses"]["int8"]["user_auc"][0] == ["genres", SPOILED]
    worst = found["groups"]["genres"][SPOILED]
    assert worst["less the rival"]["int8"]["auc"]["high"] < -0.2 and worst["rows"] >= 50
    others = [each for name, each in found["groups"]["genres"].items() if name != SPOILED and "reached" in each]
    assert len(others) >= 5
    assert all(abs(each["less the rival"]["teacher"]["auc"]["value"]) < 0.02 for each in (*others, worst))
    assert f"genres: {SPOILED}" in page.read_text() and "the rival is right" in page.read_text()
    assert capsys.readouterr().out.startswith("Differences from near")


def test_another_log_an_unknown_attribute_and_an_unknown_rival_are_refused(
    road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(road, monkeypatch, "--attribute", "genre") == 2
    assert "no item has an attribute 'genre'" in capsys.readouterr().err
    assert run_program(road, monkeypatch, "--rival", "nearr") == 2
    assert "near" in capsys.readouterr().err
    assert edge("init", "--example", "--out", tmp_path / "edge.toml") == 0
    lines = (tmp_path / "events.csv").read_text().splitlines(keepends=True)
    (tmp_path / "events.csv").write_text("".join(lines[:-200]))
    with pytest.raises(EdgeError, match="than the log"):
        read_prepared_log(open_source(str(tmp_path / "edge.toml")), Run.open(road / "run" / "data"))


def invented() -> Compared:
    """A model that lacks what "item-item CF" knows and the level of each user; the rival has both."""
    random = np.random.default_rng(0)
    users, items = (random.integers(0, count, 4_000).astype(np.int32) for count in (200, 50))
    mood, own, cf = random.normal(size=200)[users], random.normal(size=4_000), random.normal(size=4_000)
    labels = own + cf + mood + random.logistic(size=4_000) > 0
    rivals = {"rival": own + cf + mood, "item-item CF": cf}
    return Compared(labels, users, items, {"model": own}, rivals, "rival")


def test_what_the_model_lacks_is_found_by_giving_it() -> None:
    compared = invented()
    added = with_score(compared, compared.models["model"], compared.rivals["item-item CF"])
    found = levels(replace(compared, models=compared.models | {"added": added}))
    given = {name: {way: figures["auc"].value for way, figures in ways.items()} for name, ways in found.items()}
    assert given["model"]["none"] < given["model"]["each user"] < -0.05
    assert given["model"]["none"] < given["added"]["none"] < -0.05
    assert abs(given["added"]["each user"]) < 0.01
    assert additions(compared)["model"]["item-item CF"]["auc"].low > 0.02


def test_the_rivals_level_changes_no_order_within_a_user_and_a_score_is_added_by_other_users_fit() -> None:
    compared = invented()
    own, users = compared.models["model"], compared.users
    moved = with_rivals_level(compared, own, users)
    means = [np.bincount(users, column) / np.bincount(users) for column in (moved, compared.theirs)]
    np.testing.assert_allclose(means[0], means[1])
    shift = moved - own
    assert all(np.ptp(shift[users == user]) < 1e-9 for user in range(20))
    stacked = with_score(compared, own, compared.rivals["item-item CF"])
    assert auc(stacked, compared.labels) > auc(own, compared.labels) + 0.05
    odd = np.unique(users, return_inverse=True)[1] % 2 == 1
    turned = np.where(odd, ~compared.labels, compared.labels)
    again = with_score(replace(compared, labels=turned), own, compared.rivals["item-item CF"])
    np.testing.assert_allclose(again[odd], stacked[odd])  # their fit saw the other users alone


def test_where_ranks_are_furthest_apart_it_counts_who_is_right() -> None:
    compared = invented()
    assert disagreement(compared, compared.models["model"])["rival right"] > 0.6
    same = disagreement(compared, compared.theirs)
    assert same["least apart"] == 0 and same["rows"] == 200
    np.testing.assert_allclose(ranks(np.array([3.0, 1.0, 1.0, 2.0])), [0.875, 0.25, 0.25, 0.625])
