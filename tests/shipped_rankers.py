"""A small ranking model, random in every weight, as the bundle that an app ships: LiteRT and ONNX files and weights."""

from __future__ import annotations

import json
import string
from dataclasses import asdict, replace
from pathlib import Path

from random_rankers import PLACES, SHAPE, model_of

from compress.graph import model_shape
from edge.bundle.bundle import write_bundle
from edge.bundle.manifest import SCHEMA
from edge.config import to_dict
from edge.conformance.golden import to_line
from edge.engines.buckets import name_of
from edge.runtime.user_timeline import Reading
from edge.text.number import Number
from edge.text.segments import SegmentEncoder
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec
from edge.text.types import Event, Item, Request, User
from edge.text.wordpiece import SPECIAL_TOKENS
from export.buckets import Buckets
from export.models import write_models
from export.parity import exits_of, make_goldens, parameters_of

TOKENS = [*SPECIAL_TOKENS, *string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)]
BUCKETS = Buckets(tokens=(32, 64), segments=16, append=(1, 8), candidates=(2, 4))
SPEC = TextSpec(
    profile="[[{kind}]]", item="{title}", event="{liked|choose:liked:not}", context="",
    numbers=(
        Number("year", of="item.year"), Number("events", history="count", transform="log1p"),
        Number("liked", of="liked", history="mean", smoothing=2.0),
    ),
    max_segment_tokens=6,
)  # fmt: skip
REQUEST = Request(
    User({"kind": "new"}),
    tuple(Event(Item(f"e{n}", {"title": "sea" * (1 + n % 2)}), {"liked": n % 2 == 0}, 10.0 + n) for n in range(3)),
    tuple(Item(f"i{n}", {"title": title, "year": 1970 + n}) for n, title in enumerate(("heat", "fargo", "jaws", "b"))),
    99.0,
)


def ship(path: Path) -> Path:
    """The bundle at `path`, made beside it."""
    model, reading = model_of(replace(SHAPE, vocabulary_size=len(TOKENS))), _reading()
    write_models(model, PLACES, BUCKETS, path.parent / "models")
    goldens = make_goldens(model, reading, [("first", REQUEST)], PLACES)
    files: dict[str, Path | bytes] = {
        "text.json": json.dumps(to_dict(SPEC)).encode(),
        "vocab.txt": "".join(f"{token}\n" for token in TOKENS).encode(),
        "golden.jsonl": "".join(to_line(record) + "\n" for record in goldens).encode(),
    }
    models = sorted(file for file in (path.parent / "models").rglob("*") if file.is_file())
    files |= {str(file.relative_to(path.parent)): file for file in models}
    exits = [
        {"encode": exit.encode, "interact": exit.interact, "quality": {"auc": 0.6 + exit.encode / 10}}
        | {"calibration": {"temperature": 1.0, "offset": 0.0}}
        for exit in exits_of(model)
    ]
    graph = model_shape(model.shape, PLACES)
    manifest = {
        "schema": SCHEMA,
        "name": "shipped",
        "model": json.loads(json.dumps(asdict(graph))) | {"vocabulary": len(TOKENS), "value": "liked"},
        "buckets": {"litert": [name_of(entry, sizes) for entry, sizes in BUCKETS.signatures(graph)]},
        "exits": exits,
        "golden": {"tolerance": 0.02},
        "provenance": {},
    }
    write_bundle(path, files, manifest, parameters_of(model))
    return path


def _reading() -> Reading:
    return Reading(SegmentEncoder(TextEncoder(SPEC, TOKENS)), SPEC.numbers, "liked")
