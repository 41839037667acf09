"""A request of the ranking model through the ranker, and the same by cross-encoders: one thread, int8, random weights.

    python benchmarks/ranking_request.py --shape quickstart m6-edge --out benchmarks/results/ranking-request.json
    python benchmarks/ranking_request.py --shape m6-edge --rounds 3 --processor-time

20 past events and 50 candidates, items of 11 tokens, by LiteRT: user and items new; the user kept; all kept; and one
event added, the items kept. N: the same student as a cross-encoder, its layer applied as often over the user's 320
tokens and a candidate's. M: MiniLM-L6's shape likewise. Both are exported the usual way (cross_encoders.py) and score
some candidates in a round, counted as all: they are linear in them. Everything takes its turn in each round; a ratio is
the median of the rounds' ratios, with an interval that holds the true median 19 times in 20 (below 6 rounds: the least
and the greatest). With the quickstart's shape also 200 candidates, all kept. Needs the
extras export and benchmarks. It takes about a minute for the quickstart, several minutes for m6-edge.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # read when numpy and torch are imported

import numpy as np
import torch
from cross_encoders import CrossEncoderShape, export_cross_encoder, open_session, score_rows

from cloud.ranking.model import RankingModel
from cloud.ranking.presets import STUDENT_SHAPES
from cloud.ranking.shape import RankingShape
from compress.graph import model_shape
from compress.integers import quantise_ranker
from edge.bench.percentiles import interval
from edge.bundle.exits import Exit, MeasuredExit
from edge.engines.litert import LiteRtEngine
from edge.files import write_json
from edge.runtime.costs import measure_costs
from edge.runtime.model import Model
from edge.runtime.ranker import Ranker, UserState
from edge.runtime.user_timeline import Reading
from edge.table import Cell, render
from edge.text.number import Number
from edge.text.segments import SegmentEncoder
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec
from edge.text.types import Event, Item, User
from edge.text.wordpiece import SPECIAL_TOKENS
from export.buckets import Buckets
from export.litert.entry_points import export_litert

EVENTS, CANDIDATES, MANY, TOKENS, PLACES = 20, 50, 200, 11, 101
USER_TOKENS = 16 * EVENTS  # of a cross-encoder: an event's phrase and item
VOCABULARY = {"quickstart": 2_000, "m6-edge": 30_000}
STUDENT, CROSS = "N, the student as a cross-encoder", "M, MiniLM-L6's shape"
NEW, USER_KEPT, KEPT, ADDED = "user and items new", "user kept, items new", "all kept", "one event added, items kept"
NUMBERS = (
    *(Number(name, of=f"item.{name}") for name in ("views", "liked_share", "mean_rating", "year")),
    Number("events", history="count", transform="log1p"),
    Number("since", history="seconds", transform="log1p"),
    *(Number(f"liked of {last}", of="liked", history="mean", last=last, smoothing=1.0) for last in (0, 5, 20)),
    Number("surplus", of="rating", history="mean", minus="item.mean_rating", smoothing=5.0),
    *(
        Number(f"liked by genres, {over}", of="liked", history="mean", same="genres", over=over, smoothing=3.0)
        for over in ("mean", "most", "least")
    ),
    Number("events by genres", history="count", same="genres", transform="log1p"),
)
Clock = Callable[[], float]
Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Work:
    """One way to answer: `prepare` is not timed; `call`, which takes what it gives, does a `share` of the request."""

    prepare: Callable[[], Any]
    call: Callable[[Any], object]
    share: float = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", nargs="+", choices=sorted(VOCABULARY), default=["quickstart"])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--slice", type=int, default=2, help="candidates that a cross-encoder scores in a round")
    parser.add_argument("--processor-time", action="store_true", help="not the wall's: for a machine with other jobs")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clock = time.process_time if arguments.processor_time else time.perf_counter
    found: dict[str, Any] = {"clock": clock.__name__, "load": os.getloadavg()[0], "shapes": {}}
    for name in arguments.shape:
        with tempfile.TemporaryDirectory() as scratch:
            times = measured(name, Path(scratch), arguments.rounds, arguments.slice, clock)
        found["shapes"][name] = {"milliseconds": times, "ratios": ratios(times)}
        print(f"{name}\n{table(times)}\n")
    if arguments.out:
        write_json(arguments.out, found)
    return 0


def measured(name: str, scratch: Path, rounds: int, count: int, clock: Clock) -> dict[str, list[float]]:
    """Milliseconds of the whole request, by way and round."""
    torch.manual_seed(0)
    vocabulary = (*SPECIAL_TOKENS, *(f"w{number}" for number in range(VOCABULARY[name] - len(SPECIAL_TOKENS))))
    shape = replace(STUDENT_SHAPES[name], vocabulary_size=len(vocabulary), numbers=len(NUMBERS))
    works = ranker_works(open_ranker(shape, vocabulary, scratch), name == "quickstart")
    works |= cross_encoder_works(shape, scratch, count)
    times: dict[str, list[float]] = {way: [] for way in works}
    for round in range(rounds + 1):  # the first warms up
        for way, work in works.items():
            given = work.prepare()
            started = clock()
            work.call(given)
            times[way].append((clock() - started) * 1e3 / work.share)
        print(f"{name}, round {round} of {rounds}", file=sys.stderr, flush=True)
    return {way: values[1:] for way, values in times.items()}


def open_ranker(shape: RankingShape, vocabulary: Sequence[str], scratch: Path) -> Ranker:
    """Over a quantised model of random weights, by LiteRT."""
    export_litert(quantise_ranker(RankingModel(shape).eval()), PLACES, Buckets(), scratch / "model.tflite")
    engine = LiteRtEngine(scratch, model_shape(shape, PLACES))
    spec = TextSpec("{words}", "{words}", "[[{said}]]", context="[[{known}]]", numbers=NUMBERS, max_segment_tokens=24)
    reading = Reading(SegmentEncoder(TextEncoder(spec, vocabulary)), NUMBERS, "rating")
    depths = [(encode, interact) for encode in shape.encode_depths for interact in shape.interact_depths]
    exits = tuple(MeasuredExit(Exit(*each)) for each in depths)
    return Ranker(Model(engine, reading, measure_costs(engine), exits))


class Shop:
    """Items and events that no call has seen before, of words at random."""

    def __init__(self, words: int) -> None:
        self._random, self._words, self._made = np.random.default_rng(0), words, 0

    def items(self, count: int) -> list[Item]:
        return [self._item() for _ in range(count)]

    def user(self) -> User:
        return User({"words": self._text()})

    def events(self, count: int) -> list[Event]:
        return [self.event(item) for item in self.items(count)]

    def event(self, item: Item) -> Event:
        self._made += 1
        rating = int(self._random.integers(1, 6))
        attributes = {"said": f"w{rating} w8 w9 w10 w11", "rating": rating, "liked": rating > 3}
        return Event(item, attributes, float(self._made))

    def _item(self) -> Item:
        self._made += 1
        genres = tuple(f"g{number}" for number in self._random.choice(18, self._random.integers(1, 4), replace=False))
        known = {"views": self._made, "liked_share": 0.5, "mean_rating": 3.5, "year": 1990, "genres": genres}
        context = f"w{self._random.integers(12)} w20 w21 w22"
        return Item(f"{self._made}", {"words": self._text(), "known": context, **known})

    def _text(self) -> str:
        return " ".join(f"w{number}" for number in self._random.integers(0, self._words, TOKENS))


def ranker_works(ranker: Ranker, many: bool) -> dict[str, Work]:
    model = ranker._model
    shop = Shop(len(model.reading.encoder.encoder.wordpiece) - len(SPECIAL_TOKENS))
    kept = ranker.prepare(shop.items(MANY if many else CANDIDATES))

    def user() -> UserState:
        """Computed, and so are the summaries of the phrases."""
        made = ranker.user(shop.user(), shop.events(EVENTS))
        ranker.rank(made, kept, time_s=1e9)
        return made

    def grow(user: UserState) -> None:
        user.add(shop.event(kept[0].item))
        ranker.rank(user, kept[:CANDIDATES], time_s=1e9)

    works = {
        NEW: Work(
            lambda: (shop.user(), shop.events(EVENTS), shop.items(CANDIDATES)),
            lambda new: ranker.rank(ranker.user(new[0], new[1]), new[2], time_s=1e9),
        ),
        USER_KEPT: Work(
            lambda: (user(), shop.items(CANDIDATES)), lambda given: ranker.rank(given[0], given[1], time_s=1e9)
        ),
        KEPT: Work(user, lambda given: ranker.rank(given, kept[:CANDIDATES], time_s=1e9)),
        ADDED: Work(user, grow),
    }
    if many:
        works[f"{KEPT}, {MANY} candidates"] = Work(user, lambda given: ranker.rank(given, kept, time_s=1e9))
    return works


def cross_encoder_works(shape: RankingShape, scratch: Path, count: int) -> dict[str, Work]:
    """Of `count` candidates, one sequence a call."""
    student = CrossEncoderShape(
        vocabulary=shape.vocabulary_size,
        layers=shape.encode_layers + shape.interact_layers,
        hidden=shape.hidden_size,
        heads=shape.heads,
        inner=shape.feed_forward * shape.hidden_size,
        embedding=shape.embedding_size if shape.embedding_size < shape.hidden_size else 0,
        shared=True,
    )
    random, works = np.random.default_rng(0), {}
    for name, its in ((STUDENT, student), (CROSS, CrossEncoderShape())):
        path = scratch / f"{name[0]}.onnx"
        export_cross_encoder(path, its)
        ids = random.integers(10, its.vocabulary, (count, USER_TOKENS + TOKENS)).astype(np.int32)
        mask = np.repeat([[1, 2]], [USER_TOKENS, TOKENS], axis=1).astype(np.int32).repeat(count, 0)
        call = partial(score_rows, open_session(path), ids, mask, 1)
        works[name] = Work(lambda: None, lambda _, call=call: call(), count / CANDIDATES)
    return works


def ratios(times: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Interval]]:
    """Each of ours -> how many times as long each cross-encoder takes, by rounds."""
    return {
        name: {
            base: median_interval([theirs / own for theirs, own in zip(times[base], spent, strict=True)])
            for base in (STUDENT, CROSS)
        }
        for name, spent in times.items()
        if name not in (STUDENT, CROSS)
    }


def median_interval(values: Sequence[float]) -> Interval:
    """(low, median, high), the ends 95 % confident; with fewer than 6 values the least and the greatest."""
    ordered = sorted(values)
    low, high = interval(ordered, 0.5)
    return ordered[0] if low is None else low, float(np.median(ordered)), ordered[-1] if high is None else high


def table(times: Mapping[str, Sequence[float]]) -> str:
    against, rows = ratios(times), list[Sequence[Cell]]()
    for name, spent in times.items():
        low, middle, high = median_interval(spent)
        others = [written(against[name][base]) if name in against else "" for base in (STUDENT, CROSS)]
        rows.append((name, f"{middle:.2f}", f"{low:.2f}-{high:.2f}", f"{min(spent):.2f}", *others))
    return render(("way", "ms", "interval", "least", "times faster than N", "than M"), rows)


def written(interval: Interval) -> str:
    low, middle, high = interval
    return f"{middle:.1f} ({low:.1f}-{high:.1f})"


if __name__ == "__main__":
    sys.exit(main())
