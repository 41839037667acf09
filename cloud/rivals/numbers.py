"""Twenty-odd numbers a row, made by hand, as of its moment: what a team without text or vectors would rank with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.baselines import item_mean, user_mean, views
from cloud.data.log import TRAIN, Events, Log
from cloud.data.moments import UNIT, exact, running, screens, user_starts
from edge.text.types import Item, User

Floats = NDArray[np.float64]
ITEM_SMOOTHING, USER_SMOOTHING, SHARED_SMOOTHING = 10.0, 5.0, 3.0  # rows of the mean that a share starts from
LAST = (5, 20)
MOST_WORDS = 200  # distinct words of an attribute that shares are taken over


def numbers(log: Log) -> dict[str, Floats]:
    """Name -> (row,). From strictly earlier rows and the row's own item and user; NaN where nothing is known."""
    events = log.events
    start, seen = user_starts(events.user), screens(events.user, events.time)
    likes = float(np.mean(events.liked[events.part == TRAIN]))
    liked = user_mean(events, events.liked, USER_SMOOTHING, likes)
    found = {"user: liked share": liked, "user: rows, log": np.log1p(seen - start)}
    found |= {f"user: liked share of the last {last}": _last(events.liked, start, seen, last) for last in LAST}
    if log.shared_clock:
        found |= _population(events, start, seen)
    found["seconds since the last row, log"] = _since(events, start, seen)
    words = dict(_word_lists(log.items))
    for name, of_item in words.items():
        found |= _shares(events, of_item, name, liked, start, seen)
    found |= {f"item: {name}": values[events.item] for name, values in _plain(log.items)}
    found |= {f"user: {name}": values[events.user] for name, values in _plain(log.users)}
    return found


def _population(events: Events, start: NDArray[Any], seen: NDArray[Any]) -> dict[str, Floats]:
    """Of the item among all users, and of how far this user's values were from their items' means then."""
    mean = item_mean(events, events.value, ITEM_SMOOTHING)
    surplus = events.value - mean
    return {
        "item: liked share": item_mean(events, events.liked, ITEM_SMOOTHING),
        "item: mean value": mean,
        "item: views, log": np.log1p(views(events)),
        "user: surplus over items' means": user_mean(events, surplus, USER_SMOOTHING, 0.0),
        f"user: surplus of the last {LAST[-1]}": _last(surplus, start, seen, LAST[-1]),
    }


def _last(values: NDArray[Any], start: NDArray[Any], seen: NDArray[Any], count: int) -> Floats:
    """(row,) the mean over the user's last rows, NaN where there is none."""
    total, first = running(exact(values)), np.maximum(seen - count, start)
    with np.errstate(invalid="ignore"):
        mean: Floats = (total[seen] - total[first]) / UNIT / (seen - first)
    return mean


def _since(events: Events, start: NDArray[Any], seen: NDArray[Any]) -> Floats:
    earlier = seen > start
    gap = np.where(earlier, events.time - events.time[np.maximum(seen - 1, 0)], 0.0)
    return np.where(earlier, np.log1p(gap), np.nan)


def _shares(
    events: Events, of_item: NDArray[np.bool_], name: str, liked: Floats, start: NDArray[Any], seen: NDArray[Any]
) -> dict[str, Floats]:
    """The user's likes of earlier items that share a word of an attribute with this one: mean, most, least, count."""
    shape = len(events)
    total, most, least, count = np.zeros(shape), np.full(shape, -np.inf), np.full(shape, np.inf), np.zeros(shape)
    words = of_item[events.item].sum(1)
    for word in range(of_item.shape[1]):
        has = of_item[events.item, word]
        rows, likes = running(has.astype(np.int64)), running((has & events.liked).astype(np.int64))
        met = rows[seen] - rows[start]
        share = (likes[seen] - likes[start] + SHARED_SMOOTHING * liked) / (met + SHARED_SMOOTHING)
        total += np.where(has, share, 0.0)
        most, least = np.where(has, np.maximum(most, share), most), np.where(has, np.minimum(least, share), least)
        count += np.where(has, met, 0)
    known = words > 0
    return {
        f"{name}: liked share, mean": np.where(known, total / np.maximum(words, 1), np.nan),
        f"{name}: liked share, most": np.where(known, most, np.nan),
        f"{name}: liked share, least": np.where(known, least, np.nan),
        f"{name}: earlier rows, log": np.log1p(count),
        f"{name}: words": words.astype(np.float64),
    }


def _word_lists(items: Sequence[Item]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Attributes that are lists, or a text of few different values: name, (item, word)."""
    for name in dict.fromkeys(name for item in items for name in item.attributes):
        values = [item.attributes.get(name) for item in items]
        if any(isinstance(value, int | float) for value in values):
            continue
        sets = [set(value) if isinstance(value, tuple) else {value} - {None} for value in values]
        words = sorted({str(word) for found in sets for word in found})
        if len(words) <= MOST_WORDS:
            place = {word: index for index, word in enumerate(words)}
            of_item = np.zeros((len(items), len(words)), dtype=bool)
            for index, found in enumerate(sets):
                of_item[index, [place[str(word)] for word in found]] = True
            yield name, of_item


def _plain(records: Sequence[Item] | Sequence[User]) -> Iterator[tuple[str, Floats]]:
    """Numbers as they are, texts of few different values as codes in the order of the alphabet."""
    for name in dict.fromkeys(name for record in records for name in record.attributes):
        values = [record.attributes.get(name) for record in records]
        if all(value is None or isinstance(value, int | float) for value in values):
            yield name, np.array([float(value) if isinstance(value, int | float) else np.nan for value in values])
            continue
        known = sorted({str(value) for value in values if isinstance(value, str)})
        if 0 < len(known) <= MOST_WORDS and not any(isinstance(value, tuple) for value in values):
            place = {word: float(index) for index, word in enumerate(known)}
            yield name, np.array([place.get(str(value), np.nan) for value in values])
