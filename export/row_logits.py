"""An engine over the rows of a prepared run: token ids and numbers as they were prepared, no text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from cloud.data.rows import Prepared, Tokens
from cloud.ranking.timelines import Places, Timelines, Window
from edge.engines.chunk import chunk_of, chunks
from edge.engines.protocol import Engine, Entries
from edge.engines.timeline import Timeline
from export.screens import Screens


@dataclass(frozen=True)
class Summarised:
    """Summaries (text, hidden) of a run's items, users and phrases, in float32, after one encode depth; those that no
    screen shows are 0."""

    items: np.ndarray
    users: np.ndarray
    phrases: np.ndarray

    @classmethod
    def of(cls, engine: Engine, rows: Prepared, screens: Screens, depth: int) -> Summarised:
        """Encode every text of the screens once, at one encode depth."""
        columns, once = screens.timelines.columns, engine.shape.phrase_depth
        events, shown = screens.events, np.union1d(screens.events, screens.rows)
        phrases = np.union1d(columns["phrase"][events], columns["context"][screens.rows])
        return cls(
            _summaries(engine, rows.items.tokens, np.unique(columns["item"][shown]), depth),
            _summaries(engine, rows.users.tokens, np.unique(columns["user"][screens.rows]), depth),
            _summaries(engine, rows.phrases.tokens, phrases, once),
        )


def engine_logits(engine: Engine, rows: Prepared, screens: Screens, depth: int, name: str) -> np.ndarray:
    """(interact depth, candidate) of all screens; a user's timeline grows from one to the next as on a phone."""
    summarised = Summarised.of(engine, rows, screens, depth)
    timelines, found, user = screens.timelines, list[np.ndarray](), _User(engine, summarised, screens.timelines)
    for window in tqdm(screens.windows, desc=f"parity of {name}", unit=" requests", leave=False, disable=None):
        candidates = _entries(summarised, timelines, window.rows, "context")
        found.append(engine.score(candidates, user.timeline(window), engine.shape.interact_layers))
    return np.concatenate(found, axis=1)


class _User:
    """The timeline of the user whose screens are asked for one after another."""

    def __init__(self, engine: Engine, summarised: Summarised, timelines: Timelines) -> None:
        self._engine, self._summarised, self._timelines = engine, summarised, timelines
        self._kept: tuple[int, int] = (-1, -1)  # user, first event
        self._timeline = Timeline(engine.shape)

    def timeline(self, window: Window) -> Timeline:
        engine, user = self._engine, int(self._timelines.columns["user"][window.rows[0]])
        if self._kept != (user, window.skipped):
            self._kept, self._timeline = (user, window.skipped), Timeline(engine.shape)
            profile = self._summarised.users[user : user + 1]
            none = np.zeros((1, engine.shape.numbers), dtype=np.float32)
            entry = Entries(profile, np.zeros_like(profile), none, none)
            self._timeline.extend(engine.append(entry, True, self._timeline), np.zeros(1, dtype=np.float32))
        new = window.events[self._timeline.length - 1 :]
        if len(new):
            entries = _entries(self._summarised, self._timelines, new, "phrase")
            values = self._timelines.columns["value"][new].astype(np.float32)
            self._timeline.extend(engine.append(entries, False, self._timeline), values)
        return self._timeline


def _entries(summarised: Summarised, timelines: Timelines, rows: Places, phrase: str) -> Entries:
    """Of rows as events ("phrase") or as candidates ("context")."""
    columns, numbers = timelines.columns, timelines.numbers[rows]
    missing = np.isnan(numbers)
    items, phrases = summarised.items[columns["item"][rows]], summarised.phrases[columns[phrase][rows]]
    return Entries(items, phrases, np.where(missing, 0, numbers).astype(np.float32), missing.astype(np.float32))


def _summaries(engine: Engine, texts: Sequence[Tokens], chosen: Places, depth: int) -> np.ndarray:
    """(text, hidden)"""
    found = np.zeros((len(texts), engine.shape.hidden), dtype=np.float32)
    tokens, longest = [texts[place] for place in chosen], engine.shape.positions
    for start, stop in chunks(tokens, longest, engine.chunk_tokens, engine.chunk_segments):
        found[chosen[start:stop]] = engine.summarise(chunk_of(tokens[start:stop], longest), depth)
    return found
