"""Replays edge/text/vectors.jsonl, as every port does."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from request_numbers import request_numbers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

import edge.text
from edge.config import from_dict, to_dict
from edge.errors import EdgeError
from edge.text import Template, TextEncoder, TextSpec, WordPiece, parse_request, segment_slots
from edge.text.arithmetic import log1p
from edge.text.normalize import normalize, words
from edge.text.number import Number
from edge.text.request import request_from_json, request_to_json
from edge.text.spec import parse_spec

Vector = dict[str, Any]

PATH = Path(edge.text.__file__).with_name("vectors.jsonl")
VECTORS: list[Vector] = [json.loads(line) for line in PATH.read_text(encoding="ascii").splitlines()]
VOCABULARIES = {vector["name"]: vector["tokens"] for vector in VECTORS if vector["kind"] == "vocabulary"}


def check_normalize(vector: Vector) -> None:
    assert normalize(vector["text"], vector["lowercase"]) == vector["expect"]


def check_words(vector: Vector) -> None:
    assert words(vector["text"]) == vector["expect"]


def check_every_code_point(vector: Vector) -> None:
    normalized = normalize(_every_code_point(vector), vector["lowercase"])
    assert _sha256(normalized) == vector["normalized_sha256"]
    assert _sha256("\n".join(words(normalized))) == vector["words_sha256"]


def check_encode(vector: Vector) -> None:
    wordpiece = WordPiece(VOCABULARIES[vector["vocabulary"]], vector["lowercase"])
    assert wordpiece.encode(vector["text"]) == vector["expect"]


def check_parse(vector: Vector) -> None:
    with pytest.raises(EdgeError, match=_column(vector)):
        Template.parse(vector["template"])


def check_render(vector: Vector) -> None:
    template = Template.parse(vector["template"])
    scope = {name: tuple(value) if isinstance(value, list) else value for name, value in vector["scope"].items()}
    if "error" in vector:
        with pytest.raises(EdgeError, match=_column(vector)):
            template.render(scope)
    else:
        assert template.render(scope) == vector["expect"]


def check_spec(vector: Vector) -> None:
    if "error" in vector:
        with pytest.raises(EdgeError) as refusal:
            parse_spec(vector["json"].encode())
        assert vector["error"]["path"] in str(refusal.value)
    else:
        assert to_dict(parse_spec(vector["json"].encode())) == vector["expect"]


def check_request(vector: Vector) -> None:
    if "error" in vector:
        with pytest.raises(EdgeError) as refusal:
            parse_request(vector["json"])
        assert vector["error"]["path"] in str(refusal.value)
    else:
        assert request_to_json(parse_request(vector["json"])) == vector["expect"]


def check_log1p(vector: Vector) -> None:
    found = float(log1p(np.array([vector["value"]]))[0])
    assert (found, math.copysign(1, found)) == (vector["expect"], math.copysign(1, vector["expect"]))


def check_numbers(vector: Vector) -> None:
    numbers = tuple(from_dict(Number, values) for values in vector["numbers"])
    if "error" in vector:
        with pytest.raises(EdgeError) as refusal:
            request_numbers(numbers, request_from_json(vector["request"]))
        assert vector["error"]["path"] in str(refusal.value)
        return
    events, candidates = request_numbers(numbers, request_from_json(vector["request"]))
    assert {"events": _listed(events), "candidates": _listed(candidates)} == {
        kind: vector[kind] for kind in ("events", "candidates")
    }


def check_number(vector: Vector) -> None:
    with pytest.raises(EdgeError):
        from_dict(Number, vector["number"])


def _listed(rows: np.ndarray) -> list[list[float | None]]:
    return [[None if math.isnan(value) else value for value in row] for row in rows.tolist()]


def check_segments(vector: Vector) -> None:
    spec = from_dict(TextSpec, vector["spec"])
    encoder = TextEncoder(spec, VOCABULARIES[vector["vocabulary"]])
    request = request_from_json(vector["request"])
    segments = encoder.user(request.user, request.events)
    assert vector["expect"] == {
        "profile_text": encoder.profile_text(request.user),
        "event_texts": [encoder.event_text(event) for event in request.events],
        "candidate_texts": [encoder.candidate_text(item) for item in request.candidates],
        "user": [list(segment) for segment in segments],
        "slots": segment_slots(segments),
        "candidates": [list(encoder.candidate(item)) for item in request.candidates],
    }


CHECKS: dict[str, Callable[[Vector], None]] = {
    "normalize": check_normalize,
    "words": check_words,
    "every_code_point": check_every_code_point,
    "encode": check_encode,
    "parse": check_parse,
    "render": check_render,
    "spec": check_spec,
    "request": check_request,
    "log1p": check_log1p,
    "numbers": check_numbers,
    "number": check_number,
    "segments": check_segments,
}


def _every_code_point(vector: Vector) -> str:
    points = (point for first, last in vector["ranges"] for point in range(first, last + 1))
    separator: str = vector["separator"]
    return separator.join(map(chr, points))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _column(vector: Vector) -> str:
    return f"column {vector['error']['column']}:"


@pytest.mark.parametrize("kind", CHECKS)
def test_every_vector_is_met(kind: str) -> None:
    vectors = [vector for vector in VECTORS if vector["kind"] == kind]
    assert vectors
    for vector in vectors:
        try:
            CHECKS[kind](vector)
        except BaseException as error:
            error.add_note(f"vector: {json.dumps(vector)}")
            raise


def test_the_specification_names_the_tables_of_characters_by_their_sha256() -> None:
    tables = PATH.with_name("characters.json").read_bytes()
    assert hashlib.sha256(tables).hexdigest() in PATH.with_name("SPEC.md").read_text(encoding="utf-8").split()


def test_no_vector_is_of_an_unknown_kind() -> None:
    assert {vector["kind"] for vector in VECTORS} == {*CHECKS, "vocabulary"}


def test_the_library_meets_the_vectors_of_normalisation() -> None:
    for vector in VECTORS:
        if vector["kind"] == "normalize" and not any("\ud800" <= char <= "\udfff" for char in vector["text"]):
            library = BertNormalizer(lowercase=vector["lowercase"])
            assert library.normalize_str(vector["text"]) == vector["expect"], vector
        elif vector["kind"] == "words":
            found = [word for word, _ in BertPreTokenizer().pre_tokenize_str(vector["text"])]
            assert found == vector["expect"], vector
        elif vector["kind"] == "every_code_point":
            library = BertNormalizer(lowercase=vector["lowercase"])
            assert _sha256(library.normalize_str(_every_code_point(vector))) == vector["normalized_sha256"]


def test_the_library_meets_the_vectors_of_wordpiece(
    library: Callable[..., Callable[[str], list[int]]],
) -> None:
    for vector in VECTORS:
        if vector["kind"] == "encode":
            reference = library(VOCABULARIES[vector["vocabulary"]], vector["lowercase"])
            assert reference(vector["text"]) == vector["expect"], vector
