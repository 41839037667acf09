"""Temperature and offset of an exit, and how far probabilities are from what happened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cloud.data.prepare import config_for, prepare
from cloud.data.rows import Prepared
from cloud.data.schema import Attribute, Entities, LogTable, Negatives, Source
from cloud.ranking.calibration import MOST_TEMPERATURE, Calibration, calibration_of, fit_calibration
from cloud.ranking.kept_scores import RELIABILITY, kept_scores
from cloud.ranking.reliability import reliability
from cloud.ranking.train import RANKERS, train_ranker
from cloud.runs.directory import Run
from edge.metrics import log_loss
from edge.text.spec import TextSpec

SMALL = replace(RANKERS["quickstart"].shape, hidden_size=16, embedding_size=8, interact_layers=1)
CONFIG = replace(RANKERS["quickstart"], repeats=1, passes=2, users=8, shape=SMALL)


def rows(count: int, temperature: float, offset: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits, float32, and labels that are likely as the calibrated logits say."""
    random = np.random.default_rng(seed)
    logits = random.normal(0.5, 2.0, count).astype(np.float32)
    chance = 1 / (1 + np.exp(-(logits / temperature + offset)))
    return logits, (random.random(count) < chance).astype(np.int8)


def test_the_fit_finds_the_temperature_and_offset_that_the_labels_were_drawn_with() -> None:
    for temperature, offset in ((1.0, 0.0), (2.5, -1.0), (0.6, 0.4)):
        fit = fit_calibration(*rows(200_000, temperature, offset))
        assert fit.temperature == pytest.approx(temperature, rel=0.02) and not fit.note
        assert fit.offset == pytest.approx(offset, abs=0.02)


def test_no_near_temperature_or_offset_has_a_lower_log_loss() -> None:
    logits, labels = rows(500, 3.0, -2.0)
    fit = fit_calibration(logits, labels)
    best = log_loss(fit(logits), labels)
    for temperature, offset in ((1.01, 0), (0.99, 0), (1, 0.01), (1, -0.01)):
        moved = Calibration(fit.temperature * temperature, fit.offset + offset)
        assert log_loss(moved(logits), labels) > best
    calibrated = reliability(fit(logits), labels).figures()
    assert calibrated["mean_predicted"] == pytest.approx(labels.mean(), abs=1e-9)


def test_calibration_keeps_the_order_of_scores() -> None:
    logits, labels = rows(2_000, 3.0, -2.0)
    assert np.array_equal(
        np.argsort(fit_calibration(logits, labels)(logits), kind="stable"), np.argsort(logits, kind="stable")
    )


@pytest.mark.parametrize(
    ("logits", "labels", "note"),
    [
        (np.arange(40.0), np.ones(40), "40 and 0 rows of the two labels are too few"),
        (np.arange(40.0), np.arange(40) < 9, "9 and 31 rows"),
        (np.arange(40.0), np.arange(40) >= 20, "tell the labels of all validation rows apart"),
        (np.repeat([0.0, 1.0, 2.0], 20), np.repeat([0, 1, 1], 20), "tell the labels"),
    ],
)
def test_labels_that_say_nothing_of_other_rows_leave_scores_as_they_are(
    logits: np.ndarray, labels: np.ndarray, note: str
) -> None:
    fit = fit_calibration(logits, labels)
    assert (fit.temperature, fit.offset) == (1.0, 0.0) and note in fit.note


def test_equal_scores_get_the_base_rate_and_scores_of_the_wrong_order_end_at_the_bound() -> None:
    labels = np.arange(40) % 4 == 0
    equal = fit_calibration(np.full(40, 3.0), labels)
    assert equal.temperature == 1.0 and equal.note == "offset alone: all scores are equal"
    assert 1 / (1 + np.exp(-equal(np.array([3.0])))) == pytest.approx(0.25)
    wrong = fit_calibration(np.arange(40.0) - 20, np.arange(40) < 12)
    assert wrong.temperature == MOST_TEMPERATURE and wrong.note == "the temperature is at its bound"
    assert reliability(wrong(np.arange(40.0) - 20), np.arange(40) < 12).figures()["mean_predicted"] == pytest.approx(
        0.3
    )


def test_bins_hold_as_many_rows_each_and_equal_scores_share_one() -> None:
    logits, labels = rows(1_500, 1.0, 0.0)
    assert reliability(logits, labels).counts.tolist() == [100] * 15
    tied = reliability(np.repeat([-1.0, 2.0], [50, 10]), np.zeros(60))
    assert tied.counts.tolist() == [50, 10]
    assert tied.predicted == pytest.approx([1 / (1 + np.e), 1 / (1 + np.exp(-2))])


def test_the_calibration_error_is_the_mean_distance_of_a_bins_rows() -> None:
    logits = np.log(np.repeat([0.25, 0.75], [30, 10]) / np.repeat([0.75, 0.25], [30, 10]))
    labels = np.concatenate([np.arange(30) < 15, np.ones(10)])  # .5 observed, then 1
    found = reliability(logits, labels).figures()
    assert found["calibration_error"] == pytest.approx(0.25)
    assert (found["mean_predicted"], found["mean_observed"]) == pytest.approx((0.375, 0.625))


def test_a_stage_states_calibrated_log_loss_and_links_a_picture(prepared: Run, tmp_path: Path) -> None:
    run = train_ranker(prepared, tmp_path / "ranker", CONFIG)
    chosen = Prepared(prepared).part("test")
    labels, logits = Prepared(prepared).column("label")[chosen], kept_scores(run, "test", 1, 1)
    fit, stated = calibration_of(run, 1, 1), run.summary["calibration"]["exits"]["encode 1"]["1"]["test"]
    assert fit is not None and fit.temperature != 1.0
    assert run.summary["quality"]["test"]["encode 1"]["1"]["log_loss"] == pytest.approx(log_loss(fit(logits), labels))
    assert stated["before"]["log_loss"] == pytest.approx(log_loss(logits, labels))
    assert stated["after"]["log_loss"] == pytest.approx(log_loss(fit(logits), labels))
    report = run.file("report.md").read_text()
    assert f"]({RELIABILITY})" in report and "at the log's base rate" in report
    assert b"<svg" in run.file(RELIABILITY).read_bytes()


def choices(folder: Path) -> Source:
    """A log of choices alone, with a negative drawn for each."""
    random, path = np.random.default_rng(0), folder / "choices.csv"
    met = [(user, visit, random.integers(12)) for user in range(12) for visit in range(20)]
    lines = [f"u{user},i{item},Thing {item},{100 * visit + user}" for user, visit, item in met]
    path.write_text("\n".join(["user,item,title,time", *lines]) + "\n")
    items = Entities(attributes={"title": Attribute("title", required=True)})
    table = LogTable(path=str(path), user="user", item="item", time="time")
    text = TextSpec(profile="", item="{title}", event="chosen", context="")
    return Source(name="choices", text=text, log=table, items=items, negatives=Negatives(1))


def test_scores_of_a_log_with_drawn_negatives_are_ranks(tmp_path: Path) -> None:
    source = choices(tmp_path)
    run = train_ranker(prepare(source, tmp_path / "data", config_for(source)), tmp_path / "ranker", CONFIG)
    assert calibration_of(run, 1, 1) is None and RELIABILITY not in run.manifest["files"]
    assert run.summary["calibration"]["fitted"] is False
    assert "scores are ranks, not probabilities: no calibration was fitted" in run.file("report.md").read_text()
