"""Short texts of small closed sets, each rendered once: what was done in an event, what is known at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.counts import slices
from cloud.data.log import Events, Log
from cloud.data.number_columns import Known
from cloud.data.statistics import VIEWS, Statistic
from edge.text.template import Template
from edge.text.types import Item, Value

Places = NDArray[np.int32]


class Phrases:
    """The distinct texts, in order of first use."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}

    def place(self, text: str) -> int:
        """The index of a phrase, which is added if it is new."""
        return self.texts.setdefault(text, len(self.texts))


def event_attributes(log: Log, events: Events, row: int) -> dict[str, Value]:
    """What an app sends of an event, and the template `event` may name."""
    found: dict[str, Value] = {"liked": bool(events.liked[row])}
    if log.ratings is not None:
        found["rating"] = plain_number(float(events.value[row]))
    others = zip(log.other_labels, events.others[row].tolist(), strict=True)
    return found | {name: bool(value) for name, value in others}


def plain_number(value: float) -> float | int:
    """5 for 5.0: shorter in JSON, and equal."""
    return int(value) if value.is_integer() else value


def moment_attributes(statistics: Mapping[str, float]) -> dict[str, Value]:
    """What is known of an item at a moment, as an app sends it; what is not known is left out."""
    found: dict[str, Value] = {}
    for name, value in statistics.items():
        if not np.isnan(value):
            found[name] = int(value) if name == VIEWS else value
    return found


def event_phrases(template: Template, log: Log, events: Events, phrases: Phrases) -> Places:
    """(event,) the place of each one's text."""
    first, alike = _combinations([events.liked, events.value, *events.others.T])
    places = [phrases.place(template.render(event_attributes(log, events, row))) for row in first.tolist()]
    return np.array(places, dtype=np.int32)[alike]


def context_phrases(template: Template, known: Known, phrases: Phrases) -> Places:
    """(row,) the place of each target's text: of the statistics and attributes that the template names."""
    items, columns = known.log.items, {name: known.statistics[name] for name in _statistics(template, known)}
    named = [name for name in template.fields if name not in columns]
    worded = [_worded(template, name, column) for name, column in columns.items()]
    first, alike = _combinations([_alike(items, named)[known.targets.item], *worded])
    places = []
    for row in first.tolist():
        statistics = {name: float(column[row]) for name, column in columns.items()}
        attributes = items[int(known.targets.item[row])].attributes
        places.append(phrases.place(template.render({**attributes, **moment_attributes(statistics)})))
    return np.array(places, dtype=np.int32)[alike]


def _worded(template: Template, name: str, column: Statistic) -> Places:
    """(row,) a number that rows share whose statistic the template words alike."""
    distinct, place = _coded(column.whole)
    numbers: dict[tuple[str, ...], int] = {}
    values = Statistic(distinct, column.unit)[:].tolist()
    words = [template.wording(name, moment_attributes({name: value}).get(name)) for value in values]
    return np.array([numbers.setdefault(each, len(numbers)) for each in words], dtype=np.int32)[place]


def _combinations(columns: Sequence[NDArray[Any]]) -> tuple[NDArray[np.intp], Places]:
    """A row of each combination of values, and (row,) which combination it has. NaN equals NaN."""
    _, alike = _coded(columns[0])
    for column in columns[1:]:
        distinct, place = _coded(column)
        both = alike.astype(np.int64)
        both *= len(distinct)
        both += place
        _, alike = _coded(both)
    first = np.zeros(int(alike.max(initial=-1)) + 1, dtype=np.intp)
    for at in reversed([*slices(len(alike))]):
        which, row = np.unique(alike[at], return_index=True)
        first[which] = at.start + row
    return first, alike


def _coded(column: NDArray[Any]) -> tuple[NDArray[Any], Places]:
    """The distinct values, in order, and (row,) the place of each row's; some rows at a time."""
    distinct = np.unique(np.concatenate([column[:0], *(np.unique(column[at]) for at in slices(len(column)))]))
    place = np.empty(len(column), dtype=np.int32)
    for at in slices(len(column)):
        place[at] = np.searchsorted(distinct, column[at])
    return distinct, place


def _statistics(template: Template, known: Known) -> list[str]:
    return [name for name in template.fields if name in known.statistics]


def _alike(items: Sequence[Item], names: Sequence[str]) -> Places:
    """(item,) a number that items with the same values of those attributes share."""
    numbers: dict[str, int] = {}
    values = [repr([item.attributes.get(name) for name in names]) for item in items]
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int32)
