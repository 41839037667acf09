"""Small ranking models random in every weight, a user of theirs with events and candidates, and scores by an engine."""

from __future__ import annotations

import numpy as np
import torch

from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import TimelineBatch, WindowTable
from edge.engines.ranking.chunk import chunk_of
from edge.engines.ranking.protocol import Entries, RankingEngine
from edge.engines.ranking.timeline import Timeline

SHAPE = RankingShape(
    vocabulary_size=50, numbers=3, hidden_size=16, embedding_size=8, heads=2, encode_layers=2, early_encode=1,
    interact_layers=2, positions=6, distances=6, match_size=8, match_heads=3, number_hidden=5, factors=4,
)  # fmt: skip
EVENTS, CANDIDATES, PLACES = 7, 5, 12


def model_of(shape: RankingShape) -> RankingModel:
    torch.manual_seed(3)
    model = RankingModel(shape)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    if model.likeness is not None:
        model.likeness.mean.fill_(0.1)
        model.likeness.spread.fill_(0.5)
        model.likeness.overall.fill_(3.2)
        model.likeness.unit.fill_(1.5)
    return model.eval()


def texts() -> list[tuple[int, ...]]:
    """A profile, then items of events, then of candidates."""
    chance = np.random.default_rng(0)
    return [tuple(chance.integers(2, 50, chance.integers(1, 7)).tolist()) for _ in range(1 + EVENTS + CANDIDATES)]


def batch_of(numbers: np.ndarray, liked: np.ndarray) -> TimelineBatch:
    """One user: every candidate stands after all events."""
    segments = texts()
    tokens = torch.zeros(len(segments), 6, dtype=torch.long)
    for row, segment in enumerate(segments):
        tokens[row, : len(segment)] = torch.tensor(segment)
    phrases = torch.tensor([[2, 3], [4, 0], [5, 6]])
    rows = torch.arange(CANDIDATES)[None]
    table = WindowTable(
        profile=torch.tensor([0]),
        item=torch.arange(1, 1 + EVENTS)[None], phrase=torch.arange(EVENTS)[None] % 3,
        numbers=torch.from_numpy(numbers[:EVENTS])[None], values=torch.from_numpy(liked)[None],
        offered=1 + EVENTS + rows, context=rows % 2, offered_numbers=torch.from_numpy(numbers[EVENTS:])[None],
        place=torch.full((1, CANDIDATES), EVENTS), sees=torch.ones(1, CANDIDATES, EVENTS, dtype=torch.bool),
        labels=torch.zeros(1, CANDIDATES), real=torch.ones(1, CANDIDATES, dtype=torch.bool), rows=rows,
    )  # fmt: skip
    return TimelineBatch((tokens,), torch.arange(len(segments)), phrases, (table,))


def entries_of(items: np.ndarray, phrases: np.ndarray, numbers: np.ndarray) -> Entries:
    missing = np.isnan(numbers)
    return Entries(items, phrases, np.where(missing, 0, numbers).astype(np.float32), missing.astype(np.float32))


def scores_of(
    engine: RankingEngine, numbers: np.ndarray, liked: np.ndarray, depth: int, steps: tuple[int, ...]
) -> np.ndarray:
    """(exit, candidate) after events that are appended in groups of these sizes."""
    candidates, timeline = request_of(engine, numbers, liked, depth, steps)
    return engine.score(candidates, timeline, engine.shape.interact_layers)


def request_of(
    engine: RankingEngine,
    numbers: np.ndarray | None = None,
    liked: np.ndarray | None = None,
    depth: int = 1,
    steps: tuple[int, ...] = (EVENTS,),
) -> tuple[Entries, Timeline]:
    """Candidates, and the timeline of a profile and events."""
    numbers = make_numbers(engine.shape.numbers) if numbers is None else numbers
    liked = make_liked() if liked is None else liked
    summaries = engine.summarise(chunk_of(texts(), 6), depth)
    said = engine.summarise(chunk_of([(2, 3), (4,), (5, 6)], 6), engine.shape.phrase_depth)
    timeline, none = Timeline(engine.shape), np.zeros((1, engine.shape.numbers), dtype=np.float32)
    profile = Entries(summaries[:1], np.zeros_like(summaries[:1]), none, none)
    timeline.extend(engine.append(profile, True, timeline), np.zeros(1, dtype=np.float32))
    first = 0
    for count in steps:
        rows = np.arange(first, first + count)
        part = entries_of(summaries[1 + rows], said[rows % 3], numbers[rows])
        timeline.extend(engine.append(part, False, timeline), liked[rows])
        first += count
    return entries_of(summaries[1 + EVENTS :], said[np.arange(CANDIDATES) % 2], numbers[EVENTS:]), timeline


def make_numbers(count: int = 3) -> np.ndarray:
    """(row, number) of events, then candidates; NaN where one is missing."""
    found = np.random.default_rng(1).normal(size=(EVENTS + CANDIDATES, 3)).astype(np.float32)
    found[2, 1] = found[EVENTS, 0] = np.nan
    return found[:, :count]


def make_liked() -> np.ndarray:
    return np.random.default_rng(2).integers(1, 6, EVENTS).astype(np.float32)
