"""Every rival on the same rows under the same protocol: figures with intervals, seconds, bytes, microseconds a row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.baselines import baseline_scores, logistic
from cloud.data.collaborative import collaborative
from cloud.data.log import TEST, TRAIN, Events, Log
from cloud.data.moments import screens
from cloud.rivals.draws import Figure
from cloud.rivals.figures import figures, measured_groups
from cloud.rivals.learned import Learned, boosted_trees, logistic_regression
from cloud.rivals.lexical import lexical
from cloud.rivals.numbers import numbers
from edge.files import strict_json
from edge.text.number import Number

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rival:
    """What one of them reached. `figures`: group of rows -> metric -> figure; None where nothing is trained."""

    name: str
    figures: dict[str, dict[str, Figure]]
    rows: dict[str, int]
    logits: NDArray[np.float32]  # (row,) of all rows of the part, in their order
    microseconds_a_row: float  # making what it reads and scoring, all rows of the log at once
    training_seconds: float | None = None
    model_bytes: int | None = None
    search: str = ""


def measure_rivals(log: Log, wanted: Sequence[Number], part: int = TEST) -> list[Rival]:
    """All of them, from the least to the most, measured on a part of the log; `wanted` are the model's numbers."""
    return [_rival(log, part, name, made, seconds) for name, made, seconds in _made(log, wanted)]


def _made(log: Log, wanted: Sequence[Number]) -> Iterator[tuple[str, Floats | Learned, float]]:
    """Name, scores or a model's, and the seconds that they took."""
    timed = _Timed()
    base, spent = timed("means", lambda: baseline_scores(log.events, log.shared_clock))
    yield from ((name, score, spent / len(base)) for name, score in base.items())
    alike, of_alike = timed("item-item CF", lambda: collaborative_scores(log.events))
    yield "item-item CF", alike, of_alike
    bias = base.get("item+user bias")
    if bias is not None:
        yield "item+user bias and CF", bias + alike, spent + of_alike
    words, of_words = timed("TF-IDF", lambda: lexical(log))
    yield from ((name, score, of_words / len(words)) for name, score in words.items())
    together = of_alike + of_words
    plain, making = timed("numbers", lambda: list(numbers(log, wanted).values()))
    every = [*plain, alike, *words.values()]
    for title, columns, made in (("", plain, making), (" with CF and TF-IDF", every, making + together)):
        for name, learn in (("logistic regression", logistic_regression), ("LightGBM", boosted_trees)):
            learned, _ = timed(name + title, partial(learn, columns, log.events))
            yield f"{name}{title}", learned, made + learned.scoring_seconds


def collaborative_scores(events: Events) -> Floats:
    """(row,) what item-item CF over the training rows says of each."""
    seen = screens(events.user, events.time)
    return collaborative(events.user, events.item, events.value, events.part == TRAIN, seen)


class _Timed:
    """Says on stderr what is made, and how long it took."""

    def __call__(self, name: str, make: Callable[[], Any]) -> tuple[Any, float]:
        started = perf_counter()
        made = make()
        spent = perf_counter() - started
        print(f"rivals: {name}: {spent:.1f} s", file=sys.stderr, flush=True)
        return made, spent


def _rival(log: Log, part: int, name: str, made: Floats | Learned, seconds: float) -> Rival:
    events = log.events
    learned = made if isinstance(made, Learned) else None
    logits = learned.logits if learned else _as_logits(made, log)
    measured = measured_groups(events, events.part == part)
    return Rival(
        name,
        {group: figures(logits, events, at) for group, at in measured.items()},
        {group: int(at.sum()) for group, at in measured.items()},
        logits[events.part == part].astype(np.float32),
        seconds / len(events) * 1e6,
        learned.training_seconds if learned else None,
        learned.model_bytes if learned else None,
        learned.search if learned else "",
    )


def _as_logits(score: Any, log: Log) -> Floats:
    """A logistic curve over the training rows; the order stays."""
    train = log.events.part == TRAIN
    slope, intercept = logistic(score[train], log.events.liked[train])
    logits: Floats = max(slope, 1e-6) * score + intercept
    return logits


def rivals_json(rivals: list[Rival], dataset: dict[str, Any], protocol: str) -> dict[str, Any]:
    """Plain values; figures that are not defined are null."""
    found = strict_json([_described(rival) for rival in rivals], digits=6)
    return {"dataset": dataset, "protocol": protocol, "rivals": found}


def _described(rival: Rival) -> dict[str, Any]:
    """All but the logits, which are a file of their own."""
    return {name: value for name, value in asdict(rival).items() if name != "logits"}
