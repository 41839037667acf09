"""Batches of users' timelines: every distinct text once, a target at every row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cloud.data.moments import user_rows
from cloud.data.rows import Prepared
from cloud.ranking.lengths import of_like_length, rounded

Places = NDArray[np.int64]
LONGER = 1.5  # the longest of a group of segments divided by its shortest, so that little is padded


@dataclass(frozen=True)
class WindowTable:
    """Windows of like length, a user each. Of users: `profile` (user,) is a segment; of events (user, event): `item`,
    `phrase`, `numbers`; of candidates (user, candidate): `offered`, `context`, `offered_numbers`, `place` (how many of
    the events stand before it), `labels`, `real`, `rows`.
    """

    profile: Tensor
    item: Tensor
    phrase: Tensor
    numbers: Tensor  # (user, event, number)
    values: Tensor  # (user, event) ratings, or labels where there are none
    offered: Tensor
    context: Tensor
    offered_numbers: Tensor  # (user, candidate, number)
    place: Tensor
    sees: Tensor  # (user, candidate, event) booleans
    labels: Tensor
    real: Tensor  # booleans: the rest is padding
    rows: Tensor  # of the prepared run; 0 in padding


@dataclass(frozen=True)
class TimelineBatch:
    """`segments`: groups of (text, token) ids, 0 padded, whose texts are numbered through; `texts`: which of all texts
    they are, items' before users'. All `tables` share them."""

    segments: tuple[Tensor, ...]
    texts: Tensor  # (segment,)
    phrases: Tensor  # (phrase, token)
    tables: tuple[WindowTable, ...]

    def targets(self, values: Iterable[Tensor]) -> Tensor:
        """(..., target): of (..., user, candidate) values, one tensor for each table, those that are no padding."""
        return torch.cat([each[..., table.real] for each, table in zip(values, self.tables, strict=True)], -1)

    @property
    def labels(self) -> Tensor:
        """(target,)"""
        return self.targets(table.labels for table in self.tables)

    @property
    def rows(self) -> Tensor:
        """(target,) of the prepared run."""
        return self.targets(table.rows for table in self.tables)


@dataclass(frozen=True)
class Window:
    """Some consecutive targets of a user, and the events that the first and the last of them may see."""

    rows: Places  # of the targets
    events: Places  # rows of the events, oldest first
    skipped: int  # of the user's events, before the first of `events`


class Timelines:
    """A prepared run as windows of users' timelines, and batches of windows.

    `beside`: (row, number) further numbers of every row, after those of the text spec.
    """

    def __init__(
        self,
        prepared: Prepared,
        history: int,
        targets: int,
        most_tokens: int,
        beside: NDArray[np.float32] | None = None,
    ) -> None:
        self.history, self.targets = history, targets
        names = ("user", "item", "label", "value", "event", "earlier", "phrase", "context")
        self.columns = {name: prepared.column(name) for name in names}
        numbers = [prepared.numbers] if beside is None else [prepared.numbers, beside]
        self.numbers = np.concatenate(numbers, axis=1)
        self._events = np.flatnonzero(self.columns["event"])
        users = np.arange(len(prepared.users.names) + 1)
        self._first = np.searchsorted(self.columns["user"][self._events], users)
        self.texts = PaddedTexts([*prepared.items.tokens, *prepared.users.tokens], most_tokens)
        self._profile = len(prepared.items.names)  # the first user's place among the texts
        self.phrases = torch.from_numpy(PaddedTexts(prepared.phrases.tokens, most_tokens).tokens)

    def windows(self, rows: Places) -> list[Window]:
        """The windows of targets at `rows`, which are ordered."""
        user, earlier = self.columns["user"][rows], self.columns["earlier"][rows]
        found = []
        for start, end in user_rows(user):
            first_event = int(self._first[user[start]])
            for first in range(start, end, self.targets):
                last = min(first + self.targets, end)
                skipped = max(int(earlier[first]) - self.history, 0)
                events = self._events[first_event + skipped : first_event + int(earlier[last - 1])]
                found.append(Window(rows[first:last], events, skipped))
        return found

    def batch(self, windows: Sequence[Window]) -> TimelineBatch:
        """Tables of the windows, in an order of their own."""
        lengths = np.array([(len(window.events), len(window.rows)) for window in windows])
        groups = [[windows[one] for one in group] for group in of_like_length(lengths)]
        events = [_table([window.events for window in group]) for group in groups]
        targets = [_table([window.rows for window in group]) for group in groups]
        column, places = self.columns, list[Places]()
        for event, target in zip(events, targets, strict=True):
            first, event, target = target[:, 0], np.maximum(event, 0), np.maximum(target, 0)
            places += [self._profile + column["user"][first], column["item"][event], column["item"][target]]
        segments, texts, numbered = self.texts.distinct(*places)
        number = iter(map(torch.from_numpy, numbered))
        return TimelineBatch(
            segments=tuple(map(torch.from_numpy, segments)),
            texts=torch.from_numpy(texts),
            phrases=self.phrases,
            tables=tuple(
                self._windows(*table, next(number), next(number), next(number))
                for table in zip(groups, events, targets, strict=True)
            ),
        )

    def _windows(
        self, windows: Sequence[Window], events: Places, targets: Places, profile: Tensor, item: Tensor, offered: Tensor
    ) -> WindowTable:
        """`events` and `targets`: rows, -1 in padding; `profile`, `item` and `offered`: segments of the batch."""
        known, real = events >= 0, targets >= 0
        event, target = np.maximum(events, 0), np.maximum(targets, 0)
        place = self.columns["earlier"][target] - np.array([window.skipped for window in windows])[:, None]
        number = np.arange(events.shape[1])
        sees = (number < place[..., None]) & (number >= place[..., None] - self.history) & known[:, None]
        as_tensor = torch.from_numpy
        return WindowTable(
            profile=profile,
            item=item,
            phrase=as_tensor(self.columns["phrase"][event].astype(np.int64)),
            numbers=as_tensor(self.numbers[event]),
            values=as_tensor(self.columns["value"][event].astype(np.float32)),
            offered=offered,
            context=as_tensor(self.columns["context"][target].astype(np.int64)),
            offered_numbers=as_tensor(self.numbers[target]),
            place=as_tensor(place.astype(np.int64)),
            sees=as_tensor(sees),
            labels=as_tensor(self.columns["label"][target].astype(np.float32)),
            real=as_tensor(real),
            rows=as_tensor(target),
        )


class PaddedTexts:
    """Texts, cut, as rows of one table of token ids; each has at least one token."""

    def __init__(self, texts: Sequence[Sequence[int]], most_tokens: int) -> None:
        texts = [text[:most_tokens] for text in texts]
        self.lengths = np.array([max(len(text), 1) for text in texts], dtype=np.int64)
        self.tokens = np.zeros((len(texts), int(self.lengths.max(initial=1))), dtype=np.int64)
        for place, text in enumerate(texts):
            self.tokens[place, : len(text)] = text
        self.tokens[self.tokens[:, 0] == 0, 0] = 1  # a text without words is one unknown token

    def distinct(self, *places: Places) -> tuple[list[Places], Places, list[Places]]:
        """Groups of the distinct texts' tokens, by length; which texts those are, padding repeats one; `places` as
        numbers into all groups together."""
        texts, inverse = np.unique(np.concatenate([part.ravel() for part in places]), return_inverse=True)
        order = np.argsort(self.lengths[texts], kind="stable")
        number, groups, shown, first = np.empty(len(order), dtype=np.int64), [], [], 0
        steps = np.log(self.lengths[texts[order]]) // np.log(LONGER)
        for part in np.split(order, np.flatnonzero(np.diff(steps)) + 1):
            chosen = texts[part]
            group = np.ones((rounded(len(chosen)), int(self.lengths[chosen].max())), dtype=np.int64)
            group[: len(chosen)] = self.tokens[chosen, : group.shape[1]]
            groups.append(group)
            shown.append(np.pad(chosen, (0, len(group) - len(chosen)), "edge"))
            number[part] = first + np.arange(len(part))
            first += len(group)
        numbered = number[inverse]
        ends = np.cumsum([part.size for part in places])[:-1]
        parts = [one.reshape(part.shape) for one, part in zip(np.split(numbered, ends), places, strict=True)]
        return groups, np.concatenate(shown), parts


def _table(lists: Sequence[Places]) -> Places:
    """(list, place) filled up with -1."""
    table = np.full((len(lists), rounded(max(map(len, lists)))), -1, dtype=np.int64)
    for row, values in enumerate(lists):
        table[row, : len(values)] = values
    return table
