"""Warnings of what would mislead: each fires on a log that has the fault, and on none that has not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs import Rows, read
from planted import choices_of, histories, screens, source_of

from cloud.data.baselines import baselines
from cloud.data.figures import log_figures
from cloud.data.histories import history_warning
from cloud.data.log import Log
from cloud.data.movielens import movielens
from cloud.data.number_columns import known_at
from cloud.data.prepare import config_for, prepare
from cloud.data.schema import Negatives, Source, Split
from cloud.data.split import parts
from cloud.data.suspicions import label_warnings
from edge.errors import EdgeError
from edge.text.number import Number

GIVES_AWAY = "the item's attribute 'status' gives the label away"
POPULAR = "popular items are liked less than others in test rows"
LENGTHS = "the histories of training rows and test rows differ"


def about_labels(source: Source) -> list[EdgeError]:
    log, _ = read(source)
    figures = log_figures(known_at(log)) | {"numbers": []}
    return list(label_warnings(figures, baselines(log.events, log.shared_clock)["test"], source.negatives))


def about_histories(log: Log, split: Split) -> list[EdgeError]:
    known = known_at(log)
    return list(history_warning(known, log_figures(known)["histories"], split))


def test_an_attribute_that_tells_the_label_is_named(tmp_path: Path) -> None:
    (warning,) = about_labels(source_of(tmp_path, screens(leaking=True)))
    assert warning.problem == GIVES_AWAY
    assert warning.evidence == "ranking by its mean label in training rows has AUC 1.000 of 360 test rows"
    assert "take status out of [items.attributes]" in warning.fix
    assert about_labels(source_of(tmp_path, screens(leaking=True), status=False)) == []


def test_an_attribute_that_is_missing_where_the_label_is_0_is_named(tmp_path: Path) -> None:
    rows = [[*row[:4], "" if row[4] == "offered" else row[4], *row[5:]] for row in screens(leaking=True)]
    (warning,) = about_labels(source_of(tmp_path, rows))
    assert warning.problem == GIVES_AWAY


def test_a_number_that_tells_the_label_is_named_once_where_its_attribute_is_named_already(tmp_path: Path) -> None:
    rows = [[*row[:3], "9" if row[-1] == "1" else "7", *row[4:]] for row in screens(leaking=True)]
    source = source_of(tmp_path, rows, status=False)
    text = replace(source.text, numbers=(Number("age of the offer", of="item.year"),))
    run = prepare(source, tmp_path / "run", replace(config_for(source), vocabulary=300, requests=5, text=text))
    (warning,) = [warning for warning in run.summary["warnings"] if "gives the label away" in warning]
    assert "attribute 'year' gives the label away" in warning
    figures = run.summary["figures"] | {"attributes": []}
    (error,) = label_warnings(figures, {}, source.negatives)
    assert error.problem == "the number 'age of the offer' gives the label away"
    assert error.evidence == "alone it has AUC 1.000 of 360 test rows, 1.000 of training rows"


@pytest.mark.parametrize("clock", ["shared", "user"])
def test_rows_drawn_from_popular_items_are_warned_of_and_rows_drawn_like_the_liked_ones_are_not(
    tmp_path: Path, clock: str
) -> None:
    (warning,) = about_labels(source_of(tmp_path, screens(popular_negatives=True), clock))
    assert warning.problem.startswith(POPULAR)
    assert "rows of the item in training 0." in warning.evidence
    assert "draw from what others liked at about that time" in warning.fix
    assert about_labels(source_of(tmp_path, screens(), clock)) == []


def test_negatives_drawn_evenly_from_a_skewed_catalogue_are_warned_of_and_the_fix_works(tmp_path: Path) -> None:
    source = replace(choices_of(tmp_path), negatives=Negatives(4, "uniform"))
    (warning,) = about_labels(source)
    assert warning.problem == "negatives drawn by 'uniform' make popularity alone look like skill"
    assert warning.fix == "--set negatives.by=stage"
    assert about_labels(replace(source, negatives=Negatives(4, "stage"))) == []


def test_where_preparation_drew_the_negatives_the_fix_is_another_way_of_drawing(tmp_path: Path) -> None:
    log, _ = read(source_of(tmp_path, screens(popular_negatives=True)))
    figures = log_figures(known_at(log)) | {"numbers": []}
    (warning,) = label_warnings(figures, {}, Negatives(2, "popularity"))
    assert (warning.problem.startswith(POPULAR), warning.fix) == (True, "--set negatives.by=stage")


def test_items_that_are_always_liked_or_never_are_warned_of(tmp_path: Path) -> None:
    rows = [[*row[:-1], str(int(int(row[1]) % 2))] for row in screens()]
    problems = [warning.problem for warning in about_labels(source_of(tmp_path, rows, status=False))]
    assert [problem for problem in problems if problem.startswith("the label depends on the item or the user alone")]


def test_users_who_like_first_and_dislike_later_are_warned_of(tmp_path: Path) -> None:
    def liked(row: list[str]) -> str:
        """The first half of the users like the first half of what they meet, the others what comes then."""
        return str(int((int(row[0][1:]) < 30) == (int(row[5]) < 16)))

    (warning,) = about_labels(source_of(tmp_path, [[*row[:-1], liked(row)] for row in screens()], "user"))
    assert warning.problem == "users who liked more of their earlier rows like fewer of their later ones"


def test_few_test_rows_are_no_ground_for_a_suspicion(tmp_path: Path) -> None:
    few = [row for row in screens(leaking=True) if row[0] in ("u0", "u1")]
    assert about_labels(source_of(tmp_path, few)) == []


def changed(log: Log, split: Split) -> Log:
    events = log.events
    return replace(log, events=replace(events, part=parts(events.user, events.time, split)))


def fixed(warning: EdgeError) -> str:
    """The split that a warning tells to use."""
    assert "--set split.by=" in warning.fix
    return warning.fix.partition("split.by=")[2].split()[0]


@pytest.mark.parametrize("clock", ["shared", "user"])
def test_histories_that_training_does_not_show_are_warned_of_and_the_fix_works(tmp_path: Path, clock: str) -> None:
    log, _ = read(source_of(tmp_path, histories(), clock))
    (warning,) = about_histories(log, Split())
    assert warning.problem.startswith(LENGTHS)
    assert "the median history has 56 events in test" in warning.evidence
    other = Split(by=fixed(warning))  # type: ignore[arg-type]
    assert about_histories(changed(log, other), other) == []


def test_a_test_of_new_users_is_warned_of_and_the_fix_works(tmp_path: Path) -> None:
    old: Rows = histories(long_users=40, short_users=0)
    new = [[f"n{user}", "i1", "Title", "1980", "offered", str(100 + user), str(user % 2)] for user in range(300)]
    split = Split(by="time")
    log, _ = read(source_of(tmp_path, old + new, by="time"))
    (warning,) = about_histories(log, split)
    assert "100.0% of the test rows have none" in warning.evidence
    other = Split(by=fixed(warning))  # type: ignore[arg-type]
    assert about_histories(changed(log, other), other) == []


def test_users_of_one_length_are_no_ground_for_a_warning(tmp_path: Path) -> None:
    log, _ = read(source_of(tmp_path, histories(long_users=60, short_users=0)))
    for by in ("user", "last"):
        split = Split(by=by)  # type: ignore[arg-type]
        assert about_histories(changed(log, split), split) == []


def test_another_split_is_tried_on_some_users_of_a_large_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = read(source_of(tmp_path, histories(), "user"))
    (whole,) = about_histories(log, Split())
    monkeypatch.setattr("cloud.data.histories.EXAMINED", 1_500)
    (warning,) = about_histories(log, Split())
    assert fixed(warning) == fixed(whole)


@pytest.mark.parametrize("by", ["user", "last", "time"])
def test_movielens_has_histories_that_training_shows(movielens_100k: Log, by: Any) -> None:
    split = Split(by=by)
    assert about_histories(changed(movielens_100k, split), split) == []


def test_movielens_is_prepared_without_a_warning(tmp_path: Path) -> None:
    source = movielens("ml-100k")
    run = prepare(source, tmp_path / "run", config_for(source))
    assert run.summary["warnings"] == []
    aucs = [number["test"]["auc"] for number in run.summary["figures"]["numbers"]]
    assert min(aucs) > 0.4 and max(aucs) < 0.75
    assert np.isclose(run.summary["figures"]["items"]["liked_share"], 0.73, atol=0.02)
