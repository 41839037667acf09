"""The verdict on synthetic scores: a clear win, a clear loss, a tie, a teacher near chance, no intervals."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from cloud.data.log import TEST, TRAIN, Events
from cloud.rivals.draws import Figure
from cloud.rivals.held_out import HeldOut, Logits
from cloud.rivals.written import three
from pipeline.verdict import ABOVE, BEATS, BELOW, EVEN, LIKE, LOSES, Against, Judged, Verdict, judge
from pipeline.wording import sentences, warnings

USERS, EACH = 60, 12
RANDOM = np.random.default_rng(0)
LIKED = RANDOM.random(USERS * EACH) < 0.5
NOISE = RANDOM.normal(size=(2, USERS * EACH))


def held_out() -> HeldOut:
    """One training row, and `EACH` test rows of every user."""
    user = np.concatenate([[0], np.repeat(np.arange(USERS), EACH)]).astype(np.int32)
    rows = len(user)
    liked, part = np.concatenate([[True], LIKED]), np.full(rows, TEST, np.int8)
    part[0] = TRAIN
    zeros = np.zeros(rows, np.int8)
    item, time = np.zeros(rows, np.int32), np.arange(rows, dtype=np.float64)
    events = Events(user, item, time, liked, liked.astype(np.float64), zeros, zeros[:, None], part)
    return HeldOut(events, np.tile(np.arange(EACH), USERS).astype(np.int32))


def scores(signal: float, noise: int = 0) -> Logits:
    """How well they rank grows with `signal`."""
    return (signal * LIKED + NOISE[noise]).astype(np.float32)


def verdict(teacher: float = 2.0, student: float = 1.8, **rivals: Logits) -> Verdict:
    models = {"teacher": scores(teacher), "int8 student": scores(student)}
    return judge(held_out(), models, rivals or {"LightGBM": scores(0.5)})


def test_a_clear_win_a_clear_loss_and_a_tie_are_told_by_their_intervals() -> None:
    found = verdict(weak=scores(0.5), strong=scores(3.5), same=scores(1.8), alike=scores(1.8, noise=1))
    outcomes = {each.rival: (each.outcome("auc"), each.outcome("user_auc")) for each in found.last.against}
    assert outcomes == {"weak": (BEATS,) * 2, "strong": (LOSES,) * 2, "same": (LIKE,) * 2, "alike": (LIKE,) * 2}
    weak = found.last.against[0].differences["auc"]
    assert 0 < weak.low < weak.value < weak.high
    same = found.last.against[2].differences["auc"]
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_the_sentence_says_by_how_much_strongest_first() -> None:
    found = verdict(weak=scores(0.5), LightGBM=scores(1.0), strong=scores(3.5), same=scores(1.8))
    said = sentences(found)[2]
    assert said.startswith(f"int8 student: AUC {three(found.last.figures['auc'].value)} (")
    assert "; beats 2 of 4 rivals, the strongest of them LightGBM on the same numbers by ." in said
    assert "; does not differ significantly from same (.000, .000 to .000); loses to strong by ." in said
    assert sentences(found)[3].startswith("int8 student: per-user AUC ")


def test_a_rival_alone_is_named_and_many_are_counted() -> None:
    assert "; beats LightGBM on the same numbers by ." in sentences(verdict())[0]
    many = verdict(student=0.2, **{f"strong {number}": scores(3.0 + number / 10) for number in range(5)})
    lost = sentences(many)[2]
    assert "loses to strong 4 by" in lost and lost.endswith("and 2 more.") and "strong 1 by" not in lost


def test_what_is_kept_is_the_lift_above_chance() -> None:
    found = verdict()
    lift = [one.figures["auc"].value - 0.5 for one in (found.teacher, found.last)]
    assert found.kept["auc"] == pytest.approx(lift[1] / lift[0])
    assert f"keeps {100 * lift[1] / lift[0]:.1f} % of the teacher's AUC above .5." in sentences(found)[4]
    assert list(warnings(found)) == []


def test_a_student_above_its_teacher_is_said_without_a_ratio() -> None:
    found = verdict(teacher=1.0, student=2.0)
    assert found.kept["auc"] is not None and found.kept["auc"] > 1
    assert sentences(found)[4:] == [
        "By AUC, the int8 student is not below the teacher.",
        "By per-user AUC, the int8 student is not below the teacher.",
    ]


@pytest.mark.parametrize("signal", [0.0, -0.5])
def test_a_teacher_near_chance_is_a_warning_and_no_share_of_it_is_given(signal: float) -> None:
    found = verdict(teacher=signal, student=1.0)
    assert found.teacher.near_chance and found.kept == {"auc": None, "user_auc": None}
    assert next(iter(warnings(found))).startswith("The teacher ranks near chance: AUC ")
    said = " ".join(sentences(found))
    assert "No share of the teacher's AUC is given" in said and "%" not in said


def test_an_auc_a_little_above_chance_is_near_it_however_sure() -> None:
    for figure, near in ((Figure(0.54, 0.52, 0.56), True), (Figure(0.56, 0.54, 0.58), False)):
        assert Judged("teacher", {"auc": figure, "user_auc": figure}, ()).near_chance is near


def test_a_student_below_chance_keeps_nothing_and_is_a_warning() -> None:
    found = verdict(teacher=2.0, student=-1.0)
    assert sentences(found)[4] == (
        "By AUC, the int8 student keeps nothing of the teacher's quality: it ranks no better than chance."
    )
    assert next(iter(warnings(found))).startswith("The int8 student ranks near chance: AUC ")


def test_a_teacher_below_a_rival_is_a_warning() -> None:
    (warning,) = warnings(verdict(teacher=1.0, student=0.9, strong=scores(2.0), weak=scores(0.2)))
    assert warning.startswith("The teacher is below 1 of 2 rivals, by AUC: strong by .")


def test_without_rivals_scores_the_comparison_has_no_intervals_and_says_so() -> None:
    baselines = {"item mean": {"auc": 0.6, "user_auc": 0.6}, "popularity": {"auc": 0.99, "user_auc": None}}
    models = {"teacher": scores(2.0), "int8 student": scores(1.8)}
    found = judge(held_out(), models, {}, baselines)
    outcomes = [(each.outcome("auc"), each.outcome("user_auc")) for each in found.last.against]
    assert outcomes == [(ABOVE, ABOVE), (BELOW, "")]
    said = sentences(found, measured=False)
    assert "; is above item mean by ." in said[2] and "(" not in said[2].partition("; ")[2]
    assert "without intervals" in said[-1] and "'.[rivals]'" in said[-1]


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (Figure(0.01, 0.001, 0.02), BEATS), (Figure(0.01, 0.0, 0.02), LIKE), (Figure(-0.01, -0.02, 0.0), LIKE),
        (Figure(-0.01, -0.02, -0.001), LOSES), (Figure(0.0, math.nan, math.nan), EVEN),
        (Figure(math.nan, math.nan, math.nan), ""),
    ],
)  # fmt: skip
def test_an_interval_that_holds_zero_tells_nothing_apart(found: Figure, outcome: str) -> None:
    assert Against("rival", {"auc": found}).outcome("auc") == outcome


def test_plain_values_are_json_with_an_outcome_for_each_metric() -> None:
    plain = json.loads(json.dumps(verdict().plain()))
    (against,) = plain["models"][1]["against"]
    assert against["rival"] == "LightGBM" and against["auc"]["outcome"] == against["user_auc"]["outcome"] == BEATS


def test_histories_are_binned_and_small_bins_left_out() -> None:
    rows = held_out()
    bins = rows.by_history()
    assert {name: int(at.sum()) for name, at in bins.items()} == {
        "0": 60, "1": 60, "2-4": 180, "5-9": 300, "10-19": 120
    }  # fmt: skip
    few = HeldOut(rows.events, np.where(np.arange(len(rows.earlier)) < 49, 0, rows.earlier + 1).astype(np.int32))
    assert "0" not in few.by_history()


def test_the_bounds_of_a_sentence_agree_with_its_outcome() -> None:
    barely = {"auc": Figure(0.003, 0.0002, 0.006), "user_auc": Figure(0.0, -0.0004, 0.0001)}
    one = Judged("teacher", {metric: Figure(0.8, 0.7, 0.9) for metric in barely}, (Against("CF", barely),))
    said = sentences(Verdict((one,), {"auc": None, "user_auc": None}))
    assert said[0].endswith("; beats CF by .003 (.0002 to .006).")
    assert said[1].endswith("; does not differ significantly from CF (.000, -.0004 to +.0001).")


def test_what_only_the_teacher_knows_is_said() -> None:
    assert sentences(verdict()) == sentences(verdict(), knows_more=True)[:-1]
    assert "item-item CF" in sentences(verdict(), knows_more=True)[-1]
