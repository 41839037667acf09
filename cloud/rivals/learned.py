"""Models over the numbers of a row: logistic regression and LightGBM, each tuned on validation rows alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import TRAIN, VALIDATION, Events
from edge.metrics import auc

Floats = NDArray[np.float64]
STRENGTHS = (0.01, 0.1, 1.0)  # of the logistic regression: the inverse of its regularisation
TREES: tuple[dict[str, Any], ...] = (
    {"num_leaves": 15, "min_data_in_leaf": 100},
    {"num_leaves": 31, "min_data_in_leaf": 100},
    {"num_leaves": 31, "min_data_in_leaf": 400},
)
ALWAYS: dict[str, Any] = {
    "objective": "binary", "metric": "auc", "learning_rate": 0.04, "feature_fraction": 0.8, "bagging_fraction": 0.8,
    "bagging_freq": 1, "seed": 0, "deterministic": True, "num_threads": 1, "verbose": -1,
}  # fmt: skip
MOST_TREES, PATIENCE = 2_000, 80


@dataclass(frozen=True)
class Learned:
    """`logits` (row,) of every row; `search` says what was tried and what was best on validation."""

    logits: Floats
    search: str
    training_seconds: float  # of the whole search
    scoring_seconds: float  # for every row
    model_bytes: int


def logistic_regression(columns: Sequence[Floats], events: Events) -> Learned:
    """Over standardised numbers; a missing one is its mean, with a flag beside it."""
    from sklearn.linear_model import LogisticRegression

    inputs = _standardised(columns, events)

    def make(strength: float) -> Any:
        return LogisticRegression(C=strength, max_iter=500).fit(inputs[_train(events)], events.liked[_train(events)])

    def score(model: Any) -> Floats:
        return np.asarray(inputs @ model.coef_[0] + model.intercept_[0])

    return _best("C", STRENGTHS, make, score, events, lambda model: model.coef_.nbytes + 8)


def boosted_trees(columns: Sequence[Floats], events: Events) -> Learned:
    """LightGBM; the number of trees is where validation stopped improving."""
    import lightgbm

    inputs, train, validation = np.stack(columns, axis=1), _train(events), events.part == VALIDATION

    def make(settings: dict[str, Any]) -> Any:
        data = lightgbm.Dataset(inputs[train], events.liked[train], free_raw_data=False)
        held = lightgbm.Dataset(inputs[validation], events.liked[validation], reference=data)
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        return lightgbm.train(ALWAYS | settings, data, MOST_TREES, [held], callbacks=[stop])

    def score(model: Any) -> Floats:
        return np.asarray(model.predict(inputs, raw_score=True), dtype=np.float64)

    return _best("trees", TREES, make, score, events, lambda model: len(model.model_to_string()))


def _best(
    what: str,
    choices: Sequence[Any],
    make: Callable[[Any], Any],
    score: Callable[[Any], Floats],
    events: Events,
    size: Callable[[Any], int],
) -> Learned:
    """The model of the choice with the highest AUC on validation."""
    started, rows = perf_counter(), events.part == VALIDATION
    models = [make(choice) for choice in choices]
    trained = perf_counter()
    logits = [score(model) for model in models]
    scored = (perf_counter() - trained) / len(models)
    reached = [auc(found[rows], events.liked[rows]) for found in logits]
    place = int(np.argmax(np.nan_to_num(reached)))
    tried = ", ".join(f"{_named(choice)}: {value:.4f}" for choice, value in zip(choices, reached, strict=True))
    search = f"{what} by AUC on validation, of {tried}"
    return Learned(logits[place], search, trained - started, scored, size(models[place]))


def _named(choice: Any) -> str:
    return (
        " and ".join(f"{name} {value}" for name, value in choice.items()) if isinstance(choice, dict) else str(choice)
    )


def _train(events: Events) -> NDArray[np.bool_]:
    return events.part == TRAIN


def _standardised(columns: Sequence[Floats], events: Events) -> Floats:
    """(row, 2 * number): by mean and spread of the training rows, clipped at 4; then which were missing."""
    found = []
    for column in columns:
        known = np.isfinite(column)
        trained = column[known & _train(events)]
        mean, spread = (float(trained.mean()), float(trained.std())) if len(trained) else (0.0, 1.0)
        found += [np.where(known, np.clip((column - mean) / (spread or 1.0), -4, 4), 0.0), (~known).astype(np.float64)]
    return np.stack(found, axis=1)
