"""Golden requests: text, ids and scores that every runtime must reproduce."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.engine import Engine
from edge.errors import EdgeError
from edge.scoring import UserSide, score_by_depth
from edge.segment_cache import SegmentCache
from edge.text.request import request_from_json, request_to_json
from edge.text.sequence import Segment, TextEncoder
from edge.text.types import Request

Scores = Mapping[str, Mapping[int, np.ndarray]]  # plan -> exit depth -> (candidates,) logits


@dataclass(frozen=True)
class Golden:
    """One request with what it must turn into."""

    request: Request
    texts: tuple[str, ...]  # profile, events oldest first, candidates
    user: tuple[Segment, ...]
    candidates: tuple[Segment, ...]
    scores: Scores


def render(encoder: TextEncoder, request: Request) -> tuple[str, ...]:
    """The texts of a request, in the order of `Golden.texts`."""
    return (
        encoder.profile_text(request.user),
        *(encoder.event_text(event) for event in request.events),
        *(encoder.candidate_text(item) for item in request.candidates),
    )


def score(engine: Engine, user: Sequence[Segment], candidates: Sequence[Segment]) -> Scores:
    """Every plan, every exit."""
    plans = {"prefix": 0} | ({"segments": engine.shape.handover} if engine.shape.handover else {})
    scores = {}
    for plan, handover in plans.items():
        cache = SegmentCache()
        states = score_by_depth(engine, UserSide(engine, user, handover, cache), candidates, cache)
        scores[plan] = {depth: engine.head(hidden) for depth, hidden in enumerate(states, start=handover + 1)}
    return scores


def make_golden(encoder: TextEncoder, engine: Engine, request: Request) -> Golden:
    """What the reference engine answers."""
    user = encoder.user(request.user, request.events)
    candidates = tuple(encoder.candidate(item) for item in request.candidates)
    return Golden(request, render(encoder, request), user, candidates, score(engine, user, candidates))


def to_line(golden: Golden) -> str:
    """One line of golden.jsonl. Scores keep six digits."""
    record = {
        "request": request_to_json(golden.request),
        "texts": golden.texts,
        "ids": {"user": golden.user, "candidates": golden.candidates},
        "scores": {
            plan: {str(depth): [round(float(logit), 6) for logit in logits] for depth, logits in exits.items()}
            for plan, exits in golden.scores.items()
        },
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def read_golden(lines: Sequence[str]) -> Iterator[Golden]:
    """The records of a golden.jsonl; errors name the line."""
    for number, line in enumerate(lines, start=1):
        try:
            yield _read_record(json.loads(line))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EdgeError(f"golden.jsonl:{number} is not a golden record", evidence=repr(error)) from error


def _read_record(record: dict[str, Any]) -> Golden:
    return Golden(
        request_from_json(record["request"]),
        tuple(record["texts"]),
        tuple(map(tuple, record["ids"]["user"])),
        tuple(map(tuple, record["ids"]["candidates"])),
        {
            plan: {int(depth): np.array(logits, dtype=np.float32) for depth, logits in exits.items()}
            for plan, exits in record["scores"].items()
        },
    )
