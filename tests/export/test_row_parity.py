"""Test rows of a prepared run on an engine: the screens that an app would ask for, and how near torch it is on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cloud.data.rows import Prepared
from cloud.ranking.measure import load_ranker, scores_of
from cloud.ranking.model import RankingModel
from cloud.runs.directory import Run
from compress.graph import model_shape
from compress.windows import timelines_of
from edge.engines.protocol import Entries
from edge.engines.reference import ReferenceEngine
from edge.engines.timeline import Timeline
from edge.runtime.window import first_event
from export.exporting import places_of
from export.parity import parameters_of
from export.row_parity import RowParity, TorchAnswers, compare_rows, passes
from export.screens import Screens
from export.settings import ParityLimits

EVERY = 1_000_000
LIMITS = ParityLimits()


class Off(ReferenceEngine):
    """At interact depth 0, every other request is off by so much."""

    by: float = 0.0
    turn: int = 0

    def score(self, candidates: Entries, timeline: Timeline, depth: int) -> np.ndarray:
        found, self.turn = super().score(candidates, timeline, depth), 1 - self.turn
        found[0] += np.float32(self.by if self.turn else 0)
        return found


@pytest.fixture(scope="module")
def rows(club: Run) -> Prepared:
    return Prepared(club)


@pytest.fixture(scope="module")
def screens(rows: Prepared, student: Run) -> Screens:
    return Screens.of(rows, timelines_of(student, rows), places_of(student), EVERY)


@pytest.fixture(scope="module")
def model(student: Run) -> RankingModel:
    """Random in every weight: what is wrong anywhere shows in the logits."""
    torch.manual_seed(5)
    found = load_ranker(student)
    for parameter in found.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return found


def compared(
    model: RankingModel, rows: Prepared, screens: Screens, by: float, limits: ParityLimits = LIMITS, most: float = 1e-5
) -> list[RowParity]:
    engine = Off(parameters_of(model), model_shape(model.shape, 9))
    engine.by = by
    return compare_rows("off", engine, rows, TorchAnswers.of(model, screens, "torch"), limits, most)


def test_screens_hold_every_test_row_once_with_the_events_that_a_phone_keeps(rows: Prepared, screens: Screens) -> None:
    assert screens.rows.tolist() == rows.part("test").tolist()
    earlier, user, event = (rows.column(name) for name in ("earlier", "user", "event"))
    full = 0
    for window in screens.windows:
        (seen,), (owner,) = (np.unique(column[window.rows]) for column in (earlier, user))
        past = np.flatnonzero((user == owner) & event)[:seen]
        assert window.skipped == first_event(seen, 8)
        assert window.events.tolist() == past[window.skipped :].tolist()
        full += window.skipped > 0
    assert full and any(len(window.events) < 8 for window in screens.windows)


def test_few_screens_are_spread_over_all(screens: Screens) -> None:
    few = screens.few(5)
    assert len(few.windows) == 5 and {*few.rows} < {*screens.rows} and set(few.events) <= set(screens.events)
    assert few.windows[0] is screens.windows[0] and few.windows[-1] is screens.windows[-1]


def test_the_reference_answers_test_rows_as_torch_does(model: RankingModel, rows: Prepared, screens: Screens) -> None:
    found = compared(model, rows, screens, 0.0)
    assert [row.exit for row in found] == ["1/0", "1/1", "2/0", "2/1"] and all(row.passed for row in found)
    for row in found:
        assert row.passed and row.max_difference < 1e-5 and row.top10 == 1 and row.auc == row.torch_auc
        assert (row.requests, row.rows) == (len(screens.windows), len(screens.rows))
    usual = scores_of(model, screens.timelines, screens.rows)
    kept = scores_of(model, screens.timelines, screens.rows, windows=screens.windows)
    assert np.abs(usual - kept).max() > 1e-3  # a phone keeps fewer events of a long history


def test_an_engine_that_is_off_at_one_exit_fails_there_alone(
    model: RankingModel, rows: Prepared, screens: Screens
) -> None:
    found = compared(model, rows, screens, 1e-3)
    assert [row.passed for row in found] == [False, True, False, True]
    assert [row.exit for row in found if not row.passed] == ["1/0", "2/0"]
    assert found[0].engine == "off" and not found[0].passed and 0.0005 < found[0].max_difference < 0.002
    lost = compared(model, rows, screens, np.nan)
    assert [row.passed for row in lost] == [False, True, False, True] and lost[0].auc is None


def test_an_auc_that_is_another_fails_where_logits_are_near_enough(
    model: RankingModel, rows: Prepared, screens: Screens
) -> None:
    found = compared(model, rows, screens.few(40), 0.5, most=10.0)
    assert [row.passed for row in found] == [False, True, False, True]
    assert all(row.passed for row in compared(model, rows, screens.few(40), 0.5, replace(LIMITS, auc=1.0), most=10.0))


def test_each_limit_is_passed_at_its_value_and_failed_beyond() -> None:
    at = {"max_difference": 0.02, "top10": 0.995, "auc": 0.801, "torch_auc": 0.8}
    assert passes(at, LIMITS, 0.02) and passes(at | {"auc": None, "torch_auc": None}, LIMITS, 0.02)
    for beyond in ({"max_difference": 0.0201}, {"top10": 0.9949}, {"auc": 0.8011}, {"auc": 0.7989}, {"auc": None}):
        assert not passes(at | beyond, LIMITS, 0.02)
    assert not passes(at | {"max_difference": np.nan}, LIMITS, 0.02)
