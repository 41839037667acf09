"""The attention plans: each cached form gives the scores of its uncached form, and nobody sees what they must not."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from edge.runtime.segment_cache import SegmentCache
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import (
    VOCABULARY,
    Segment,
    make_candidates,
    make_model,
    make_user,
    scores_alone,
    scores_cached,
    scores_masked,
    scores_packed,
    shape,
    teacher_shape,
)

from cloud.attention import FULL, PREFIX, attention_masks, segments_plan
from cloud.model import Encoder
from cloud.packing import pack
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER

MODEL = make_model()
CLOSE = {"rtol": 0, "atol": 2e-5}
PLANS = (FULL, PREFIX, segments_plan(2))
Scores = Callable[..., np.ndarray]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.fixture
def user(random: np.random.Generator) -> tuple[Segment, ...]:
    return make_user(random)


@pytest.fixture
def candidates(random: np.random.Generator) -> tuple[Segment, ...]:
    return make_candidates(random)


words = st.lists(st.integers(7, VOCABULARY - 1), min_size=1, max_size=7).map(tuple)
users = st.lists(words, max_size=6).map(lambda events: ((BOS_USER, 9), *events, (EOS_USER,)))
several = st.lists(words.map(lambda text: (BOS, *text, EOS)), min_size=1, max_size=5).map(tuple)


@settings(max_examples=30, deadline=None)
@given(user=users, candidates=several)
def test_full_and_prefix_plans_agree_masked_or_cached(
    user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    alone = scores_alone(MODEL, user, candidates)
    assert alone.shape == (4, len(candidates))
    np.testing.assert_allclose(scores_packed(MODEL, user, candidates), alone, **CLOSE)
    np.testing.assert_allclose(scores_cached(MODEL, user, candidates), alone, **CLOSE)


@settings(max_examples=30, deadline=None)
@given(user=users, candidates=several, budget=st.sampled_from([0, 3000, 8_000_000]))
def test_the_segments_plan_agrees_masked_cached_warm_and_with_hardly_any_cache(
    user: tuple[Segment, ...], candidates: tuple[Segment, ...], budget: int
) -> None:
    masked, cache = scores_masked(MODEL, user, candidates), SegmentCache(budget)
    assert masked.shape == (2, len(candidates))
    for _ in ("cold", "warm"):
        np.testing.assert_allclose(scores_cached(MODEL, user, candidates, 2, cache), masked, **CLOSE)


@pytest.mark.parametrize("handover", [1, 2, 3])
def test_the_hand_over_may_lie_at_any_depth(
    handover: int, user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    model = make_model(shape(handover=handover))
    masked = scores_masked(model, user, candidates)
    np.testing.assert_allclose(scores_cached(model, user, candidates, handover), masked, **CLOSE)


def test_repeated_segments_are_computed_once_and_score_the_same() -> None:
    event, candidate = (20, 21, 22), (BOS, 30, EOS)
    user, candidates = ((BOS_USER, 9), event, event, event, (EOS_USER,)), (candidate, (BOS, 31, 32, EOS), candidate)
    cache = SegmentCache()
    scores = scores_cached(MODEL, user, candidates, 2, cache)
    assert len(cache) == 5  # profile, one event, closing, two candidates
    np.testing.assert_allclose(scores, scores_masked(MODEL, user, candidates), **CLOSE)
    np.testing.assert_array_equal(scores[:, 0], scores[:, 2])


def test_a_cache_warmed_by_other_users_changes_nothing(random: np.random.Generator) -> None:
    cache = SegmentCache()
    shared = [make_user(random) for _ in range(4)]
    candidates = make_candidates(random)
    for user in [*shared, (shared[0][0], *shared[1][1:-1], *shared[2][1:])]:
        scores = scores_cached(MODEL, user, candidates, 2, cache)
        np.testing.assert_allclose(scores, scores_masked(MODEL, user, candidates), **CLOSE)


def test_unshared_layers_run_through_the_same_cached_forms(
    user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    teacher = make_model(teacher_shape(handover=1))
    alone = scores_alone(teacher, user, candidates)
    np.testing.assert_allclose(scores_packed(teacher, user, candidates), alone, **CLOSE)
    np.testing.assert_allclose(scores_cached(teacher, user, candidates), alone, **CLOSE)
    masked = scores_masked(teacher, user, candidates)
    np.testing.assert_allclose(scores_cached(teacher, user, candidates, 1), masked, **CLOSE)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_padding_never_changes_a_score(plan: object, random: np.random.Generator) -> None:
    requests = [(make_user(random, events), make_candidates(random, count)) for events, count in ((0, 1), (9, 6))]
    depths = plan.exits((1, 2, 3, 4))  # type: ignore[attr-defined]
    together = MODEL(pack(requests), plan, depths)
    apart = torch.cat([MODEL(pack([request]), plan, depths) for request in requests], 1)
    torch.testing.assert_close(together, apart, **CLOSE)


@pytest.mark.parametrize("scores", [scores_packed, scores_masked])
def test_a_candidate_never_sees_another(
    scores: Scores, user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    other = (candidates[0], *make_candidates(np.random.default_rng(99), 7))
    np.testing.assert_allclose(scores(MODEL, user, candidates)[:, 0], scores(MODEL, user, other)[:, 0], **CLOSE)


@pytest.mark.parametrize("scores", [scores_packed, scores_masked])
def test_the_order_of_candidates_is_irrelevant(
    scores: Scores, user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    turned = scores(MODEL, user, candidates[::-1])[:, ::-1]
    np.testing.assert_allclose(scores(MODEL, user, candidates), turned, **CLOSE)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_the_user_side_never_sees_a_candidate(
    plan: object, user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    tokens = sum(map(len, user))
    with_candidates = [states[0, :tokens] for states in MODEL.states(pack([(user, candidates)]), plan)]  # type: ignore[arg-type]
    other = [states[0, :tokens] for states in MODEL.states(pack([(user, candidates[:1])]), plan)]  # type: ignore[arg-type]
    for one, two in zip(with_candidates, other, strict=True):
        torch.testing.assert_close(one, two, **CLOSE)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_candidate_is_read_causally(plan: object, user: tuple[Segment, ...]) -> None:
    long, start = (BOS, 30, 31, 32, EOS), sum(map(len, user))
    *_, one = MODEL.states(pack([(user, [long])]), plan)  # type: ignore[arg-type]
    *_, two = MODEL.states(pack([(user, [(*long[:3], 40, 41, EOS)])]), plan)  # type: ignore[arg-type]
    torch.testing.assert_close(one[0, start : start + 3], two[0, start : start + 3], **CLOSE)
    assert (one[0, start + 3] - two[0, start + 3]).abs().max() > 1e-2


@pytest.mark.parametrize("scores", [scores_packed, scores_masked])
def test_a_candidate_sees_every_segment_of_the_user(
    scores: Scores, user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    plain = scores(MODEL, user, candidates)
    for place in range(len(user) - 1):
        changed = (*user[:place], (*user[place][:-1], 100), *user[place + 1 :])
        assert np.abs(scores(MODEL, changed, candidates) - plain).max(1).min() > 1e-4, place


def test_before_the_hand_over_a_segment_sees_itself_alone(user: tuple[Segment, ...]) -> None:
    alone, together = attention_masks(pack([(user, [(BOS, 30, EOS)])]), segments_plan(2))
    assert alone is not None
    segments = np.repeat(np.arange(len(user) + 1), [*map(len, user), 3])
    own = segments[:, None] == segments[None, :]
    own[-3:, -3:] = np.tril(np.ones((3, 3), dtype=bool))
    np.testing.assert_array_equal(alone[0, 0].numpy() == 0, own)
    inside = segments < len(user)
    np.testing.assert_array_equal(together[0, 0].numpy() == 0, own | inside[None, :])


def test_positions_restart_and_slots_follow_recency() -> None:
    packed = pack([(((1, 2), (3, 4, 5), (6,), (7,)), ((8, 9), (10, 11, 12)))])
    assert packed.positions.tolist() == [[0, 1, 0, 1, 2, 0, 0, 0, 1, 0, 1, 2]]
    assert packed.slots.tolist() == [[0, 0, 4, 4, 4, 3, 2, 1, 1, 1, 1, 1]]
    assert packed.ends.tolist() == [8, 11]
    assert packed.real.all()


def test_slots_matter(user: tuple[Segment, ...], candidates: tuple[Segment, ...]) -> None:
    turned = (user[0], *user[-2:0:-1], user[-1])
    assert np.abs(scores_packed(MODEL, turned, candidates) - scores_packed(MODEL, user, candidates)).max() > 1e-3
    blind = make_model()
    torch.nn.init.zeros_(blind.slot.weight)
    np.testing.assert_allclose(
        scores_packed(blind, turned, candidates), scores_packed(blind, user, candidates), **CLOSE
    )


def test_every_depth_has_scores_of_its_own(user: tuple[Segment, ...], candidates: tuple[Segment, ...]) -> None:
    by_depth = scores_packed(MODEL, user, candidates)
    assert min(np.abs(one - two).max() for one, two in itertools.pairwise(by_depth)) > 1e-3
    packed = pack([(user, candidates)])
    with torch.inference_mode():
        np.testing.assert_array_equal(MODEL(packed, PREFIX, (2,))[0], by_depth[1])
        assert MODEL(packed, PREFIX).shape == (4, len(candidates))
        last: Encoder = make_model(shape(exits="last"))
        assert last(packed, PREFIX).shape == (1, len(candidates))
