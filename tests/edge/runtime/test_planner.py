"""The planner knows what every plan and exit would take, and picks the best that a budget allows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from edge.runtime.planner import Allowance, Choice, Predictor, Work, best, choices, choose
from hypothesis import given
from hypothesis import strategies as st
from padding_engine import COSTS, ENGINE

PREDICTOR = Predictor(COSTS, ENGINE)
WORK = Work("prefix", user_tokens=28, candidates=7, candidate_tokens=5)
EXITS = {1: 0.70, 2: 0.74, 4: 0.76, 6: 0.75}
PLENTY = 10**9
USER, CANDIDATES, HEAD = 2.0, 6.0, 0.5  # milliseconds of a step of WORK
KEYS, END = 0.5, 1.5  # of a last step


def test_a_prediction_is_what_is_left_to_compute() -> None:
    assert PREDICTOR.total(WORK, 1) == pytest.approx(KEYS + END + HEAD)
    assert PREDICTOR.total(WORK, 6) == pytest.approx(5 * (USER + CANDIDATES) + KEYS + END + HEAD)
    kept = replace(WORK, user_depth=4, user_keys=4, started=True)
    assert PREDICTOR.total(kept, 6) == pytest.approx(USER + KEYS + 5 * CANDIDATES + END + HEAD)
    assert PREDICTOR.total(kept, 2) == pytest.approx(CANDIDATES + END + HEAD)


def test_a_user_kept_as_far_as_a_last_layers_keys_owes_the_rest_of_it_to_who_goes_deeper() -> None:
    kept = replace(WORK, user_depth=3, user_keys=4, started=True)
    assert PREDICTOR.total(kept, 4) == pytest.approx(3 * CANDIDATES + END + HEAD)
    assert PREDICTOR.total(kept, 5) == pytest.approx(USER + KEYS + 4 * CANDIDATES + END + HEAD)
    assert PREDICTOR.layers(kept, 3, 4, 7) == pytest.approx(CANDIDATES)
    assert PREDICTOR.layers(kept, 4, 5, 7) == pytest.approx(2 * USER + CANDIDATES)


@given(data=st.data(), end=st.integers(2, 6), keys=st.integers(0, 6), more=st.integers(0, 1))
def test_step_by_step_costs_what_all_steps_cost(data: st.DataObject, end: int, keys: int, more: int) -> None:
    work = replace(WORK, user_depth=max(keys - more, 0), user_keys=keys, started=keys > 0)
    middle = data.draw(st.integers(0, end - 1))
    parts = PREDICTOR.layers(work, 0, middle, 7) + PREDICTOR.ending(work, middle, end, 7)
    assert parts == pytest.approx(PREDICTOR.total(work, end))


def test_a_step_of_fewer_candidates_costs_less() -> None:
    assert PREDICTOR.layers(WORK, 2, 4, 7) == pytest.approx(2 * (USER + CANDIDATES))
    assert PREDICTOR.layers(WORK, 2, 4, 4) == pytest.approx(2 * (USER + 3.0))


def test_in_the_segments_plan_what_is_not_cached_costs_its_layers_alone() -> None:
    warm = replace(WORK, plan="segments", user_depth=2, user_keys=2, handover=2)
    live = 3 * (USER + CANDIDATES) + KEYS + END + HEAD
    assert PREDICTOR.total(warm, 6) == pytest.approx(live)
    cold = replace(warm, new_tokens=8, new_candidates=3)
    assert PREDICTOR.total(cold, 6) == pytest.approx(live + 2 * (1.0 + 2.0))


def test_the_full_plan_pays_for_the_user_with_every_candidate() -> None:
    full = replace(WORK, plan="full", user_tokens=25, candidates=3)  # 30 tokens together
    assert PREDICTOR.total(full, 4) == pytest.approx(4 * 3 * USER + HEAD)
    assert [choice.kept for choice in choices(PREDICTOR, full, EXITS, PLENTY)] == [False] * 4


def test_a_kept_user_holds_keys_and_values_of_every_layer_and_another_of_one() -> None:
    per_layer = 2 * 28 * 8 * 4
    assert PREDICTOR.held(WORK, 4, kept=True) - PREDICTOR.held(WORK, 1, kept=True) == 3 * per_layer
    assert PREDICTOR.held(WORK, 4, kept=False) == PREDICTOR.held(WORK, 1, kept=False)


def test_a_user_too_large_to_be_kept_is_computed_anew() -> None:
    kept = replace(WORK, user_depth=4, user_keys=4, started=True)
    found = list(choices(PREDICTOR, kept, EXITS, PREDICTOR.held(kept, 4, kept=True)))
    assert {choice.depth for choice in found if choice.kept} == {1, 2, 4}
    (anew,) = [choice for choice in found if choice.depth == 6]
    assert anew.milliseconds == PREDICTOR.total(WORK, 6) > PREDICTOR.total(kept, 6)


def possible(work: Work = WORK) -> list[Choice]:
    return list(choices(PREDICTOR, work, EXITS, PLENTY))


@given(budget=st.floats(0, 100), user_depth=st.integers(0, 6), candidates=st.integers(1, 40))
def test_the_best_measured_exit_within_the_time_is_taken(budget: float, user_depth: int, candidates: int) -> None:
    kept = {"user_depth": user_depth, "user_keys": user_depth, "started": user_depth > 0}
    work = replace(WORK, candidates=candidates, **kept)
    chosen = choose(possible(work), Allowance(milliseconds=budget))
    fitting = [depth for depth in EXITS if PREDICTOR.total(work, depth) <= budget]
    assert chosen.depth == (max(fitting, key=EXITS.__getitem__) if fitting else 1)
    assert chosen.milliseconds == PREDICTOR.total(work, chosen.depth)


def test_a_deeper_exit_that_measured_worse_is_never_worth_its_time() -> None:
    assert choose(possible(), Allowance(milliseconds=1e6)).depth == 4
    assert choose(possible(), Allowance(milliseconds=3 * (USER + CANDIDATES))).depth == 2


def test_without_measurements_the_deepest_exit_of_an_exact_plan_is_the_best() -> None:
    unknown = [replace(choice, auc=None) for choice in possible()]
    other = [replace(choice, plan="segments") for choice in unknown]
    assert (best([*other, *unknown]).plan, best([*other, *unknown]).depth) == ("prefix", 6)
    assert best(other).depth == 6


def test_an_auc_to_reach_is_reached_by_the_fastest_exit_that_did() -> None:
    assert choose(possible(), Allowance(auc=0.74)).depth == 2
    assert choose(possible(), Allowance(auc=0.75)).depth == 4
    assert choose(possible(), Allowance(auc=0.9)).depth == 4  # none did: the best there is
    assert choose(possible(), Allowance(auc=0.75, milliseconds=2.5 * (USER + CANDIDATES))).depth == 2


def test_a_memory_budget_keeps_less_of_the_user_or_nothing() -> None:
    room = PREDICTOR.held(WORK, 2, kept=True)
    chosen = choose(possible(), Allowance(bytes=room))
    assert (chosen.depth, chosen.kept) == (4, False) and chosen.bytes <= room
    least = choose(possible(), Allowance(bytes=1))
    assert least.bytes == min(choice.bytes for choice in possible())


def test_of_equal_answers_the_one_that_keeps_the_user_is_taken() -> None:
    assert choose(possible(), Allowance(milliseconds=1e6)).kept
