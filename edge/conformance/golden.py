"""Golden requests: text, ids and scores that every runtime must reproduce."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge.bundle.exits import PLANS
from edge.bundle.values import is_count, is_number
from edge.engines.protocol import Engine
from edge.errors import EdgeError
from edge.files import parse_strictly
from edge.runtime.scoring import InFull, Stepped, logits_at
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from edge.text.request import request_from_json, request_to_json
from edge.text.sequence import Segment, TextEncoder
from edge.text.types import Request

Scores = Mapping[str, Mapping[int, np.ndarray]]  # plan -> exit depth -> (candidates,) logits
Exits = Mapping[str, Collection[int]]  # plan -> exit depths
_SHA256, _DEPTH = re.compile(r"[0-9a-f]{64}"), re.compile(r"[1-9][0-9]{0,3}")
FEW = 2  # candidates that are scored under the full plan, too


@dataclass(frozen=True)
class Golden:
    """One request with what it must turn into.

    Texts and ids that would take too much room are not shipped, but their `digest` is: `completed` restores them.
    """

    request: Request
    texts: tuple[str, ...]  # profile, events oldest first, candidates
    user: tuple[Segment, ...]
    candidates: tuple[Segment, ...]
    scores: Scores
    digest: str = ""


def render(encoder: TextEncoder, request: Request) -> tuple[str, ...]:
    """The texts of a request, in the order of `Golden.texts`."""
    return (
        encoder.profile_text(request.user),
        *(encoder.event_text(event) for event in request.events),
        *(encoder.candidate_text(item) for item in request.candidates),
    )


def encode(encoder: TextEncoder, request: Request) -> Golden:
    """The text side of a golden request, without scores."""
    user = encoder.user(request.user, request.events)
    candidates = tuple(encoder.candidate(item) for item in request.candidates)
    return Golden(request, render(encoder, request), user, candidates, {})


def digest_of(golden: Golden) -> str:
    """SHA-256, in hexadecimal, of one line each: the texts, then the ids of each segment with spaces between them."""
    ids = (" ".join(map(str, segment)) for segment in (*golden.user, *golden.candidates))
    return hashlib.sha256("".join(f"{line}\n" for line in (*golden.texts, *ids)).encode()).hexdigest()


def completed(golden: Golden, encoder: TextEncoder) -> Golden:
    """With this encoder's texts and ids where the record has their digest alone."""
    if golden.texts or not golden.digest:
        return golden
    return replace(encode(encoder, golden.request), scores=golden.scores, digest=golden.digest)


def score(engine: Engine, user: Sequence[Segment], candidates: Sequence[Segment], exits: Exits | None = None) -> Scores:
    """Every plan and every exit, or those of `exits` that the model has; stops at the deepest that is asked for.

    Unasked, the full plan is computed for few candidates alone: it computes the user anew for each.
    """
    handover, layers = engine.shape.handover, engine.shape.layers
    if exits is None:
        exits = {"prefix": range(1, layers + 1), "segments": range(handover + 1, layers + 1) if handover else ()}
        exits |= {"full": range(1, layers + 1) if len(candidates) <= FEW else ()}
    found = {plan: _score(engine, user, candidates, plan, depths) for plan, depths in exits.items() if depths}
    return {plan: scores for plan, scores in found.items() if scores}


def _score(
    engine: Engine, user: Sequence[Segment], candidates: Sequence[Segment], plan: str, wanted: Collection[int]
) -> dict[int, np.ndarray]:
    """One plan's scores at the depths that are wanted and that it has."""
    handover, cache = engine.shape.handover if plan == "segments" else 0, SegmentCache()
    there = [depth for depth in wanted if handover < depth <= engine.shape.layers]
    if plan == "full":
        return logits_at(engine, InFull(engine, user, candidates), there)
    side = UserSide(engine, user, handover, cache)
    return logits_at(engine, Stepped(engine, side, candidates, cache), there)


def make_golden(
    encoder: TextEncoder, engine: Engine, request: Request, exits: Exits | None = None, brief: bool = False
) -> Golden:
    """What the reference engine answers, at `exits` or at all; if `brief`, the digest of texts and ids is shipped."""
    golden = encode(encoder, request)
    scores = score(engine, golden.user, golden.candidates, exits)
    return replace(golden, scores=scores, digest=digest_of(golden) if brief else "")


def to_line(golden: Golden) -> str:
    """One line of golden.jsonl. Scores keep five decimals, four in a brief record."""
    decimals = 4 if golden.digest else 5
    whole = {"texts": golden.texts, "ids": {"user": golden.user, "candidates": golden.candidates}}
    scores = {
        plan: {str(depth): [round(float(logit), decimals) for logit in logits] for depth, logits in exits.items()}
        for plan, exits in golden.scores.items()
    }
    record: dict[str, Any] = {"request": request_to_json(golden.request)}
    record |= {"sha256": golden.digest} if golden.digest else whole
    return json.dumps(record | {"scores": scores}, ensure_ascii=False, separators=(",", ":"))


def read_golden(lines: Sequence[str]) -> Iterator[Golden]:
    """The records of a golden.jsonl, brief ones still to be completed; errors name the line."""
    for number, line in enumerate(lines, start=1):
        try:
            yield _read_record(parse_strictly(line.encode()))
        except (EdgeError, ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise EdgeError(f"golden.jsonl:{number} is not a golden record", evidence=reason) from error


def _read_record(record: Any) -> Golden:
    """Errors: EdgeError or ValueError, in words."""
    parts = _object(record, "the record", ("request", "scores"))
    request, scores = request_from_json(parts["request"]), _read_scores(parts["scores"])
    if "sha256" in parts:
        if not isinstance(parts["sha256"], str) or not _SHA256.fullmatch(parts["sha256"]):
            raise ValueError("sha256 must be 64 lower-case hexadecimal digits")
        return Golden(request, (), (), (), scores, parts["sha256"])
    ids = _object(_object(record, "the record", ("texts", "ids"))["ids"], "ids", ("user", "candidates"))
    texts = _list_of(parts["texts"], "texts", "texts", lambda value: isinstance(value, str))
    user, candidates = (_read_segments(ids[side], f"ids.{side}") for side in ("user", "candidates"))
    return Golden(request, texts, user, candidates, scores)


def _read_scores(value: Any) -> Scores:
    return {_plan(plan): _read_exits(exits, f"scores.{plan}") for plan, exits in _object(value, "scores").items()}


def _plan(text: str) -> str:
    if text not in PLANS:
        raise ValueError(f"scores has an unknown plan {text!r:.60}")
    return text


def _read_exits(value: Any, where: str) -> dict[int, np.ndarray]:
    exits = {}
    for depth, logits in _object(value, where).items():
        if not _DEPTH.fullmatch(depth):
            raise ValueError(f"{where} has a depth {depth!r:.60}")
        exits[int(depth)] = np.array(_list_of(logits, f"{where}.{depth}", "finite numbers", is_number), np.float32)
    return exits


def _read_segments(value: Any, where: str) -> tuple[Segment, ...]:
    segments = _list_of(value, where, "lists", lambda segment: isinstance(segment, list))
    return tuple(_list_of(segment, f"{where}[{place}]", "ids", is_count) for place, segment in enumerate(segments))


def _object(value: Any, where: str, needed: Collection[str] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be an object")
    for key in needed:
        if key not in value:
            raise ValueError(f"{where} has no {key!r}")
    return value


def _list_of(value: Any, where: str, kind: str, holds: Callable[[Any], bool]) -> tuple[Any, ...]:
    if not isinstance(value, list) or not all(map(holds, value)):
        raise ValueError(f"{where} must be a list of {kind}")
    return tuple(value)
