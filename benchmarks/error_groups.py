"""Test rows in groups, by what was known of their user and item before: history, popularity, age, attributes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.audit import check_rows
from cloud.data.log import TEST, TRAIN, Log
from cloud.data.moments import Earlier, screens, user_starts
from cloud.data.prepare import PrepareConfig, read_checked
from cloud.data.read_log import fingerprint
from cloud.data.rows import Prepared
from cloud.data.schema import Source
from cloud.runs.directory import Run
from edge.config import from_dict
from edge.errors import EdgeError, known_names
from edge.text.types import Item

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]
COUNTS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)  # the least of each group of a count
PARTS = 5  # equal parts of a quantity
MOST_VALUES = 18  # of a text or list attribute, the most frequent; the others are one group
RECENT = 20  # of the user's rows
SECONDS_A_DAY = 86_400.0
NONE, OTHERS = "none", "others"
DIGITS = 3


@dataclass(frozen=True)
class Grouping:
    """`groups`: name -> mask over the test rows. Each row is in one of them; with `overlaps`, in one at least."""

    name: str
    groups: dict[str, Rows]
    overlaps: bool = False


def read_prepared_log(source: Source, run: Run) -> Log:
    """The log that a run was prepared from, its events in the order of the rows. Errors: it is another log."""
    known = {each.name for each in fields(PrepareConfig)}
    settings = {name: value for name, value in run.config.items() if name in known}
    config = from_dict(PrepareConfig, settings, f"{run.path}/config.json")
    log = read_checked(source, config, fingerprint(source), run.config["skip_bad_rows"]).log
    check_rows(Prepared(run), log.events)
    return log


def groupings(log: Log, earlier: NDArray[np.integer[Any]], attributes: Sequence[str] = ()) -> list[Grouping]:
    """All of them. `earlier` (row,) counts the events that each row of the log looks back on.

    `attributes` are those of items. Errors: no item has one of that name.
    """
    test = log.events.part == TEST
    found = [Grouping("earlier events", of_counts(earlier[test])), *_met_in_training(log, test), *_of_moods(log, test)]
    if log.shared_clock:
        found += _of_items(log, test)
    known = sorted({name for item in log.items for name in item.attributes})
    for name in attributes:
        if name not in known:
            raise EdgeError(f"no item has an attribute {name!r}", fix=known_names(name, known))
        found.append(by_value(name, [_value(log.items[place], name) for place in log.events.item[test]]))
    return found


def of_counts(counts: NDArray[np.integer[Any]]) -> dict[str, Rows]:
    """By whole numbers between fixed edges; empty groups are left out."""
    found = {}
    for least, beyond in pairwise((*COUNTS, np.iinfo(np.int64).max)):
        at = (counts >= least) & (counts < beyond)
        more = "+" if least == COUNTS[-1] else f" to {beyond - 1}" if beyond - 1 > least else ""
        if at.any():
            found[f"{least}{more}"] = at
    return found


def in_parts(values: Floats) -> dict[str, Rows]:
    """About equal parts of a quantity, named by the least and the greatest value of each; NaN is `NONE`."""
    known = np.isfinite(values)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, PARTS + 1)[1:-1])) if known.any() else np.empty(0)
    place, found = np.searchsorted(edges, values, side="left"), {}
    for part in range(len(edges) + 1):
        at = known & (place == part)
        if at.any():
            least, most = (f"{float(end):.{DIGITS}g}" if end % 1 else f"{end:.0f}" for end in _ends(values[at]))
            name = least if least == most else f"{least} to {most}"
            found[name if name not in found else f"{name} ({part})"] = at
    return found | ({NONE: ~known} if not known.all() else {})


def by_value(name: str, values: Sequence[Any]) -> Grouping:
    """By an attribute's value: quantities in parts, texts by value, lists by each of their values."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return Grouping(name, in_parts(np.array([np.nan if value is None else value for value in values], float)))
    sets = [_words(value) for value in values]
    counts = Counter(word for words in sets for word in words)
    kept = [word for word, _ in counts.most_common(MOST_VALUES)]
    groups = {word: np.array([word in words for words in sets], bool) for word in kept}
    rest = ~np.any(list(groups.values()), axis=0) if groups else np.ones(len(sets), bool)
    without = np.array([not words for words in sets], bool)
    groups |= {group: at for group, at in ((OTHERS, rest & ~without), (NONE, without)) if at.any()}
    return Grouping(name, groups, overlaps=any(len(words) > 1 for words in sets))


def _ends(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _value(item: Item, name: str) -> Any:
    return item.attributes.get(name)


def _words(value: Any) -> set[str]:
    return set(map(str, value)) if isinstance(value, tuple | list) else set() if value is None else {str(value)}


def _met_in_training(log: Log, test: Rows) -> Iterator[Grouping]:
    for name, column in (("user", log.events.user), ("item", log.events.item)):
        met = np.isin(column[test], np.unique(column[log.events.part == TRAIN]))
        groups = {"in training": met, "never in training": ~met}
        yield Grouping(f"{name} in training", {group: at for group, at in groups.items() if at.any()})


def _of_moods(log: Log, test: Rows) -> Iterator[Grouping]:
    """By the share of the user's earlier rows that were liked, and by how far the last ones are from it."""
    events = log.events
    total = np.concatenate([[0], np.cumsum(events.liked)])
    start, now = user_starts(events.user), screens(events.user, events.time)
    recent = np.maximum(start, now - RECENT)
    share, last = (
        _share(total[now] - total[first], now - first)[test] for first in (start, recent)
    )  # (test row,), NaN without earlier rows
    yield Grouping("user's liked share before", in_parts(share))
    yield Grouping(f"liked share of the user's last {RECENT}, less that of all", in_parts(last - share))


def _of_items(log: Log, test: Rows) -> Iterator[Grouping]:
    """By what all users' rows before the moment say of the item."""
    events = log.events
    before = Earlier(events.item, events.time)
    views = before.total(events.happened)
    liked = before.total(events.liked & events.happened)
    first = np.full(len(log.items), np.inf)
    np.minimum.at(first, events.item, events.time)
    yield Grouping("item's views before", of_counts(views[test].astype(np.int64)))
    yield Grouping("item's liked share before", in_parts(_share(liked, views)[test]))
    days = np.floor((events.time - first[events.item])[test] / SECONDS_A_DAY)
    yield Grouping("days since the item's first row", in_parts(days))


def _share(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Floats = np.where(whole > 0, part / whole, np.nan)
    return share
