"""Quality of the full model is measured in the rows' own order, whatever the batches."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import make_model, make_requests, scores_of

from cloud.evaluate import evaluate, score_requests
from edge.metrics import auc, log_loss

MODEL = make_model()
REQUESTS = [*make_requests(7), *make_requests(2, seed=1, candidates=19)]


@pytest.mark.parametrize("most", [1, 200, 100_000])
def test_rows_stand_in_the_order_of_the_requests_candidates(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.evaluate.BATCH_TOKENS", most)
    wanted = np.concatenate([scores_of(MODEL, request.segments, request.candidates) for request in REQUESTS])
    np.testing.assert_allclose(score_requests(MODEL, REQUESTS, "test"), wanted, rtol=0, atol=2e-5)


def test_figures_are_those_of_the_scores() -> None:
    figures, scores = evaluate(MODEL, REQUESTS, "test"), score_requests(MODEL, REQUESTS, "test")
    labels = np.concatenate([request.labels for request in REQUESTS])
    assert figures["auc"] == auc(scores, labels)
    assert figures["log_loss"] == log_loss(scores, labels)
