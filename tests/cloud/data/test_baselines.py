import json
from dataclasses import replace

import numpy as np
import pytest

from cloud.data.baselines import baseline_scores, baselines
from cloud.data.log import TEST, Log


def test_baselines_of_movielens_100k_are_the_known_ones(movielens_100k: Log) -> None:
    """Independently measured on rows divided within screens: .606, .727, .773, .783; here none is divided."""
    found = baselines(movielens_100k.events)["test"]
    assert found["popularity"]["auc"] == pytest.approx(0.606, abs=0.005)
    assert found["item mean"]["auc"] == pytest.approx(0.727, abs=0.005)
    assert found["item+user mean"]["auc"] == pytest.approx(0.777, abs=0.005)
    assert found["item+user bias"]["auc"] == pytest.approx(0.787, abs=0.005)
    losses = [metrics["log_loss"] for metrics in found.values()]
    assert losses == sorted(losses, reverse=True)  # popularity, item, item+user mean, item+user bias


def test_no_score_looks_at_a_label_of_its_own_moment(log: Log) -> None:
    events = log.events
    last = events.time == events.time.max()
    turned = events.liked ^ last
    rows = last & (events.part == TEST)
    changed = replace(events, liked=turned, value=turned.astype(np.float32))
    plain = replace(events, value=events.liked.astype(np.float32))
    for name, score in baseline_scores(plain).items():
        assert baseline_scores(changed)[name][rows].tolist() == score[rows].tolist()


def test_figures_without_meaning_are_null_in_json(log: Log) -> None:
    events = log.events
    everything = np.ones(len(events), dtype=bool)
    found = baselines(replace(events, liked=everything))
    assert found["test"]["item mean"]["auc"] is None
    json.dumps(found, allow_nan=False)
