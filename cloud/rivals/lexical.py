"""TF-IDF: how similar the words of an item are to those of the user's earlier items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from cloud.data.log import TRAIN, Log
from cloud.data.moments import screens, user_rows
from edge.text.types import Item

Floats = NDArray[np.float64]


def lexical(log: Log) -> dict[str, Floats]:
    """Name -> (row,): the greatest likeness to a liked item, and the mean to liked ones less the mean to the others."""
    events, texts = log.events, [text_of(item) for item in log.items]
    trained = np.unique(events.item[events.part == TRAIN])
    words = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+").fit([texts[item] for item in trained])
    vectors = words.transform(texts)  # (item, word)
    seen = screens(events.user, events.time)
    most, difference = np.zeros(len(events)), np.zeros(len(events))
    for start, end in user_rows(events.user):
        own = vectors[events.item[start:end]]
        alike = np.asarray((own @ own.T).todense())  # (row, row)
        earlier = np.arange(end - start)[None, :] < (seen[start:end] - start)[:, None]
        liked, other = (earlier & (events.liked[start:end] == label)[None, :] for label in (True, False))
        most[start:end] = np.where(liked, alike, 0.0).max(1)
        difference[start:end] = _mean(alike, liked) - _mean(alike, other)
    return {"TF-IDF: most alike liked": most, "TF-IDF: liked less others": difference}


def _mean(alike: Floats, which: NDArray[np.bool_]) -> Floats:
    mean: Floats = np.where(which, alike, 0.0).sum(1) / np.maximum(which.sum(1), 1)
    return mean


def text_of(item: Item) -> str:
    """All words of an item's attributes."""
    values = item.attributes.values()
    return " ".join(
        " ".join(value) if isinstance(value, tuple) else str(value) for value in values if value is not None
    )
