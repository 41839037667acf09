"""The full model: nobody sees what they must not, with late interaction and without."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import VOCABULARY, Segment, make_candidates, make_model, make_user, scores_of, shape

from cloud.attention import attention_masks
from cloud.model import Encoder
from cloud.packing import pack
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER

EARLY, LATE = make_model(), make_model(shape(handover=2))
CLOSE = {"rtol": 0, "atol": 2e-5}
both = pytest.mark.parametrize("model", [EARLY, LATE], ids=["early", "late"])


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
@given(user=users, candidates=several, model=st.sampled_from([EARLY, LATE]))
def test_a_candidate_has_the_score_that_it_has_alone(
    user: tuple[Segment, ...], candidates: tuple[Segment, ...], model: Encoder
) -> None:
    alone = np.concatenate([scores_of(model, user, (one,)) for one in candidates])
    np.testing.assert_allclose(scores_of(model, user, candidates), alone, **CLOSE)


@both
def test_padding_never_changes_a_score(model: Encoder, random: np.random.Generator) -> None:
    requests = [(make_user(random, events), make_candidates(random, count)) for events, count in ((0, 1), (9, 6))]
    apart = torch.cat([model(pack([request])) for request in requests])
    torch.testing.assert_close(model(pack(requests)), apart, **CLOSE)


@both
def test_the_order_of_candidates_is_irrelevant(
    model: Encoder, user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    turned = scores_of(model, user, candidates[::-1])[::-1]
    np.testing.assert_allclose(scores_of(model, user, candidates), turned, **CLOSE)


@both
def test_the_user_side_never_sees_a_candidate(
    model: Encoder, user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    tokens = sum(map(len, user))
    with_all, with_one = (
        [states[0, :tokens] for states in model.states(pack([(user, some)]))] for some in (candidates, candidates[:1])
    )
    for one, two in zip(with_all, with_one, strict=True):
        torch.testing.assert_close(one, two, **CLOSE)


@both
def test_a_candidate_is_read_causally(model: Encoder, user: tuple[Segment, ...]) -> None:
    long, start = (BOS, 30, 31, 32, EOS), sum(map(len, user))
    *_, one = model.states(pack([(user, [long])]))
    *_, two = model.states(pack([(user, [(*long[:3], 40, 41, EOS)])]))
    torch.testing.assert_close(one[0, start : start + 3], two[0, start : start + 3], **CLOSE)
    assert (one[0, start + 3] - two[0, start + 3]).abs().max() > 1e-2


@both
def test_a_candidate_sees_every_segment_of_the_user(
    model: Encoder, user: tuple[Segment, ...], candidates: tuple[Segment, ...]
) -> None:
    plain = scores_of(model, user, candidates)
    for place in range(len(user) - 1):
        changed = (*user[:place], (*user[place][:-1], 100), *user[place + 1 :])
        assert np.abs(scores_of(model, changed, candidates) - plain).max() > 1e-4, place


def test_before_the_hand_over_a_segment_sees_itself_alone(user: tuple[Segment, ...]) -> None:
    alone, together = attention_masks(pack([(user, [(BOS, 30, EOS)])]))
    segments = np.repeat(np.arange(len(user) + 1), [*map(len, user), 3])
    own = segments[:, None] == segments[None, :]
    own[-3:, -3:] = np.tril(np.ones((3, 3), dtype=bool))
    np.testing.assert_array_equal(alone[0, 0].numpy() == 0, own)
    inside = segments < len(user)
    np.testing.assert_array_equal(together[0, 0].numpy() == 0, own | inside[None, :])


def test_a_segments_states_before_the_hand_over_are_those_of_any_user(user: tuple[Segment, ...]) -> None:
    other = ((BOS_USER, 44), user[1], (EOS_USER,))
    for depth in (0, 1):
        one, two = (list(LATE.states(pack([(each, [(BOS, 30, EOS)])])))[depth] for each in (user, other))
        first, second = len(user[0]), len(other[0])
        length = len(user[1])
        torch.testing.assert_close(one[0, first : first + length], two[0, second : second + length], **CLOSE)


def test_positions_restart_and_slots_follow_recency() -> None:
    packed = pack([(((1, 2), (3, 4, 5), (6,), (7,)), ((8, 9), (10, 11, 12)))])
    assert packed.positions.tolist() == [[0, 1, 0, 1, 2, 0, 0, 0, 1, 0, 1, 2]]
    assert packed.slots.tolist() == [[0, 0, 4, 4, 4, 3, 2, 1, 1, 1, 1, 1]]
    assert packed.ends.tolist() == [8, 11]
    assert packed.real.all()


def test_slots_matter(user: tuple[Segment, ...], candidates: tuple[Segment, ...]) -> None:
    turned = (user[0], *user[-2:0:-1], user[-1])
    assert np.abs(scores_of(EARLY, turned, candidates) - scores_of(EARLY, user, candidates)).max() > 1e-3
    blind = make_model()
    torch.nn.init.zeros_(blind.slot.weight)
    np.testing.assert_allclose(scores_of(blind, turned, candidates), scores_of(blind, user, candidates), **CLOSE)
