"""A column that names no request makes one screen of rows that lie weeks apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from logs import HEADER, make_rows, make_source, read, write_csv

from cloud.data.long_requests import NAME_REQUESTS
from cloud.data.prepare import config_for, prepare
from cloud.data.schema import Source
from edge.errors import EdgeError

MAY, DAY = 1_714_564_800, 86_400


def days_apart(tmp_path: Path, request: str, **log: str) -> Source:
    """Visits a day apart, of rows that are up to an hour apart, each visit with a name."""
    rows = []
    for n, row in enumerate(make_rows()):
        visit = int(row[4])
        rows.append([*row[:4], str(MAY + DAY * visit + n), row[5], f"{row[0]}/{visit}"])
    rows.sort(key=lambda row: int(row[4]))
    return make_source(write_csv(tmp_path / "events.csv", rows, [*HEADER, "visit"]), request=request, **log)


def test_requests_of_more_than_a_day_are_warned_of_with_the_longest(tmp_path: Path) -> None:
    (warning,) = read(days_apart(tmp_path, "title"))[1].warnings
    assert warning.problem.endswith("requests of events.csv last for more than a day, and each is taken for one screen")
    assert warning.evidence.startswith("rows 14.0 days apart, in lines ")
    assert warning.fix.startswith("check whether 'title' names the request: name a column in request of [log]")


def test_requests_within_a_day_are_not_warned_of(tmp_path: Path) -> None:
    assert read(days_apart(tmp_path, "visit"))[1].warnings == []


def test_times_that_do_not_compare_do_not_say_how_long_a_request_lasts(tmp_path: Path) -> None:
    assert read(days_apart(tmp_path, "title", clock="user"))[1].warnings == []


def test_a_user_for_a_request_is_the_cause_of_an_empty_split(tmp_path: Path) -> None:
    source = days_apart(tmp_path, "user")
    with pytest.raises(EdgeError, match="the validation split is empty") as caught:
        prepare(source, tmp_path / "run", config_for(source))
    rows = len(make_rows())
    assert f"by request = 'user' the {rows} rows of 8 users are 8 screens" in caught.value.evidence
    assert caught.value.fix == NAME_REQUESTS
    log, split = replace(source.log, request=""), replace(source.split, test=0.001)
    source = replace(source, log=log, split=split)
    with pytest.raises(EdgeError, match="split is empty") as caught:
        prepare(source, tmp_path / "run", config_for(source))
    assert "request" not in caught.value.fix
