"""A small ranking model, random in every weight, as a bundle for LiteRT and ONNX Runtime."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from random_rankers import PLACES, SHAPE, model_of

from compress.graph import model_shape
from compress.integers import quantise_ranker
from edge.bundle.manifest import SCHEMA
from edge.config import to_dict
from edge.conformance.golden import Golden
from edge.engines.buckets import name_of
from edge.engines.shape import ModelShape
from edge.runtime.user_timeline import Reading
from edge.text.number import Number
from edge.text.segments import SegmentEncoder
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec
from edge.text.types import Event, Item, Request, User
from edge.text.wordpiece import SPECIAL_TOKENS
from export.buckets import Buckets
from export.bundle import bundle_student
from export.exam import Exam
from export.models import write_models
from export.parity import exits_of, make_goldens

BUCKETS = Buckets(tokens=(8, 16), segments=4, append=(1, 4), candidates=(2, 4))
TOLERANCE = 0.05  # engines round activations differently, and 16 wide is coarse
WORDS = ("star", "wars", "heat", "the", "crow", "fargo", "alien", "jaws", "big", "night", "clue", "liked", "not", "old")
SPEC = TextSpec(
    profile="[[{kind}]]", item="{title}", event="{liked|choose:liked:not liked}", context="[[{age}]]",
    numbers=(
        Number("year", of="item.year", mean=1990.0, spread=10.0), Number("events", history="count", transform="log1p"),
        Number("mean", of="liked", history="mean"),
    ),
    max_segment_tokens=6, max_user_tokens=40,
)  # fmt: skip


@dataclass(frozen=True)
class ExportedModel:
    """The bundle, what its models lie in, and what the reference answers."""

    bundle: Path
    models: Path
    shape: ModelShape
    reading: Reading
    golden: list[Golden]

    def with_golden(self, path: Path, golden: list[Golden]) -> Path:
        """The bundle with other golden requests."""
        return _bundled(path, self.models, golden)


def vocabulary() -> list[str]:
    tokens = [*SPECIAL_TOKENS, *WORDS]
    return tokens + [f"[unused{number}]" for number in range(SHAPE.vocabulary_size - len(tokens))]


def requests() -> list[tuple[str, Request]]:
    """Of users with 3, no and more events than the timeline holds."""
    return [(f"{events}", _request(events, candidates)) for events, candidates in ((3, 5), (0, 3), (14, 6))]


def export_student(directory: Path) -> ExportedModel:
    encoder = TextEncoder(SPEC, vocabulary())
    reading = Reading(SegmentEncoder(encoder), SPEC.numbers, "liked")
    model = quantise_ranker(model_of(SHAPE))
    write_models(model, PLACES, BUCKETS, directory / "models")
    asked = Exam(SPEC, PLACES, BUCKETS.candidates[-1]).requests(requests(), 3, 6)
    golden = make_goldens(model, reading, asked, PLACES)
    bundle = _bundled(directory / "small.edge", directory / "models", golden)
    return ExportedModel(bundle, directory / "models", model_shape(model.shape, PLACES), reading, golden)


def _bundled(path: Path, models: Path, golden: list[Golden]) -> Path:
    model = quantise_ranker(model_of(SHAPE))
    shape = model_shape(model.shape, PLACES)
    (path.parent / "text.json").write_text(json.dumps(to_dict(SPEC)))
    (path.parent / "vocab.txt").write_text("".join(f"{token}\n" for token in vocabulary()))
    exits = [
        {
            "encode": exit.encode,
            "interact": exit.interact,
            "quality": {"auc": 0.6 + exit.encode / 10 + exit.interact / 100},
        }
        for exit in exits_of(model)
    ]
    manifest = {
        "schema": SCHEMA,
        "name": "small",
        "model": asdict(shape) | {"vocabulary": len(vocabulary()), "value": "liked"},
        "buckets": {"litert": [name_of(*one) for one in BUCKETS.signatures(shape)]},
        "exits": exits,
        "golden": {"tolerance": TOLERANCE},
        "provenance": {},
    }
    texts = {name: path.parent / name for name in ("text.json", "vocab.txt")}
    return bundle_student(path, model, texts, golden, models, manifest).path


def _request(events: int, candidates: int) -> Request:
    titles = [f"{one} {other}" for one in WORDS[:6] for other in WORDS[5:11]]
    history = tuple(
        Event(Item("", {"title": titles[number], "year": 1980 + number}), {"liked": number % 2 == 0}, 100.0 + number)
        for number in range(events)
    )
    items = tuple(
        Item(
            f"i{number}",
            {"title": titles[-number - 1], "year": 1970 + number, "age": "old"} if number else {"title": titles[20]},
        )
        for number in range(candidates)
    )
    return Request(User({"kind": "old"}), history, items, 200.0)
