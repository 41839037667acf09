"""The check that no row of a prepared run knows its future: corrupt what comes later; nothing stored may change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cloud.data.fit_numbers import chunks_of_users
from cloud.data.log import Events, Log
from cloud.data.number_columns import NumberColumns, known_at
from cloud.data.phrases import Phrases, context_phrases
from cloud.data.rows import Prepared
from edge.errors import EdgeError
from edge.text.history import numbers_of
from edge.text.spec import TextSpec, read_spec

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]
MOMENTS = 5  # at which the future is corrupted


class LeakError(EdgeError):
    """What is stored of a row depends on its own label, on its screen, or on something later."""


@dataclass(frozen=True)
class Audit:
    """What was examined: rows that had to stay as they are, over all moments."""

    rows: int
    moments: int


def audit(prepared: Prepared, log: Log, moments: int = MOMENTS) -> Audit:
    """Errors: LeakError names what differs, in how many rows, and the first of them.

    The log is the one that the run was prepared from. At each moment whatever happened then or later is once removed
    and once mixed up, labels turned around; what rows up to that moment look back on must stay, to the bit.
    """
    events = log.events
    check_rows(prepared, events)
    cuts = list(_cuts(events, log.shared_clock, moments))
    spec, examined = read_spec(prepared.run.file("text.json")), 0
    with tqdm(desc="audit", total=2 * len(cuts), leave=False, disable=None) as progress:
        for cut in cuts:
            kept = events.time <= cut
            for spoiled in (_without_future(events, cut), _mixed_up(events, cut)):
                _compare(prepared, log, spec, spoiled, kept)
                examined += int(kept.sum())
                progress.update()
    return Audit(examined, len(cuts))


def check_rows(prepared: Prepared, events: Events) -> None:
    """Errors: the prepared rows are not the log's, in their order."""
    for name, column in (("user", events.user), ("item", events.item), ("time", events.time), ("label", events.liked)):
        if not np.array_equal(prepared.column(name), column):
            raise LeakError(f"the rows have another {name} than the log", fix="prepare the log again, with --restart")


def _cuts(events: Events, shared: bool, moments: int) -> Iterator[Floats]:
    """(row,) moments spread over the log, or over each user's rows where times of two users do not compare."""
    for share in np.linspace(0.15, 1.0, moments).tolist():
        if shared:
            yield np.full(len(events), np.quantile(events.time, share, method="nearest"))
            continue
        starts = np.unique(events.user, return_index=True)[1]
        counts = np.diff([*starts, len(events)])
        places = starts + np.minimum((counts * share).astype(int), counts - 1)
        yield np.repeat(events.time[places], counts)


def _without_future(events: Events, cut: Floats) -> Events:
    return events.select(events.time < cut)


def _mixed_up(events: Events, cut: Floats) -> Events:
    """From the cut on every label is turned around, and items and values change places."""
    later = np.flatnonzero(events.time >= cut)
    item, liked = events.item.copy(), events.liked.copy()
    value, others = events.value.copy(), events.others.copy()
    mixed = np.random.default_rng(0).permutation(later)
    item[later], value[later], liked[later] = item[mixed], value[mixed] + 1.0, ~liked[later]
    others[later] = 1 - others[later]
    return replace(events, item=item, liked=liked, value=value, others=others)


def _compare(prepared: Prepared, log: Log, spec: TextSpec, seen: Events, kept: Rows) -> None:
    known = known_at(log, seen=seen)
    _require(known.earlier == prepared.column("earlier"), kept, "how many events are earlier", log)
    phrases = Phrases()
    contexts = context_phrases(spec.templates()[3], known, phrases)
    stored = np.array([phrases.texts.get(text, -1) for text in prepared.phrases.names], dtype=np.int32)
    _require(contexts == stored[prepared.column("context")], kept, "the context", log)
    columns = NumberColumns(spec.numbers, known)
    for first, last in chunks_of_users(known):
        found = numbers_of(spec.numbers, *columns.of_rows(first, last))
        before = prepared.numbers[first:last]
        same = (found == before) | (np.isnan(found) & np.isnan(before))
        for place, number in enumerate(spec.numbers):
            _require(same[:, place], kept[first:last], f"the number {number.name!r}", log, first)


def _require(same: Rows, kept: Rows, what: str, log: Log, first: int = 0) -> None:
    """Of rows from the `first` on."""
    leaking = np.flatnonzero(~same & kept)
    if len(leaking):
        row = first + int(leaking[0])
        user, item = log.user_ids[int(log.events.user[row])], log.items[int(log.events.item[row])].id
        raise LeakError(
            f"a leak: {what} depends on the row's own label, its screen or something later, in {len(leaking):,} rows",
            evidence=f"the first: user {user!r}, item {item!r}, time {log.events.time[row]:.15g}",
            fix="look back only on events whose time is strictly earlier",
        )
