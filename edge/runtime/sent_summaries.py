"""Summaries from a server, as text: `edge encode` writes it, `Ranker.receive` reads it. Normative: BUNDLE.md."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from edge.bundle.values import is_count
from edge.engines.shape import ModelShape
from edge.errors import EdgeError
from edge.files import lines_of, parse_strictly
from edge.text.segments import Segment

SCHEMA = "edge-ranker/summaries/1"
MAX_BYTES = 64 * 2**20  # of one text: a catalogue is sent in parts
_HEAD = {"schema", "weights", "hidden"}


@dataclass(frozen=True)
class SentSummary:
    """Of one text at one encode depth; `summary` (hidden,) float16."""

    segment: Segment
    depth: int
    summary: np.ndarray


def head_line(weights: str, hidden: int) -> str:
    """The first line of a text of summaries (BUNDLE.md, section 9)."""
    return json.dumps({"schema": SCHEMA, "weights": weights, "hidden": hidden}) + "\n"


def item_line(id: str, segment: Segment, summaries: Mapping[int, np.ndarray]) -> str:
    """`summaries` by encode depth, each (hidden,)."""
    coded = {str(depth): _coded(summary) for depth, summary in summaries.items()}
    return json.dumps({"id": id, "tokens": list(segment), "summaries": coded}, ensure_ascii=False) + "\n"


def read_sent(text: str | bytes, weights: str, shape: ModelShape, vocabulary: int) -> list[SentSummary]:
    """All or none. Errors: it is no such text, or of other weights than `weights`."""
    first, *rest = _lines(text)
    _check_head(first, weights, shape.hidden)
    found: list[SentSummary] = []
    for number, line in enumerate(rest, start=2):
        found += _read_item(f"line {number} of the summaries", line, shape, vocabulary)
    return found


def _lines(text: object) -> Sequence[str]:
    if not isinstance(text, str | bytes):
        raise EdgeError(
            f"the summaries must be text, not {type(text).__name__}", fix="pass the text that edge encode wrote"
        )
    size = len(text)
    if size > MAX_BYTES:
        raise EdgeError(f"the summaries have {size:,} bytes, {MAX_BYTES:,} at most", fix="send fewer at once")
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise EdgeError("the summaries are not UTF-8 text", evidence=str(error), fix="encode them as UTF-8") from error
    return lines_of(decoded) or [""]


def _check_head(line: str, weights: str, hidden: int) -> None:
    head = _object("line 1 of the summaries", line)
    if not set(head) >= _HEAD:
        _refuse("line 1 of the summaries", f"it has no {min(_HEAD - set(head))}")
    if head["schema"] != SCHEMA:
        _refuse(
            "line 1 of the summaries", f"unknown schema {ascii(head['schema'])[:60]}, this version reads {SCHEMA!r}"
        )
    if not weights or head["weights"] != weights or head["hidden"] != hidden:
        raise EdgeError(
            "the summaries were computed from other weights",
            evidence=f"weights of the summaries: {ascii(head['weights'])[:66]}, of the bundle: {weights!r}",
            fix="compute them with the bundle that ranks: edge encode ITEMS.jsonl --bundle BUNDLE --out FILE",
        )


def _read_item(where: str, line: str, shape: ModelShape, vocabulary: int) -> Iterator[SentSummary]:
    record = _object(where, line)
    tokens, summaries = record.get("tokens"), record.get("summaries")
    if not isinstance(tokens, list) or len(tokens) > shape.positions:
        _refuse(where, f"tokens must be a list of at most {shape.positions} ids")
    if not all(is_count(token, 0, vocabulary - 1) for token in tokens):
        _refuse(where, f"tokens must be ids from 0 to {vocabulary - 1:,}")
    if not isinstance(summaries, dict) or not {*summaries} <= {str(depth) for depth in shape.encode_depths}:
        known = ", ".join(map(str, shape.encode_depths))
        _refuse(where, f"summaries must be an object whose keys are encode depths of the model: {known}")
    for depth, coded in summaries.items():
        yield SentSummary(tuple(tokens), int(depth), _decoded(where, coded, shape.hidden))


def _object(where: str, line: str) -> dict[str, Any]:
    try:
        value = parse_strictly(line.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        _refuse(where, "it is not one JSON object")
    return value


def _coded(summary: np.ndarray) -> str:
    return base64.b64encode(summary.astype("<f2").tobytes()).decode()


def _decoded(where: str, coded: Any, hidden: int) -> np.ndarray:
    try:
        content = base64.b64decode(coded, validate=True) if isinstance(coded, str) else b""
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != 2 * hidden:
        _refuse(where, f"a summary must be {hidden} float16 numbers in base64")
    summary = np.frombuffer(content, dtype="<f2").astype(np.float16)
    if not np.isfinite(summary).all():
        _refuse(where, "a summary has a number that is not finite")
    return summary


def _refuse(where: str, reason: str) -> NoReturn:
    raise EdgeError(f"{where}: {reason}", fix="send the first line that edge encode wrote, then lines of items")
