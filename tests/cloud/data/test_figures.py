"""What a prepared run says of its log, against counting by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from logs import make_rows, make_source, read, write_csv

from cloud.data.counts import count_by, counted_auc, spread_of
from cloud.data.figures import log_figures
from cloud.data.log import PARTS, TEST, TRAIN, Log
from cloud.data.number_columns import known_at
from cloud.data.number_figures import number_figures
from cloud.data.prepare import config_for, prepare
from cloud.data.rows import ROWS, Prepared
from cloud.data.schema import Source, Split
from cloud.runs.directory import Run
from edge.metrics import auc
from edge.text.spec import read_spec


@pytest.fixture
def run(source: Source, tmp_path: Path) -> Run:
    return prepare(source, tmp_path / "run", replace(config_for(source), vocabulary=300, requests=10))


def test_rows_users_items_and_screens_are_counted_for_each_part(log: Log) -> None:
    events, found = log.events, log_figures(known_at(log))["parts"]
    assert list(found) == ["all", *PARTS]
    for name in found:
        rows = events if name == "all" else events.select(events.part == PARTS.index(name))
        screens: dict[tuple[int, float], list[bool]] = {}
        for user, time, liked in zip(rows.user, rows.time, rows.liked, strict=True):
            screens.setdefault((user, time), []).append(bool(liked))
        both = sum(0 < sum(labels) < len(labels) for labels in screens.values())
        assert found[name] == {
            "rows": len(rows),
            "liked": pytest.approx(rows.liked.mean(), rel=1e-5),
            "users": len(set(rows.user.tolist())),
            "items": len(set(rows.item.tolist())),
            "screens": len(screens),
            "screens_with_both_labels": pytest.approx(both / len(screens), rel=1e-5),
            "rows_a_screen": pytest.approx(len(rows) / len(screens), rel=1e-5),
        }


def test_figures_are_the_same_however_many_rows_are_looked_at_together(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = log_figures(known_at(log))
    for rows in (1, 7):
        monkeypatch.setattr("cloud.data.counts.CHUNK", rows)
        monkeypatch.setattr("cloud.data.figures.CHUNK", rows)
        assert log_figures(known_at(log)) == whole


def test_histories_are_the_strictly_earlier_events_of_each_part(log: Log) -> None:
    known = known_at(log)
    found = log_figures(known)["histories"]
    for part, name in enumerate(PARTS):
        lengths = known.earlier[log.events.part == part]
        of_part = found[name]
        assert (of_part["rows"], of_part["max"]) == (len(lengths), lengths.max())
        assert of_part["median"] == np.quantile(lengths, 0.5, method="inverted_cdf")
        assert of_part["mean"] == pytest.approx(lengths.mean(), rel=1e-5)
        assert of_part["none"] == pytest.approx((lengths == 0).mean(), rel=1e-5)
        for length, up_to in zip(found["curve"]["length"], found["curve"][name], strict=True):
            assert up_to == pytest.approx((lengths <= length).mean(), rel=1e-5)
    assert found["curve"]["length"][-1] == known.earlier.max()


def test_users_and_items_that_training_never_met_are_counted_in_the_test(tmp_path: Path) -> None:
    source = make_source(write_csv(tmp_path / "events.csv", make_rows()))
    log, _ = read(replace(source, split=Split(by="time", unseen_items=0.2)))
    events, found = log.events, log_figures(known_at(log))["test"]
    train, test = events.select(events.part == TRAIN), events.select(events.part == TEST)
    new = ~np.isin(test.item, train.item)
    assert found["unseen_items"]["count"] == len(np.unique(test.item[new])) > 0
    assert found["unseen_items"]["rows"] == new.sum()
    assert found["cold_users"] == {"count": 0, "rows": 0, "share": 0.0}
    assert found["users"] == len(np.unique(test.user))
    assert found["rows_a_user"]["max"] == np.bincount(test.user).max()


def test_rows_over_time_hold_every_row_and_are_left_out_where_users_share_no_clock(log: Log, tmp_path: Path) -> None:
    found = log_figures(known_at(log))["over_time"]
    assert [sum(found[name]) for name in PARTS] == [(log.events.part == part).sum() for part in range(3)]
    apart, _ = read(make_source(write_csv(tmp_path / "apart.csv", make_rows()), clock="user"))
    assert log_figures(known_at(apart))["over_time"] is None


def test_numbers_are_those_of_the_file_read_in_batches(run: Run, log: Log) -> None:
    prepared, spec = Prepared(run), read_spec(run.file("text.json"))
    assert run.summary["figures"]["numbers"] == number_figures(run.file(ROWS), spec.numbers, run.summary["rows"])
    for place, number in enumerate(run.summary["figures"]["numbers"]):
        values = prepared.numbers[prepared.part("test"), place]
        labels = prepared.column("label")[prepared.part("test")]
        known = ~np.isnan(values)
        of_test = number["test"]
        assert of_test["missing"] == pytest.approx(1 - known.mean(), abs=1e-5)
        assert of_test["clipped"] == pytest.approx((np.abs(values[known]) >= 4).sum() / len(values), abs=1e-5)
        assert sum(of_test["histogram"]) == known.sum()
        if 0 < labels[known].sum() < known.sum():
            assert of_test["auc"] == pytest.approx(auc(values[known], labels[known]), rel=1e-5)


def test_an_auc_of_counts_is_that_of_the_rows() -> None:
    chance = np.random.default_rng(0)
    score, liked = chance.integers(0, 5, 200), chance.random(200) < 0.4
    likes, others = (np.bincount(score[rows], minlength=5) for rows in (liked, ~liked))
    assert counted_auc(np.arange(5), likes, others) == pytest.approx(auc(score, liked), rel=1e-5)
    assert counted_auc(np.arange(5), likes, np.zeros(5)) is None


def test_counts_are_of_rows_and_of_likes_and_a_spread_is_that_of_the_values(log: Log) -> None:
    counts = count_by(log.events.item, log.events, len(log.items))
    assert counts.rows.sum() == len(log.events)
    assert counts.likes.sum() == log.events.liked.sum()
    assert (counts.others >= 0).all()
    assert spread_of(np.bincount([0, 1, 1, 9])) == {"mean": 2.75, "median": 1, "p5": 0, "p95": 9, "max": 9}


def test_the_summary_is_plain_json_with_every_figure(run: Run) -> None:
    figures = json.loads((run.path / "manifest.json").read_text())["summary"]["figures"]
    assert set(figures) == {"parts", "histories", "test", "over_time", "items", "attributes", "numbers"}
