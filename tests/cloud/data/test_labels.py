"""Logs and parts of them that hold one label, or too little to measure on."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from logs import make_rows, make_source, read, refused, with_column, write_csv

from cloud.data.certainty import auc_uncertainty, few_test_rows
from cloud.data.labels import check_labels
from cloud.data.log import TEST, TRAIN, VALIDATION, Log, first_users
from cloud.data.schema import LogTable, Negatives, Source, Split
from edge.errors import EdgeError
from edge.metrics import auc

ROWS = make_rows()
NOT_CHOSEN = "add the items that were shown and not chosen: from them the model learns what to rank lower"


def source(tmp_path: Path, ratings: list[str]) -> Source:
    return make_source(write_csv(tmp_path / "events.csv", with_column(ROWS, "rating", ratings)))


def refusal(log: Log, table: LogTable) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        check_labels(log, table)
    return caught.value


@pytest.mark.parametrize(("rating", "how_many"), [("1", "no"), ("5", "every")])
def test_a_log_of_one_rating_needs_what_was_not_chosen(tmp_path: Path, rating: str, how_many: str) -> None:
    one = source(tmp_path, [rating] * len(ROWS))
    error = refusal(read(one)[0], one.log)
    assert error.problem == f"{how_many} event of events.csv is liked"
    assert error.evidence == f"'rating' is the same in all {len(ROWS)} rows"
    assert error.fix == NOT_CHOSEN


def test_a_log_of_clicks_alone_needs_what_was_not_chosen(tmp_path: Path) -> None:
    one = source(tmp_path, ["1"] * len(ROWS))
    one = replace(one, log=replace(one.log, rating="", label="rating"))
    assert refusal(read(one)[0], one.log).fix == NOT_CHOSEN


@pytest.mark.parametrize("threshold", [4.5, 100.0, -3.0])
def test_a_threshold_that_divides_nothing_shows_the_range_of_the_ratings(tmp_path: Path, threshold: float) -> None:
    one = source(tmp_path, [str(2 + n % 3) for n in range(len(ROWS))])
    one = replace(one, log=replace(one.log, threshold=threshold))
    error = refusal(read(one)[0], one.log)
    assert error.evidence == f"'rating' runs from 2 to 4, the threshold is {threshold:g}"
    assert error.fix == "choose a threshold above 2 and up to 4"


@pytest.mark.parametrize("threshold", [math.nan, math.inf, -math.inf])
def test_a_threshold_that_is_no_number_is_refused(threshold: float) -> None:
    with pytest.raises(EdgeError, match=r"threshold is -?(nan|inf)"):
        LogTable("events.csv", "user", "item", "time", rating="rating", threshold=threshold)


@pytest.mark.parametrize("share", [math.nan, math.inf, -0.1, 0.0])
def test_a_share_of_the_split_that_is_none_is_refused(share: float) -> None:
    for values in ({"test": share}, {"validation": share}):
        with pytest.raises(EdgeError, match="leave one part empty"):
            Split(**values)


def with_labels(log: Log, part: int, liked: bool) -> Log:
    labels = np.where(log.events.part == part, liked, log.events.liked)
    return replace(log, events=replace(log.events, liked=labels))


@pytest.mark.parametrize(("part", "name"), [(TRAIN, "train"), (TEST, "test")])
@pytest.mark.parametrize(("liked", "how_many"), [(True, "every"), (False, "no")])
def test_one_label_in_train_or_test_is_refused_with_the_counts(
    tmp_path: Path, log: Log, part: int, name: str, liked: bool, how_many: str
) -> None:
    error = refusal(with_labels(log, part, liked), make_source(tmp_path / "events.csv").log)
    assert error.problem == f"{how_many} event of the {name} split is liked"
    rows = int((log.events.part == part).sum())
    assert f"{name} {rows if liked else 0} of {rows}" in error.evidence


def test_one_label_in_validation_is_warned_of(tmp_path: Path, log: Log) -> None:
    table = make_source(tmp_path / "events.csv").log
    (warning,) = check_labels(with_labels(log, VALIDATION, True), table)
    assert warning.problem == "every event of the validation split is liked"
    assert check_labels(log, table) == []


def test_an_auc_of_chance_lies_within_its_uncertainty_19_times_in_20() -> None:
    chance = np.random.default_rng(0)
    liked = np.arange(80) < 30
    found = np.array([auc(chance.normal(size=80), liked) for _ in range(2000)])
    inside = (abs(found - 0.5) <= auc_uncertainty(30, 50)).mean()
    assert 0.93 < inside < 0.97


def test_few_test_rows_and_few_users_with_test_rows_are_warned_of(log: Log, movielens_100k: Log) -> None:
    rows, users = few_test_rows(log, Split())
    assert "the test split has 16 rows, 6 of them liked" in rows.problem and "uncertain by 0." in rows.evidence
    assert users.problem == "the log has only 8 users: too few for reliable figures"
    assert users.evidence.startswith("8 of them have test rows") and users.fix == "use the events of 30 users or more"
    assert list(few_test_rows(movielens_100k, Split())) == []
    assert len(list(few_test_rows(first_users(movielens_100k, 25), Split()))) == 2


def test_few_users_are_said_to_be_few_and_missing_test_rows_to_be_missing(movielens_100k: Log) -> None:
    log = first_users(movielens_100k, 29)
    events = log.events
    lacking = replace(log, events=events.select((events.part != TEST) | (events.user < 5)))
    *_, warning = few_test_rows(lacking, Split())
    assert warning.problem == "only 5 of 29 users have test rows: all figures are about these users"
    problems = [warning.problem for warning in few_test_rows(log, Split())]
    assert "the log has only 29 users: too few for reliable figures" in problems
    assert not any(problem.startswith("only") for problem in problems)


def test_test_rows_of_a_small_share_of_users_are_warned_of(movielens_100k: Log) -> None:
    events = movielens_100k.events
    few = replace(movielens_100k, events=events.select((events.part != TEST) | (events.user < 180)))
    (warning,) = few_test_rows(few, Split())
    assert warning.problem == "only 164 of 943 users have test rows: all figures are about these users"
    assert warning.evidence == "0.1 of a user's rows, rounded down to whole screens, is none of fewer than 10 rows"
    enough = replace(movielens_100k, events=events.select((events.part != TEST) | (events.user < 240)))
    assert list(few_test_rows(enough, Split())) == []


def choices(tmp_path: Path, items: int) -> Source:
    """Choices alone, each user's of all items in turn."""
    rows = [[f"u{n % 10}", f"i{(n // 10 + n) % items}", f"Title {n}", "1980", str(n), "1"] for n in range(200)]
    one = make_source(write_csv(tmp_path / "events.csv", rows))
    return replace(one, log=replace(one.log, rating=""), negatives=Negatives(each=4))


def test_choices_of_one_item_leave_no_negatives_to_draw(tmp_path: Path) -> None:
    one = choices(tmp_path, 1)
    error = refusal(read(one)[0], one.log)
    assert error.problem == "no negatives could be drawn for any event of events.csv"
    assert error.evidence.startswith("the log has 1 item and 10 users: a negative is an item of other users'")
    assert "'item' is the item's column" in error.fix and "in place of [negatives]" in error.fix


def test_a_test_split_whose_users_met_every_item_has_no_negatives(tmp_path: Path) -> None:
    one = choices(tmp_path, 2)
    log, _ = read(one)
    assert not log.events.liked.all()
    error = refusal(log, one.log)
    assert error.problem == "no negatives could be drawn for the test split"
    assert error.evidence.startswith("the log has 2 items and 10 users")


@pytest.mark.parametrize(("yes", "no"), [("Y", "N"), ("yes", "no"), ("Yes", "No"), ("T", "F"), ("ON", "OFF")])
def test_words_of_truth_are_shown_as_they_stand_and_are_to_be_1_and_0(tmp_path: Path, yes: str, no: str) -> None:
    one = source(tmp_path, [yes if n % 3 else no for n in range(len(ROWS))])
    digits = f"write 1 in place of {yes.lower()} and 0 in place of {no.lower()} into the column 'rating'"
    assert refused(one).fix == f'label = "rating" in place of rating in [log], and {digits}'
    error = refused(replace(one, log=replace(one.log, rating="", label="rating")))
    assert f"wrong type: {no!r} is not 0, 1, true or false" in error.evidence
    assert error.fix == digits


def test_a_label_of_other_words_calls_for_no_setting(tmp_path: Path) -> None:
    one = source(tmp_path, ["Buy" if n % 3 else "View" for n in range(len(ROWS))])
    error = refused(replace(one, log=replace(one.log, rating="", label="rating")))
    assert "'View' is not 0, 1, true or false" in error.evidence and "in place of" not in error.fix
