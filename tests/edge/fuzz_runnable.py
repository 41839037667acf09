"""Bundles whose every digest is in order and whose contents are wrong, and requests that somebody made wrong."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np
from bundles import archive_of, raw
from fuzz_bytes import chance, edit_json, edited
from runnable_bundles import EXITS, REQUEST, files, make_manifest, parameters
from runnable_weights import SHAPE, reading

from edge.bundle.listing import WEIGHTS, section_of
from edge.bundle.weights.packed import pack
from edge.conformance.golden import make_golden
from edge.engines.reference import ReferenceEngine
from edge.text.request import request_to_json

WORDS = (b"[UNK]", b"[PAD]", b"\n", b"\r\n", b"red\n", b"##", b"\xef\xbb\xbf", b"\xff", b"\0", b"\xe2\x80\xa8")
PIECES = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"NaN", b"1e999", b"9" * 5000, b"null", b"\\ud800", b"\xff", b"\0",
    b"\xef\xbb\xbf", b'"time": 1e18,', b'"id": "a",', b"[" * 2000, b'"time": -0.0,', b'"liked": null,',
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, -1e308, 5e-324, float("nan"), float("inf"), 10**30, "", " ", "film",
    "\ud800", "\u202e\x1b[2J", "ﬁ①千🎬a\u0323\u0302", "x" * 5000, "red " * 200, [], ["red", "sea"], ["a"] * 300, [1],
    {}, {"a": 1},
)  # fmt: skip


VARIED = ("token.weight", "layers.0.attention_in.weight", "distance", "match.of_event.weight")


def weights() -> dict[str, np.ndarray]:
    """The small model's, most of them of one value: those are read at once, and decoding has a target of its own."""
    found = parameters()
    return {name: value if name in VARIED else np.full_like(value, value.flat[0]) for name, value in found.items()}


@lru_cache(maxsize=1)
def _contents() -> dict[str, bytes]:
    engine = ReferenceEngine(weights(), SHAPE)
    goldens = [make_golden(engine, reading(), "one", REQUEST, EXITS)]
    return {name: bytes(data) for name, data in files(goldens).items() if isinstance(data, bytes)}


@lru_cache(maxsize=1)
def _packed() -> bytes:
    return pack(weights())


def mutated_contents(random: Random) -> bytes:
    """A bundle that installs, but for one file or a few, or for what its manifest says of the model."""
    contents, described, coded = dict(_contents()), make_manifest(), _packed()
    while True:
        change = random.randrange(6)
        if change == 0:
            contents["text.json"] = _other_json(random, contents["text.json"])
        elif change == 1:
            contents["vocab.txt"] = edited(random, contents["vocab.txt"], WORDS)
        elif change == 2:
            contents["golden.jsonl"] = _other_lines(random, contents["golden.jsonl"])
        elif change == 3:
            edit_json(random, described["model"] if described.get("model") and chance(random, 2) else described)
        elif change == 4:
            coded = pack(_other_parameters(random))
        if not chance(random, 3):
            return _bundle(contents | {WEIGHTS: coded}, described)


def _bundle(contents: dict[str, bytes], described: dict[str, Any]) -> bytes:
    listed = [
        {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "section": section_of(name)}
        for name, data in contents.items()
    ]
    text = json.dumps(described | {"files": listed}).encode()
    return archive_of([raw("manifest.json", text), *(raw(name, data) for name, data in contents.items())])


def _other_json(random: Random, text: bytes) -> bytes:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # edited before
        value = None
    if not value or not isinstance(value, dict) or chance(random, 4):
        return edited(random, text, PIECES)
    edit_json(random, value)
    return json.dumps(value).encode()


def _other_lines(random: Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    at = random.randrange(len(lines))
    lines[at] = _other_json(random, lines[at]) if lines[at] else b"\r"
    return b"\n".join(lines)


def _other_parameters(random: Random) -> dict[str, np.ndarray]:
    """One is missing, of another shape, all of one value, or very large."""
    changed = weights()
    name = sorted(changed)[random.randrange(len(changed))]
    values, change = changed[name], random.randrange(5)
    if change == 0:
        del changed[name]
    elif change == 1:
        changed[name] = np.repeat(values, 2, axis=random.randrange(values.ndim))
    elif change == 2:
        changed[name] = values[None] if values.ndim < 4 else values[0]
    elif change == 3:
        changed[name] = values * np.float32((0.0, -1.0, 1e4, 1e18, 1e-38)[random.randrange(5)])
    else:
        changed[f"{name}.again"] = values
    return changed


def mutated_request(random: Random) -> bytes:
    """A request in JSON with a few values, keys or bytes of it changed."""
    request = REQUEST
    if chance(random, 20):
        request = replace(request, events=request.events * (1, 20, 200)[random.randrange(3)])
    elif chance(random, 20):
        many = [replace(request.candidates[0], id=f"{number}") for number in range((1, 70, 700)[random.randrange(3)])]
        request = replace(request, candidates=tuple(many))
    value = request_to_json(request)
    while value:
        if chance(random, 2):
            edit_json(random, value)
        else:
            _set_odd(random, value)
        if not chance(random, 2):
            break
    text = json.dumps(value).encode()
    return edited(random, text, PIECES) if chance(random, 4) else text


def _set_odd(random: Random, value: dict[str, Any]) -> None:
    """An odd value for an attribute of the user, of a candidate or of an event, or for the time."""
    holders = [value, value.get("user")]
    for name in ("candidates", "events"):
        holders += value[name][:3] if isinstance(value.get(name), list) else []
    records = [holder for holder in holders if isinstance(holder, dict)]
    record = records[random.randrange(len(records))]
    key = ("time", "id", "title", "year", "liked", "kind", "age", "item", "", "rating")[random.randrange(10)]
    record[key] = ODD[random.randrange(len(ODD))]
