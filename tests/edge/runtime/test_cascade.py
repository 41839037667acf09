"""The cascade lets the hopeless stop early, by margins that other requests have told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from edge.bundle.cascade import Cascade, cascade_to_json, parse_cascade
from edge.runtime.cascade import fit_cascade

from edge.errors import EdgeError

RANDOM = np.random.default_rng(0)


def alone(count: int) -> int:
    return count


def in_fours(count: int) -> int:
    return -(-count // 4) * 4


def requests(noise: float, count: int = 60, candidates: int = 50) -> list[dict[int, np.ndarray]]:
    """Exits whose logits come ever closer to the deepest one's."""
    found = []
    for _ in range(count):
        true = RANDOM.normal(size=candidates)
        found.append({exit: true + noise * (8 - exit) * RANDOM.normal(size=candidates) for exit in (2, 4, 6, 8)})
    return found


def test_who_is_further_behind_than_the_margin_stops() -> None:
    cascade = Cascade(top=2, margins={1: 0.5}, agreement=1.0, work=1.0)
    logits = np.array([0.4, 3.0, 0.6, 1.0, -1.0])
    assert cascade.staying(1, logits, alone).tolist() == [1, 2, 3]
    assert cascade.staying(1, logits, in_fours).tolist() == [0, 1, 2, 3]  # the fourth costs nothing
    assert cascade.staying(2, logits, alone).tolist() == [0, 1, 2, 3, 4]  # no margin, nobody stops
    assert cascade.staying(1, logits[:2], alone).tolist() == [0, 1]


def test_exits_that_agree_let_all_but_the_top_stop_at_once() -> None:
    cascade = fit_cascade(requests(noise=0.0), top=10, wanted=0.95, padded=alone)
    assert cascade.agreement == 1.0
    assert cascade.work == pytest.approx((2 * 50 + 6 * 10) / (8 * 50))


def test_the_agreement_stated_is_that_of_requests_not_fitted_on() -> None:
    noisy = fit_cascade(requests(noise=0.05, count=200), top=10, wanted=0.97, padded=alone)
    assert 0.93 <= noisy.agreement <= 1.0 and 0.2 < noisy.work < 1.0
    strict = fit_cascade(requests(noise=0.05, count=200), top=10, wanted=1.0, padded=alone)
    assert strict.work > noisy.work and strict.agreement >= noisy.agreement


def test_a_cascade_is_read_back_from_a_manifest() -> None:
    value = {"top": 10, "margins": {"2": 0.25}, "agreement": 0.97, "work": 0.5}
    assert parse_cascade(value) == Cascade(10, {2: 0.25}, 0.97, 0.5)


@pytest.mark.parametrize("value", [
    None, [], {}, "top", {"top": 10}, {"top": 0, "margins": {}, "agreement": 1, "work": 1},
    {"top": True, "margins": {}, "agreement": 1, "work": 1},
    {"top": 1, "margins": {"x": 1}, "agreement": 1, "work": 1},
    {"top": 1, "margins": {"0": 1}, "agreement": 1, "work": 1},
    {"top": 1, "margins": [], "agreement": 1, "work": 1},
    {"top": 1, "margins": {"1": -0.1}, "agreement": 1, "work": 1},
    {"top": 1, "margins": {"1": 1e999}, "agreement": 1, "work": 1},
    {"top": 1, "margins": {}, "agreement": None, "work": 1},
    {"top": 1, "margins": {"1": 10**400}, "agreement": 1, "work": 1},
    {"top": 1, "margins": {"1": True}, "agreement": 1, "work": 1},
    {"top": 1, "margins": {"1": "0.3"}, "agreement": 1, "work": 1},
    {"top": 1, "margins": {"01": 1}, "agreement": 1, "work": 1},
    {"top": 1, "margins": {" 1": 1}, "agreement": 1, "work": 1},
    {"top": 1, "margins": {"1": 1}, "agreement": 1.01, "work": 1},
    {"top": 1, "margins": {"1": 1}, "agreement": 1, "work": 2},
    {"top": 1, "margins": {"1": 1}, "agreement": True, "work": 1},
    {"top": 1, "margins": {"1": 1}, "agreement": 1, "work": "1"},
    {"top": 1.0, "margins": {"1": 1}, "agreement": 1, "work": 1},
    {"top": 1 << 40, "margins": {"1": 1}, "agreement": 1, "work": 1},
])  # fmt: skip
def test_what_is_no_cascade_is_refused(value: Any) -> None:
    with pytest.raises(EdgeError, match="a cascade"):
        parse_cascade(value)


def test_margins_are_written_rounded_up() -> None:
    value = cascade_to_json(Cascade(10, {2: 0.12341, 4: 0.0}, 0.97123, 0.5))
    assert value == {"top": 10, "margins": {"2": 0.1235, "4": 0.0}, "agreement": 0.9712, "work": 0.5}
    assert cascade_to_json(parse_cascade(value)) == value
