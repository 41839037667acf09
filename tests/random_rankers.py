"""Small ranking models random in every weight, a user with events and candidates, and an engine's scores for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import torch

from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import PaddedTexts, TimelineBatch, WindowTable
from compress.graph import model_shape
from compress.integers import quantise_ranker
from edge.engines.chunk import chunk_of, chunks
from edge.engines.protocol import Engine, Entries
from edge.engines.reference import ReferenceEngine
from edge.engines.shape import ModelShape
from edge.engines.timeline import Timeline

SHAPE = RankingShape(
    vocabulary_size=50, numbers=3, hidden_size=16, embedding_size=8, heads=2, encode_layers=2, early_encode=1,
    interact_layers=2, positions=6, distances=6, match_size=8, match_heads=3, number_hidden=5, factors=4,
)  # fmt: skip
EVENTS, CANDIDATES, PLACES = 7, 5, 12
CHANGES: dict[str, dict[str, Any]] = {
    "the usual": {},
    "no factors": {"factors": 0},
    "no interact layer": {"interact_layers": 0},
    "one interact layer": {"interact_layers": 1},
    "no encode layer": {"encode_layers": 0, "early_encode": 0},
    "one encode layer": {"encode_layers": 1, "early_encode": 0},
    "three encode layers": {"encode_layers": 3},
    "not factorised": {"embedding_size": 16},
    "no numbers": {"numbers": 0},
    "neither numbers nor factors": {"numbers": 0, "factors": 0},
}
BITS = {"float": 0, "int8": 8, "int4": 4}


def model_of(shape: RankingShape, seed: int = 3) -> RankingModel:
    """In float."""
    torch.manual_seed(seed)
    model = RankingModel(shape)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    if model.likeness is not None:
        values = {"mean": 0.1, "spread": 0.5, "overall": 3.2, "unit": 1.5}
        for name, value in values.items():
            model.likeness.get_buffer(name).fill_(value)
    return model.eval()


@cache
def changed_model(changes: str = "the usual", precision: str = "float", seed: int = 3) -> RankingModel:
    """One of `CHANGES`, to be read only."""
    model, bits = model_of(replace(SHAPE, **CHANGES[changes]), seed), BITS[precision]
    return quantise_ranker(model, bits) if bits else model


def shape_in(model: RankingModel) -> ModelShape:
    return model_shape(model.shape, PLACES)


def reference_of(model: RankingModel) -> ReferenceEngine:
    return ReferenceEngine({name: value.numpy() for name, value in model.state_dict().items()}, shape_in(model))


@dataclass(frozen=True)
class User:
    """`items`: token ids of events, `phrases` of each; numbers are NaN where one is missing."""

    profile: tuple[int, ...]
    items: list[tuple[int, ...]]
    phrases: list[tuple[int, ...]]
    numbers: np.ndarray
    liked: np.ndarray
    candidates: list[tuple[int, ...]]
    contexts: list[tuple[int, ...]]
    offered_numbers: np.ndarray


def user_of(events: int = EVENTS, numbers: int = SHAPE.numbers, candidates: int = CANDIDATES, seed: int = 0) -> User:
    chance = np.random.default_rng(seed)

    def texts(count: int) -> list[tuple[int, ...]]:
        return [tuple(chance.integers(2, 50, chance.integers(1, 7)).tolist()) for _ in range(count)]

    values = chance.normal(size=(events + candidates, numbers)).astype(np.float32)
    values[chance.random(values.shape) < 0.2] = np.nan
    liked = chance.integers(1, 6, events).astype(np.float32)
    profile, items, phrases = texts(1)[0], texts(events), texts(events)
    return User(
        profile, items, phrases, values[:events], liked, texts(candidates), texts(candidates), values[events:]
    )  # fmt: skip


def texts() -> list[tuple[int, ...]]:
    """A profile, then items of events, then of candidates."""
    user = user_of()
    return [user.profile, *user.items, *user.candidates]


def batch_of(user: User) -> TimelineBatch:
    """That user alone: every candidate stands after all events."""
    events, candidates, longest = len(user.items), len(user.candidates), SHAPE.positions
    segments = PaddedTexts([user.profile, *user.items, *user.candidates], longest).tokens
    phrases = PaddedTexts([*user.phrases, *user.contexts], longest).tokens
    rows = torch.arange(candidates)[None]
    table = WindowTable(
        profile=torch.tensor([0]),
        item=torch.arange(1, 1 + events)[None], phrase=torch.arange(events)[None],
        numbers=torch.from_numpy(user.numbers)[None], values=torch.from_numpy(user.liked)[None],
        offered=1 + events + rows, context=events + rows, offered_numbers=torch.from_numpy(user.offered_numbers)[None],
        place=torch.full((1, candidates), events), sees=torch.ones(1, candidates, events, dtype=torch.bool),
        labels=torch.zeros(1, candidates), real=torch.ones(1, candidates, dtype=torch.bool), rows=rows,
    )  # fmt: skip
    return TimelineBatch(
        (torch.from_numpy(segments),), torch.arange(len(segments)), torch.from_numpy(phrases), (table,)
    )


def entries_of(items: np.ndarray, phrases: np.ndarray, numbers: np.ndarray) -> Entries:
    missing = np.isnan(numbers)
    return Entries(items, phrases, np.where(missing, 0, numbers).astype(np.float32), missing.astype(np.float32))


def summaries_of(engine: Engine, texts: Sequence[tuple[int, ...]], depth: int, tokens: int = 0) -> np.ndarray:
    """(text, hidden), in chunks of so many tokens at most; 0: as many as the engine takes."""
    longest, tokens = engine.shape.positions, tokens or engine.chunk_tokens
    parts = [
        engine.summarise(chunk_of(texts[start:stop], longest), depth)
        for start, stop in chunks(texts, longest, tokens, engine.chunk_segments)
    ]
    return np.concatenate([np.zeros((0, engine.shape.hidden), dtype=np.float32), *parts])


def timeline_of(engine: Engine, user: User, depth: int, steps: Sequence[int], tokens: int = 0) -> Timeline:
    """Events appended in groups of these sizes."""
    items = summaries_of(engine, user.items, depth, tokens)
    phrases = summaries_of(engine, user.phrases, engine.shape.phrase_depth, tokens)
    profile = summaries_of(engine, [user.profile], depth, tokens)
    timeline, none = Timeline(engine.shape), np.zeros((1, user.numbers.shape[1]), dtype=np.float32)
    first = Entries(profile, np.zeros_like(profile), none, none)
    timeline.extend(engine.append(first, True, timeline), np.zeros(1, dtype=np.float32))
    start = 0
    for count in steps:
        rows = slice(start, start + count)
        part = entries_of(items[rows], phrases[rows], user.numbers[rows])
        timeline.extend(engine.append(part, False, timeline), user.liked[rows])
        start += count
    return timeline


def scores_of(
    engine: Engine, user: User, depth: int, steps: Sequence[int] | None = None, tokens: int = 0
) -> np.ndarray:
    """(interact depth, candidate) after an encode depth."""
    timeline = timeline_of(engine, user, depth, [len(user.items)] if steps is None else steps, tokens)
    return engine.score(candidates_of(engine, user, depth, tokens), timeline, engine.shape.interact_layers)


def request_of(
    engine: Engine, user: User | None = None, depth: int = 1, steps: Sequence[int] | None = None
) -> tuple[Entries, Timeline]:
    """Candidates, and the timeline of a profile and events."""
    user = user_of(numbers=engine.shape.numbers) if user is None else user
    timeline = timeline_of(engine, user, depth, [len(user.items)] if steps is None else steps)
    return candidates_of(engine, user, depth), timeline


def candidates_of(engine: Engine, user: User, depth: int, tokens: int = 0) -> Entries:
    items = summaries_of(engine, user.candidates, depth, tokens)
    contexts = summaries_of(engine, user.contexts, engine.shape.phrase_depth, tokens)
    return entries_of(items, contexts, user.offered_numbers)


def sparse_model(bits: int = 8, **changes: Any) -> RankingModel:
    """Half of the layers' and tables' weights are 0."""
    model = model_of(replace(SHAPE, **changes))
    for name, parameter in model.named_parameters():
        if name.startswith(("token", "widen", "layers")) and parameter.ndim == 2:
            least = parameter.data.abs().median()
            parameter.data[parameter.data.abs() <= least] = 0
    return quantise_ranker(model, bits)
