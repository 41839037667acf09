"""Batches by number: always the same, each pass whole, never more tokens than allowed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import make_requests

from cloud.batches import RequestBatches, label_batch
from edge.errors import EdgeError

REQUESTS = make_requests(83)


def padded(batches: RequestBatches, number: int) -> int:
    group = batches.group(number)
    return len(group) * max(request.tokens for request in group)


def users(batches: RequestBatches, number: int) -> list[str]:
    return [request.user for request in batches.group(number)]


def test_the_same_number_gives_the_same_batch_in_any_order_of_asking() -> None:
    forward, backward = (RequestBatches(REQUESTS, 300, seed=3) for _ in range(2))
    ahead = [users(forward, number) for number in range(60)]
    assert [users(backward, number) for number in reversed(range(60))] == ahead[::-1]
    assert users(RequestBatches(REQUESTS, 300, seed=4), 0) != ahead[0]


@settings(max_examples=25, deadline=None)
@given(tokens=st.integers(1, 800), seed=st.integers(0, 50))
def test_every_pass_has_every_request_once_within_the_tokens(tokens: int, seed: int) -> None:
    batches = RequestBatches(REQUESTS, tokens, seed)
    number, orders = 0, []
    for _ in range(3):
        seen: list[str] = []
        while len(seen) < len(REQUESTS):
            seen += users(batches, number)
            assert len(batches.group(number)) == 1 or padded(batches, number) <= tokens
            number += 1
        assert max(Counter(seen).values()) == 1
        orders.append(seen)
    assert orders[0] != orders[1] != orders[2]


def test_a_request_longer_than_the_limit_is_a_batch_of_its_own() -> None:
    batches = RequestBatches(REQUESTS, batch_tokens=1)
    assert [len(batches.group(number)) for number in range(len(REQUESTS))] == [1] * len(REQUESTS)


def test_requests_of_similar_length_stand_together() -> None:
    batches = RequestBatches(REQUESTS, 400)
    numbers = range(len(REQUESTS))
    wasted = 1 - sum(sum(r.tokens for r in batches.group(n)) for n in numbers) / sum(
        padded(batches, n) for n in numbers
    )
    assert wasted < 0.1


def test_labels_stand_in_the_order_of_the_packed_candidates() -> None:
    batch = label_batch(REQUESTS[:3])
    assert batch.labels.tolist() == np.concatenate([request.labels for request in REQUESTS[:3]]).tolist()
    last_tokens = batch.packed.tokens.flatten()[batch.packed.ends]
    assert last_tokens.tolist() == [candidate[-1] for request in REQUESTS[:3] for candidate in request.candidates]
    assert batch.packed.is_candidate.flatten()[batch.packed.ends].all()


def test_no_requests_are_an_error_and_not_an_endless_loop() -> None:
    with pytest.raises(EdgeError, match="no requests to train on"):
        RequestBatches([], 300)
