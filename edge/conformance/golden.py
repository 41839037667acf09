"""Golden requests of a ranking model: texts, ids, numbers and logits that every runtime must reproduce."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge.bundle.exits import Exit
from edge.bundle.values import is_count, is_number
from edge.engines.protocol import Engine
from edge.errors import EdgeError
from edge.files import parse_strictly
from edge.runtime.scoring import handles_of, scores_of
from edge.runtime.summaries import Summaries
from edge.runtime.user_timeline import Reading, UserTimeline
from edge.text.request import request_from_json, request_to_json
from edge.text.segments import Segment
from edge.text.types import Request

KINDS = ("profile", "items", "phrases", "candidates", "contexts")
DECIMALS = 5
ENOUGH = 1 << 26  # bytes of summaries that are kept of one request: each text is encoded once
_EXIT = re.compile(r"(0|[1-9][0-9]{0,3})/(0|[1-9][0-9]{0,3})")
_ID = re.compile(r"[!-~]{1,80}")

Logits = Mapping[Exit, np.ndarray]  # (candidate,)


@dataclass(frozen=True)
class Golden:
    """One request with what it must turn into. `texts` and `ids` are by kind: of the profile, of events' items and
    phrases, of candidates' items and contexts; `numbers` (candidate, number) are NaN where one is missing."""

    id: str
    request: Request
    texts: Mapping[str, tuple[str, ...]]
    ids: Mapping[str, tuple[Segment, ...]]
    numbers: np.ndarray
    logits: Logits


def read_request(reading: Reading, id: str, request: Request) -> Golden:
    """The text side of a golden request, without logits."""
    segments, events, candidates = reading.encoder, request.events, request.candidates
    text = segments.encoder
    texts = (
        (text.profile_text(request.user),),
        tuple(text.item_text(event.item) for event in events),
        tuple(map(text.phrase_text, events)),
        tuple(map(text.item_text, candidates)),
        tuple(map(text.context_text, candidates)),
    )
    ids = (
        (segments.profile(request.user),),
        tuple(segments.item(event.item) for event in events),
        tuple(map(segments.phrase, events)),
        tuple(map(segments.item, candidates)),
        tuple(map(segments.context, candidates)),
    )
    values, missing = UserTimeline(reading, request.user, events).candidates(
        reading.groups.offered(candidates), request.time
    )
    numbers = np.where(missing == 1, np.nan, values)
    return Golden(id, request, dict(zip(KINDS, texts, strict=True)), dict(zip(KINDS, ids, strict=True)), numbers, {})


def logits_of(engine: Engine, reading: Reading, request: Request, exits: Collection[Exit]) -> Logits:
    """At each exit, by the way that a ranker takes."""
    summaries, user = Summaries(engine, ENOUGH), UserTimeline(reading, request.user, request.events)
    handles = handles_of(reading, request.candidates)
    return {
        exit: scores_of(engine, summaries, user, handles, request.time, (exit.encode, exit.interact))[-1]
        for exit in sorted(exits)
    }


def make_golden(engine: Engine, reading: Reading, id: str, request: Request, exits: Collection[Exit]) -> Golden:
    """What the engine, the reference, answers."""
    return replace(read_request(reading, id, request), logits=logits_of(engine, reading, request, exits))


def to_line(golden: Golden) -> str:
    """One line of golden.jsonl."""
    record: dict[str, Any] = {
        "id": golden.id,
        "request": request_to_json(golden.request),
        "texts": golden.texts,
        "ids": golden.ids,
        "numbers": [[None if math.isnan(value) else _rounded(value) for value in row] for row in golden.numbers],
        "logits": {str(exit): [_rounded(logit) for logit in logits] for exit, logits in golden.logits.items()},
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS)


def read_goldens(lines: Sequence[str]) -> Iterator[Golden]:
    """The records of a golden.jsonl; errors name the line."""
    for number, line in enumerate(lines, start=1):
        try:
            yield _read_record(parse_strictly(line.encode()))
        except (EdgeError, ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise EdgeError(f"golden.jsonl:{number} is not a golden record", evidence=reason) from error


def _read_record(record: Any) -> Golden:
    """Errors: EdgeError or ValueError, in words."""
    parts = _object(record, "the record", ("id", "request", "texts", "ids", "numbers", "logits"))
    if not isinstance(parts["id"], str) or not _ID.fullmatch(parts["id"]):
        raise ValueError("id must be 1 to 80 visible ASCII characters")
    request = request_from_json(parts["request"])
    counts = {"profile": 1, "items": len(request.events), "phrases": len(request.events)}
    counts |= dict.fromkeys(("candidates", "contexts"), len(request.candidates))
    texts, ids = (_object(parts[name], name, KINDS) for name in ("texts", "ids"))
    return Golden(
        parts["id"],
        request,
        {kind: _list_of(texts[kind], f"texts.{kind}", "texts", _is_text, counts[kind]) for kind in KINDS},
        {kind: _list_of(ids[kind], f"ids.{kind}", "lists of ids", _is_ids, counts[kind], tuple) for kind in KINDS},
        _read_numbers(parts["numbers"], len(request.candidates)),
        _read_logits(parts["logits"], len(request.candidates)),
    )


def _read_numbers(value: Any, candidates: int) -> np.ndarray:
    """(candidate, number)"""
    rows = _list_of(value, "numbers", "lists of finite numbers or null", _is_row, candidates)
    if len(set(map(len, rows))) > 1:
        raise ValueError("numbers must be as many for each candidate")
    return np.array(rows, dtype=np.float64).astype(np.float32)  # null becomes NaN


def _read_logits(value: Any, candidates: int) -> Logits:
    found = {}
    for name, logits in _object(value, "logits").items():
        depths = _EXIT.fullmatch(name)
        if depths is None:
            raise ValueError(f"logits has an exit {name!r:.60}")
        row = _list_of(logits, f"logits.{name}", "finite numbers", is_number, candidates)
        found[Exit(int(depths[1]), int(depths[2]))] = np.array(row, dtype=np.float32)
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_count, value))


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and all(one is None or is_number(one) for one in value)


def _object(value: Any, where: str, needed: Collection[str] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be an object")
    for key in needed:
        if key not in value:
            raise ValueError(f"{where} has no {key!r}")
    return value


def _list_of(
    value: Any,
    where: str,
    kind: str,
    holds: Callable[[Any], bool],
    count: int,
    each: Callable[[Any], Any] = lambda one: one,
) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) != count or not all(map(holds, value)):
        raise ValueError(f"{where} must be a list of {count} {kind}")
    return tuple(map(each, value))
