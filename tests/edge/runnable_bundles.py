"""Small bundles of a ranking model of random float weights, which the reference engine opens."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from runnable_weights import SHAPE, SPEC, WORDS, random_weights, reading

from edge.bundle.bundle import write_bundle
from edge.bundle.exits import Exit
from edge.bundle.manifest import SCHEMA
from edge.config import to_dict
from edge.conformance.golden import Golden, make_golden, to_line
from edge.engines.reference import ReferenceEngine
from edge.text.types import Event, Item, Request, User
from edge.text.wordpiece import SPECIAL_TOKENS

TOKENS = [*SPECIAL_TOKENS, *WORDS]
EXITS = [Exit(encode, interact) for encode in (1, 2) for interact in (0, 1, 2)]
REQUEST = Request(
    User({"kind": "new"}),
    tuple(
        Event(Item(f"{n}", {"title": title, "year": 1990 + n}), {"liked": n % 2 == 0}, 100.0 + n)
        for n, title in enumerate(("red sea", "old film", "green", "blue of sea", "new", "film", "sea", "red of film"))
    ),
    (Item("a", {"title": "blue film", "year": 2001, "age": "old"}), Item("b", {"title": "green sea"})),
    200.0,
)


def parameters(**changes: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.atleast_1d(value) for name, value in random_weights(words=len(TOKENS)).items()} | changes


def goldens() -> list[Golden]:
    """Of a user whose events do not fit the timeline, and of one without any."""
    engine, read = ReferenceEngine(parameters(), SHAPE), reading()
    return [
        make_golden(engine, read, id, request, EXITS)
        for id, request in (("whole", REQUEST), ("new", replace(REQUEST, events=(), candidates=REQUEST.candidates[:1])))
    ]


def make_manifest(**changes: Any) -> dict[str, Any]:
    """`changes` to the model's facts."""
    exits = [
        {
            "encode": exit.encode,
            "interact": exit.interact,
            "quality": {"auc": 0.6 + exit.encode / 10 + exit.interact / 100},
        }
        for exit in EXITS
    ]
    model = json.loads(json.dumps(asdict(SHAPE))) | {"vocabulary": len(TOKENS), "value": "liked"}
    return {
        "schema": SCHEMA,
        "name": "movies",
        "model": model | changes,
        "buckets": {},
        "exits": exits,
        "golden": {"tolerance": 1e-3},
        "provenance": {"run": "ab"},
    }


def files(records: list[Golden] | None = None) -> dict[str, Path | bytes]:
    lines = "".join(to_line(record) + "\n" for record in (goldens() if records is None else records))
    return {
        "text.json": json.dumps(to_dict(SPEC)).encode(),
        "vocab.txt": "".join(f"{token}\n" for token in TOKENS).encode(),
        "golden.jsonl": lines.encode(),
        "models/onnx/weights.bin": b"no engine reads this",
    }


def make_runnable(
    path: Path,
    weights: dict[str, np.ndarray] | None = None,
    contents: dict[str, Path | bytes] | None = None,
    described: dict[str, Any] | None = None,
) -> Path:
    write_bundle(path, files() | (contents or {}), described or make_manifest(), weights or parameters())
    return path
