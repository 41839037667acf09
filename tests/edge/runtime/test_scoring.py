"""Candidates share what they can before the first layer, and lose nothing by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from edge.runtime.planner import Predictor, Work
from edge.runtime.scoring import Stepped
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from padding_engine import COSTS, ENGINE, PaddingEngine

CANDIDATES = [(3, 7, 9, 4), (3, 8, 4), (3, 7, 4), (3, 9, 7, 4)]


class Spelling(PaddingEngine):
    """Embeds a token as its id and place, and counts the rows that it embeds."""

    rows = 0

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        self.rows += len(ids)
        return np.pad(np.stack([ids, positions], 1), ((0, 0), (0, 6))).astype(np.float32)


def test_a_word_that_candidates_have_in_the_same_place_is_embedded_once() -> None:
    engine: Any = Spelling()
    cache = SegmentCache()
    stepped = Stepped(engine, UserSide(engine, [(1,)], 0, cache), CANDIDATES, cache)
    shared = {(place, word) for candidate in CANDIDATES for place, word in enumerate(candidate)}
    assert engine.rows == len(shared) + 1  # and the padding of the shorter ones
    assert stepped.at_end()[:, :2].tolist() == [[4, len(candidate) - 1] for candidate in CANDIDATES]
    stepped.keep(np.array([0, 3]))
    assert stepped.at_end()[:, :2].tolist() == [[4, 3], [4, 3]]


def test_a_prediction_counts_it_once_too() -> None:
    predictor = Predictor(replace(COSTS, embed=((1.0, 1.0), (100.0, 100.0))), ENGINE)
    work = Work("prefix", user_tokens=10, candidates=7, candidate_tokens=5, words=12)
    assert np.isclose(predictor.begin(work), 10 + 12)
    cached = Work("segments", user_tokens=10, candidates=7, candidate_tokens=5, words=12, handover=2, new_candidates=1)
    alone = 2 * COSTS.candidate_step(ENGINE, 0, 1)
    assert np.isclose(predictor.begin(cached), 5 + alone)
