import json

import numpy as np
import pytest

from cloud.data.baselines import baselines
from cloud.data.log import TEST, Events, Log


def test_baselines_of_movielens_100k_are_the_known_ones(movielens_100k: Log) -> None:
    found = baselines(movielens_100k.events)["test"]
    assert found["item mean"]["auc"] == pytest.approx(0.733, abs=0.005)
    assert found["item+user mean"]["auc"] == pytest.approx(0.776, abs=0.005)
    assert found["item+user bias"]["auc"] == pytest.approx(0.796, abs=0.005)
    assert found["popularity"]["auc"] == pytest.approx(0.663, abs=0.005)
    losses = [metrics["log_loss"] for metrics in found.values()]
    assert losses == sorted(losses, reverse=True)  # popularity, item, item+user mean, item+user bias
    assert losses[0] < 0.688  # of the constant guess


def test_baselines_never_look_at_test_labels(log: Log) -> None:
    events = log.events
    turned = events.liked ^ (events.part == TEST)
    other = baselines(Events(events.user, events.item, events.time, turned, events.part))
    mine = baselines(events)
    for name, metrics in mine["test"].items():
        assert other["test"][name]["auc"] == pytest.approx(1 - metrics["auc"])  # same scores, labels turned
    assert other["validation"] == mine["validation"]


def test_figures_without_meaning_are_null_in_json(log: Log) -> None:
    events = log.events
    everything = np.ones(len(events), dtype=bool)
    found = baselines(Events(events.user, events.item, events.time, everything, events.part))
    assert found["test"]["item mean"]["auc"] is None
    json.dumps(found, allow_nan=False)
