"""Logs of clicks among impressions, of several labels, and of choices alone."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import edge
from logs import read, write_csv
from request_numbers import request_numbers

from cloud.data.audit import audit
from cloud.data.default_numbers import suggest_numbers
from cloud.data.examples import request_of
from cloud.data.fit_numbers import chunks_of_users, fit_numbers
from cloud.data.log import DRAWN, EVENT, SHOWN, TEST, TRAIN
from cloud.data.number_columns import NumberColumns, known_at
from cloud.data.prepare import config_for, prepare
from cloud.data.rows import Prepared
from cloud.data.schema import Attribute, Entities, LogTable, Negatives, Source, Split, read_source
from cloud.runs.directory import Run
from edge.errors import EdgeError
from edge.text.history import numbers_of
from edge.text.spec import TextSpec

TEXT = TextSpec(
    profile="", item="{title} [[{kind}]]", event="{liked|choose:clicked:shown}", context="[[{views_rank|top} seen]]"
)
ITEMS = Entities(attributes={"title": Attribute("title", required=True), "kind": Attribute("kind")})
HEADER = ["user", "item", "title", "kind", "time", "screen", "click", "buy"]


def shop(users: int = 12, visits: int = 25) -> list[list[str]]:
    """At each visit three items are shown, about one is clicked, few are bought."""
    chance = random.Random(3)
    rows = []
    for visit in range(visits):
        for user in range(users):
            for item in chance.sample(range(30), 3):
                click = int(chance.random() < (0.6 if item % 3 == user % 3 else 0.15))
                buy = int(click and chance.random() < 0.3)
                moment = visit * 100 + user + (item % 2)  # an item may be written down a second later
                words = f"Thing {item}", f"kind {item % 3}"
                rows.append([f"u{user}", f"i{item}", *words, str(moment), f"{user}/{visit}", str(click), str(buy)])
    return sorted(rows, key=lambda row: (row[0], int(row[4])))


def shop_source(folder: Path, **log: object) -> Source:
    path = write_csv(folder / "clicks.csv", shop(), HEADER)
    fields = {"user": "user", "item": "item", "time": "time", "label": "click", "request": "screen"} | log
    table = LogTable(path=str(path), **fields)  # type: ignore[arg-type]
    return Source(name="shop", text=TEXT, log=table, items=ITEMS)


def chosen_source(folder: Path, by: str = "popularity", each: int = 3, **split: object) -> Source:
    """The clicks alone."""
    rows = [row for row in shop() if row[6] == "1"]
    path = write_csv(folder / "choices.csv", rows, HEADER)
    return Source(
        name="choices",
        text=replace(TEXT, context=""),
        log=LogTable(path=str(path), user="user", item="item", time="time"),
        items=ITEMS,
        negatives=Negatives(each, by),  # type: ignore[arg-type]
        split=Split(**split),  # type: ignore[arg-type]
    )


def test_clicks_become_events_and_impressions_are_targets(tmp_path: Path) -> None:
    log, _ = read(shop_source(tmp_path))
    assert len(log.events) == len(shop())
    assert np.array_equal(log.events.role == EVENT, log.events.liked)
    assert (log.events.role[~log.events.liked] == SHOWN).all()
    known = known_at(log)
    row = int(np.flatnonzero(log.events.part == TEST)[-1])
    request = request_of(known, [row], 1000)
    assert request.events and all(event.attributes == {"liked": True} for event in request.events)
    earlier = log.events.time < log.events.time[row]
    views = (log.events.item[earlier] == log.events.item[row]).sum()  # what was only shown was seen, too
    assert request.candidates[0].attributes["views"] == views


def test_impressions_become_events_if_asked(tmp_path: Path) -> None:
    log, _ = read(shop_source(tmp_path, events="all"))
    assert (log.events.role == EVENT).all()
    request = request_of(known_at(log), [len(log.events) - 1], 1000)
    assert {event.attributes["liked"] for event in request.events} == {True, False}


def test_a_screen_that_a_column_names_is_one_moment(tmp_path: Path) -> None:
    log, _ = read(shop_source(tmp_path))
    visits = [log.events.time[log.events.user == user].reshape(-1, 3) for user in range(len(log.users))]
    assert all((times == times[:, :1]).all() for times in visits)


def test_another_label_is_told_of_events_and_stored(tmp_path: Path) -> None:
    source = shop_source(tmp_path, other_labels=("buy",))
    source = replace(source, text=replace(TEXT, event="{liked|choose:clicked:shown} [[{buy|choose:and bought:}]]"))
    log, _ = read(source)
    numbers = (*suggest_numbers(log, source.items, source.users),)
    run = prepare(source, tmp_path / "run", replace(config_for(source), vocabulary=300))
    prepared = Prepared(run)
    assert np.array_equal(prepared.other_labels, log.events.others)
    assert set(prepared.phrases.names) >= {"clicked", "clicked and bought"}
    assert numbers and log.events.others.sum() > 10
    assert "rows with click or buy = 1" in run.manifest["protocol"]


@pytest.mark.parametrize("by", ["uniform", "popularity", "stage"])
def test_negatives_are_drawn_beside_each_choice_from_what_the_user_had_not_met(tmp_path: Path, by: str) -> None:
    log, _ = read(chosen_source(tmp_path, by))
    events = log.events
    chosen = [row for row in shop() if row[6] == "1"]
    assert events.liked.sum() == len(chosen)
    assert np.array_equal(events.role == DRAWN, ~events.liked)
    drawn = np.flatnonzero(events.role == DRAWN)
    assert len(drawn) > 1.5 * len(chosen)
    for row in drawn[::3].tolist():
        met = events.happened & (events.user == events.user[row]) & (events.time <= events.time[row])
        assert events.item[row] not in events.item[met]
        if by != "stage":
            earlier = events.happened & (events.time < events.time[row])
            assert events.item[row] in events.item[earlier]
    beside = events.select((events.user == events.user[drawn[-1]]) & (events.time == events.time[drawn[-1]]))
    assert len(set(beside.part.tolist())) == 1 and beside.liked.any()
    again, _ = read(chosen_source(tmp_path, by))
    assert np.array_equal(again.events.item, events.item)


def test_popular_items_are_drawn_as_often_as_they_were_met(tmp_path: Path) -> None:
    log, _ = read(chosen_source(tmp_path, "popularity", each=1))
    views = np.bincount(log.events.item[log.events.happened], minlength=30)
    drawn = np.bincount(log.events.item[log.events.role == DRAWN], minlength=30)
    assert np.corrcoef(views, drawn)[0, 1] > 0.3
    evenly, _ = read(chosen_source(tmp_path, "uniform", each=1))
    even = np.bincount(evenly.events.item[evenly.events.role == DRAWN], minlength=30)
    assert even.std() < drawn.std()


def test_what_was_drawn_is_no_view_and_no_event(tmp_path: Path) -> None:
    log, _ = read(chosen_source(tmp_path))
    known = known_at(log)
    assert set(known.statistics) == {"views", "views_rank"}  # of choices alone every item is liked by all
    assert len(known.events) == log.events.happened.sum()
    row = len(log.events) - 1
    earlier = log.events.happened & (log.events.time < log.events.time[row])
    assert known.statistics["views"][row] == (log.events.item[earlier] == log.events.item[row]).sum()


@pytest.mark.parametrize("source", [shop_source, chosen_source])
def test_numbers_of_a_request_equal_those_of_preparation_to_the_bit(tmp_path: Path, source: object) -> None:
    log, _ = read(source(tmp_path))  # type: ignore[operator]
    known = known_at(log)
    numbers = fit_numbers(suggest_numbers(log, ITEMS, Entities()), known)
    columns = NumberColumns(numbers, known)
    expected = np.concatenate([numbers_of(numbers, *columns.of_rows(*chunk)) for chunk in chunks_of_users(known)])
    past = expected[log.events.past]  # of the rows that became events, when they were candidates
    for row in range(0, len(log.events), 11):
        request = request_of(known, [row], 10_000)
        of_events, of_candidates = request_numbers(numbers, request)
        start, end = known.window(row)
        assert of_candidates.tobytes() == expected[[row]].tobytes()
        assert of_events.tobytes() == past[start:end].tobytes()


def test_an_item_held_out_is_no_negative_of_training(tmp_path: Path) -> None:
    log, _ = read(chosen_source(tmp_path, unseen_items=0.3))
    events = log.events
    train, tested = set(events.item[events.part == TRAIN].tolist()), set(events.item[events.part == TEST].tolist())
    assert tested - train


@pytest.mark.parametrize("source", [shop_source, chosen_source])
def test_a_prepared_log_of_clicks_has_no_leak(tmp_path: Path, source: object) -> None:
    made: Source = source(tmp_path)  # type: ignore[operator]
    log, _ = read(made)
    numbers = suggest_numbers(log, made.items, made.users)
    made = replace(made, text=replace(made.text, numbers=numbers))
    run = prepare(made, tmp_path / "run", replace(config_for(made), vocabulary=300))
    assert audit(Prepared(run), log).rows > len(log.events)
    assert ("3 negatives for each row" in run.manifest["protocol"]) == (made.name == "choices")


TOML = """
[log]
path = "choices.csv"
user = "user"
item = "item"
time = "time"
{log}
[items.attributes]
title = {{ column = "title", required = true }}
{rest}
[text]
profile = ""
item = "{{title}}"
event = ""
max_events = 10
max_segment_tokens = 12
max_user_tokens = 60
"""


@pytest.mark.parametrize(
    ("log", "rest", "problem"),
    [
        ("", "", "neither label nor rating"),
        ('label = "click"', "[negatives]\neach = 2", "are drawn for a log of choices alone"),
        ('clock = "user"', "[negatives]\neach = 2", 'by = "popularity" needs times that compare'),
        ("", "[negatives]\neach = 101", r"negatives.each is 101"),
        ('label = "click"\nother_labels = ["click"]', "", "other_labels holds 'click'"),
        ('label = "click"\nother_labels = ["a b"]', "", "other_labels holds 'a b'"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(tmp_path: Path, log: str, rest: str, problem: str) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(TOML.format(log=log, rest=rest))
    with pytest.raises(EdgeError, match=problem):
        read_source(path)


def test_choices_alone_are_prepared_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen_source(tmp_path)
    path = tmp_path / "edge.toml"
    path.write_text(TOML.format(log="", rest="[negatives]\neach = 2"))
    assert edge("prepare", "--data", str(path), "--out", str(tmp_path / "run"), "--audit") == 0
    assert "no row depends on its own label" in capsys.readouterr().out
    assert Run.open(tmp_path / "run").manifest["dataset"]["rows"]["train"] > 100


def test_what_draws_differently_is_another_run(tmp_path: Path) -> None:
    source = chosen_source(tmp_path)
    first = prepare(source, tmp_path / "one", replace(config_for(source), vocabulary=300))
    other = replace(source, negatives=Negatives(3, "popularity", seed=1))
    second = prepare(other, tmp_path / "two", replace(config_for(other), vocabulary=300))
    assert first.hash != second.hash
