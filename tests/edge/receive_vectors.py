"""Writes edge/bundle/receive.jsonl: texts of summaries that every runtime must accept or refuse (BUNDLE.md, section 9).

PYTHONPATH=. python tests/edge/receive_vectors.py
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import edge.bundle
from edge.runtime.sent_summaries import SCHEMA, SentSummary, head_line, item_line

FILE = Path(edge.bundle.__file__).parent / "receive.jsonl"
HIDDEN, POSITIONS, DEPTHS, VOCABULARY = 4, 5, (1, 12), 17
WEIGHTS = "0123456789abcdef" * 4
ENTRY = 2 * HIDDEN  # bytes of a summary; each token takes 8 more
HEAD = head_line(WEIGHTS, HIDDEN)
ROW = np.array([0.5, -1.25, 0, 3], dtype=np.float16)
OTHER = np.array([2, 4, 8, 16], dtype=np.float16)
CODED = base64.b64encode(ROW.astype("<f2").tobytes()).decode()


def vectors() -> Iterator[dict[str, Any]]:
    for kind, text, *expected in accepted():
        entries: list[SentSummary] = list(expected)
        yield _vector("accept", kind, text) | {"expected": {"received": len(entries), "kept": _kept(entries)}}
    two = HEAD + item_line("1", (1, 2), {1: ROW}) + item_line("2", (3,), {1: OTHER})
    third = _kept([SentSummary((3,), 1, OTHER)])
    narrow = _vector("accept", "what exceeds the budget of bytes leaves", two) | {"budget_bytes": ENTRY + 16}
    yield narrow | {"expected": {"received": 2, "kept": third}}
    for kind, text in refused():
        yield _vector("refuse", kind, text)


def accepted() -> Iterator[tuple[Any, ...]]:
    """What is worth accepting, the text, and its summaries in their order of use."""
    one, both = SentSummary((1, 2), 1, ROW), {1: ROW, 12: OTHER}
    pair = [one, SentSummary((1, 2), 12, OTHER)]
    yield "the first line alone", HEAD
    yield "the first line without the end of a line", HEAD.rstrip("\n")
    yield "two encode depths, in the order of the keys", HEAD + item_line("1", (1, 2), both), *pair
    yield "the end of the last line is missing", (HEAD + item_line("1", (1, 2), both)).rstrip("\n"), *pair
    yield "lines in any order", HEAD + _line([3]) + _line([1, 2]), SentSummary((3,), 1, ROW), one
    yield "no tokens: the empty text", HEAD + _line([]), SentSummary((), 1, ROW)
    full = (0, 16, 1, 2, 3)
    yield "as many tokens as positions, the smallest and the greatest", HEAD + _line(full), SentSummary(full, 1, ROW)
    yield "an item without summaries", HEAD + _line([1], {})
    yield "an item without an id, which no runtime reads", HEAD + _line([1, 2]), one
    yield (
        "another item of the same text",
        HEAD + item_line("1", (1, 2), {1: ROW}) + item_line("2", (1, 2), {1: ROW}),
        one,
        one,
    )
    again = [one, SentSummary((1, 2), 1, OTHER)]
    yield "of one text the last summary stays", HEAD + _line([1, 2]) + item_line("", (1, 2), {1: OTHER}), *again
    yield "other keys, of any values", HEAD.replace("{", '{"": null, ') + _line([1, 2], more={"x": [{}, 1e308]}), one
    yield (
        "keys in another order, more white space",
        HEAD + f' {{ "summaries":{{"1":"{CODED}"}} ,\t"tokens":[1,2]}}\r\n',
        one,
    )
    yield (
        "an escape in a key and in a summary",
        HEAD + f'{{"t\\u006fkens": [1, 2], "summaries": {{"1": "{_escaped()}"}}}}',
        one,
    )
    yield (
        "U+2028, U+0085 and an escaped U+000D end no line",
        HEAD + item_line("\u2028 \u0085 \r", (1, 2), {1: ROW}),
        one,
    )
    edges = np.array([65504, -65504, 6e-8, -0.0], dtype=np.float16)
    yield "the greatest and the least numbers", HEAD + item_line("1", (1, 2), {1: edges}), SentSummary((1, 2), 1, edges)
    bits = f"{CODED[:-2]}{chr(ord(CODED[-2]) + 1)}="
    yield "bits that padding leaves unused are ignored", HEAD + _line([1, 2], {"1": bits}), one


def refused() -> Iterator[tuple[str, str | bytes]]:
    yield "no text", ""
    yield "an empty line", "\n"
    yield "an empty line before the first", "\n" + HEAD
    yield "an empty line after the first", HEAD + "\n"
    yield "an empty line between items", HEAD + _line([1]) + "\n" + _line([2])
    yield "only U+000A ends a line", HEAD.rstrip("\n") + "\r" + _line([1])
    yield "bytes that are not UTF-8", HEAD.encode() + b'{"id": "\xff", "tokens": [1], "summaries": {}}'
    yield "a byte order mark", "\ufeff" + HEAD
    yield from refused_heads()
    yield from refused_lines()
    yield from refused_summaries()


def refused_heads() -> Iterator[tuple[str, str]]:
    """The first line is wrong; an item follows."""
    fields: dict[str, Any] = {"schema": SCHEMA, "weights": WEIGHTS, "hidden": HIDDEN}
    yield "no first line", _line([1])
    yield "the first line is no object", "[]\n" + _line([1])
    yield "the first line is not JSON", HEAD.replace("}", "") + _line([1])
    yield "a key twice", HEAD.replace("{", f'{{"hidden": {HIDDEN}, ') + _line([1])
    for key in fields:
        yield (
            f"the first line has no {key}",
            json.dumps({k: v for k, v in fields.items() if k != key}) + "\n" + _line([1]),
        )
    for kind, change in {
        "an unknown schema": {"schema": SCHEMA[:-1] + "2"},
        "a schema that is no text": {"schema": 1},
        "other weights": {"weights": WEIGHTS[:-1] + "e"},
        "weights in upper case": {"weights": WEIGHTS.upper()},
        "no weights": {"weights": ""},
        "another width": {"hidden": HIDDEN + 1},
        "a width that is text": {"hidden": str(HIDDEN)},
    }.items():
        yield kind, json.dumps(fields | change) + "\n" + _line([1])


def refused_lines() -> Iterator[tuple[str, str]]:
    """The first item can be used, the second cannot: neither is kept."""
    for kind, line in {
        "the first line twice": HEAD,
        "an item that is no object": "[1]\n",
        "two objects in a line": _line([2]).rstrip("\n") + _line([3]),
        "an item that is cut off": _line([2])[:-3] + "\n",
        "a key of an item twice": '{"tokens": [2], "tokens": [2], "summaries": {}}\n',
        "an encode depth twice": f'{{"tokens": [2], "summaries": {{"1": "{CODED}", "1": "{CODED}"}}}}\n',
        "half of a surrogate pair": '{"id": "\\ud800", "tokens": [2], "summaries": {}}\n',
        "a number that is not finite": '{"tokens": [2], "summaries": {}, "x": 1e999}\n',
        "NaN, which is not JSON": '{"tokens": [2], "summaries": {}, "x": NaN}\n',
        "no tokens": '{"summaries": {}}\n',
        "tokens that are null": '{"tokens": null, "summaries": {}}\n',
        "tokens that are text": _line("1 2"),  # type: ignore[arg-type]
        "more tokens than positions": _line([1] * (POSITIONS + 1)),
        "a token beyond the vocabulary": _line([VOCABULARY]),
        "a token below 0": _line([-1]),
        "a token that is no integer": _line([1.0]),  # type: ignore[list-item]
        "a token that is true": _line([True]),
        "a token beyond 64 bits": _line([2**64]),
        "no summaries": '{"tokens": [2]}\n',
        "summaries that are a list": _line([2], []),
    }.items():
        yield kind, HEAD + _line([1]) + line


def refused_summaries() -> Iterator[tuple[str, str]]:
    for depth in ("0", "2", "01", "+1", "1.0", " 1", "", "-1"):
        yield f"a summary of encode depth '{depth}'", HEAD + _line([1]) + _line([2], {depth: CODED})
    infinite, none = (
        base64.b64encode(np.array([1, bad, 1, 1], dtype="<f2").tobytes()).decode() for bad in (-np.inf, np.nan)
    )
    for kind, coded in {
        "a summary that is null": None,
        "a summary that is a list": [0.5, -1.25, 0, 3],
        "an empty summary": "",
        "a summary of fewer numbers": base64.b64encode(bytes(2 * HIDDEN - 2)).decode(),
        "a summary of more numbers": base64.b64encode(bytes(2 * HIDDEN + 2)).decode(),
        "a summary of half a number more": base64.b64encode(bytes(2 * HIDDEN + 1)).decode(),
        "base64 without padding": CODED.rstrip("="),
        "base64 with more padding": CODED + "=",
        "base64 with padding inside": CODED[:3] + "=" + CODED[4:],
        "something after the padding": CODED + "AAAA",
        "base64 for addresses": CODED[:3] + "_" + CODED[4:],
        "white space in base64": CODED[:4] + " " + CODED[4:],
        "the end of a line in base64": CODED[:4] + "\n" + CODED[4:],
        "a letter that base64 does not have": CODED[:3] + "\u00e9" + CODED[4:],
        "a summary with an infinity": infinite,
        "a summary with a number that is none": none,
    }.items():
        yield kind, HEAD + _line([1]) + _line([2], {"1": coded})


def _vector(verdict: str, kind: str, text: str | bytes) -> dict[str, Any]:
    model = {"weights": WEIGHTS, "hidden": HIDDEN, "positions": POSITIONS, "encode_depths": [*DEPTHS]}
    content = {"bytes": text.hex()} if isinstance(text, bytes) else {"text": text}
    return {"verdict": verdict, "kind": kind, "model": model | {"vocabulary": VOCABULARY}} | content


def _kept(entries: list[SentSummary]) -> list[Any]:
    """[depth, tokens, bits of each number], each once, least recently used first."""
    last: dict[Any, Any] = {}
    for entry in entries:
        last.pop((entry.depth, entry.segment), None)
        last[entry.depth, entry.segment] = entry.summary.view(np.uint16).tolist()
    return [[depth, list(segment), bits] for (depth, segment), bits in last.items()]


def _line(tokens: object, summaries: object = None, more: dict[str, Any] | None = None) -> str:
    fields = {"tokens": tokens, "summaries": {"1": CODED} if summaries is None else summaries}
    return json.dumps(fields | (more or {})) + "\n"


def _escaped() -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in CODED)


def write(path: Path) -> None:
    path.write_text("".join(json.dumps(vector) + "\n" for vector in vectors()), encoding="ascii")


if __name__ == "__main__":
    write(FILE)
