"""The segment cache holds copies of hidden states, by the content of segments."""

from __future__ import annotations

import numpy as np
from edge.runtime.segment_cache import SegmentCache


def states(tokens: int) -> np.ndarray:
    return np.zeros((tokens, 4), dtype=np.float32)  # 16 bytes a token


def test_beyond_its_bytes_what_was_used_longest_ago_is_missing() -> None:
    cache = SegmentCache(budget_bytes=48)
    for name in (1, 2, 3):
        cache.put((name,), states(1))
    assert cache.get((1,)) is not None
    cache.put((4,), states(1))
    assert cache.missing([(1,), (2,), (3,), (4,)]) == [(2,)]
    assert cache.bytes == 48 and len(cache) == 3


def test_what_is_kept_does_not_keep_the_array_that_it_was_cut_from() -> None:
    cache, large = SegmentCache(), states(1000)
    cache.put((1,), large[:2])
    found = cache.get((1,))
    assert found is not None and found.base is None and not np.shares_memory(found, large)


def test_missing_segments_are_named_once_in_a_fixed_order() -> None:
    assert SegmentCache().missing([(3, 1), (2,), (3, 1), (2, 5)]) == [(2,), (2, 5), (3, 1)]
