"""Quality is measured by the cached forms, in the rows' own order, and equally each time."""

from __future__ import annotations

import numpy as np
import pytest
from cloud.torch_engine import TorchEngine
from small_models import make_model, make_requests, scores_masked, scores_packed

from cloud.attention import PREFIX, Plan, segments_plan
from cloud.evaluate import CHUNK, evaluate, score_requests
from edge.metrics import auc, log_loss

MODEL = make_model()
REQUESTS = [*make_requests(7), *make_requests(2, seed=1, candidates=CHUNK + 3)]


@pytest.mark.parametrize("engines", [1, 3])
def test_rows_stand_in_the_order_of_the_requests_candidates(engines: int) -> None:
    found = score_requests([TorchEngine(MODEL)] * engines, REQUESTS, PREFIX, (2, 4), "test")
    wanted = np.concatenate([scores_packed(MODEL, r.segments, r.candidates) for r in REQUESTS], 1)
    np.testing.assert_allclose(found, wanted[[1, 3]], rtol=0, atol=2e-5)
    found = score_requests([TorchEngine(MODEL)] * engines, REQUESTS, segments_plan(2), (3, 4), "test")
    wanted = np.concatenate([scores_masked(MODEL, r.segments, r.candidates) for r in REQUESTS], 1)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-5)


@pytest.mark.parametrize("plan", [PREFIX, segments_plan(2)], ids=lambda plan: plan.name)
def test_measuring_twice_gives_the_same_to_the_last_bit(plan: Plan) -> None:
    engines = [TorchEngine(MODEL)] * 3
    repeated = REQUESTS * 3  # segments come again: what is cached must not depend on which thread was faster
    one, two = (score_requests(engines, repeated, plan, (3, 4), "test") for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_figures_are_those_of_the_scores_per_exit() -> None:
    figures = evaluate([TorchEngine(MODEL)], REQUESTS, PREFIX, (1, 4), "test")
    scores = score_requests([TorchEngine(MODEL)], REQUESTS, PREFIX, (1, 4), "test")
    labels = np.concatenate([request.labels for request in REQUESTS])
    assert list(figures) == ["1", "4"]
    for row, depth in zip(scores, figures, strict=True):
        assert figures[depth]["auc"] == auc(row, labels)
        assert figures[depth]["log_loss"] == log_loss(row, labels)
