"""A ranking stage keeps the scores that its figures are of, for every row and exit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cloud.data.rows import Prepared
from cloud.ranking.kept_scores import SCORES, kept_scores
from cloud.ranking.measure import load_ranker, scores_of
from cloud.ranking.train import RANKERS, timelines_for, train_ranker
from cloud.runs.directory import Run
from edge.errors import EdgeError
from edge.metrics import summarise

SMALL = replace(
    RANKERS["quickstart"].shape, hidden_size=16, embedding_size=8, encode_layers=3, early_encode=1, interact_layers=1
)
CONFIG = replace(RANKERS["quickstart"], repeats=1, passes=1, users=8, shape=SMALL, collaborative=False)


@pytest.fixture(scope="module")
def ranker(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_ranker(prepared, tmp_path_factory.mktemp("run") / "ranker", CONFIG)


def test_kept_scores_are_those_of_the_model_and_of_the_figures(prepared: Run, ranker: Run) -> None:
    rows, model = Prepared(prepared), load_ranker(ranker)
    timelines = timelines_for(Prepared(prepared), model.shape, CONFIG.history, CONFIG.targets, CONFIG.collaborative)
    for part in ("validation", "test"):
        chosen = rows.part(part)
        for encode in (1, 3):
            computed = scores_of(model, timelines, chosen, encode)
            for interact in (0, 1):
                kept = kept_scores(ranker, part, encode, interact)
                assert kept.dtype == np.float32 and np.allclose(kept, computed[interact], atol=1e-6)
                found = summarise(kept, rows.column("label")[chosen], rows.column("user")[chosen])
                assert found["auc"] == ranker.summary["quality"][part][f"encode {encode}"][str(interact)]["auc"]


def test_scores_of_training_rows_are_kept_at_the_deepest_exit_alone(prepared: Run, ranker: Run) -> None:
    assert len(kept_scores(ranker, "train")) == len(Prepared(prepared).part("train"))
    assert np.array_equal(kept_scores(ranker, "train"), kept_scores(ranker, "train", 3, 1))
    with pytest.raises(EdgeError, match=r"has no scores of train/\*/0"):
        kept_scores(ranker, "train", interact=0)


def test_a_depth_that_is_not_given_is_the_deepest(ranker: Run) -> None:
    deepest = kept_scores(ranker, "test", 3, 1)
    assert np.array_equal(kept_scores(ranker, "test"), deepest)
    assert np.array_equal(kept_scores(ranker, "test", interact=0), kept_scores(ranker, "test", 3, 0))
    assert not np.array_equal(kept_scores(ranker, "test", encode=1), deepest)


def test_a_run_without_scores_and_an_exit_that_is_not_there_are_refused(prepared: Run, ranker: Run) -> None:
    assert SCORES in ranker.manifest["files"]
    with pytest.raises(EdgeError, match=r"\(prepare\) has no scores"):
        kept_scores(prepared, "test")
    with pytest.raises(EdgeError, match="has no scores of test/7/1") as refused:
        kept_scores(ranker, "test", 7, 1)
    assert "test/3/1" in refused.value.fix
