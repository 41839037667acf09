"""Golden requests: written, read back, replayed; whatever differs is told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import Exported, bundle_of, request

from cloud.torch_engine import TorchEngine
from edge.errors import EdgeError
from edge.golden import Golden, make_golden, read_golden, to_line
from edge.verify import check_scores, check_text, verify


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))


def test_a_golden_request_is_read_back_as_it_was_written(exported: Exported) -> None:
    lines = [to_line(golden) for golden in exported.golden]
    for golden, read in zip(exported.golden, read_golden(lines), strict=True):
        assert (read.request, read.texts, read.user, read.candidates) == (
            golden.request, golden.texts, golden.user, golden.candidates
        )  # fmt: skip
        assert {plan: list(exits) for plan, exits in read.scores.items()} == {
            "prefix": [1, 2, 3, 4],
            "segments": [3, 4],
        }
        for plan, exits in golden.scores.items():
            for depth, scores in exits.items():
                np.testing.assert_allclose(read.scores[plan][depth], scores, rtol=0, atol=1e-6)
    assert [to_line(golden) for golden in read_golden(lines)] == lines


def test_texts_stand_in_the_order_profile_events_candidates(exported: Exported) -> None:
    golden = make_golden(exported.encoder, TorchEngine(exported.reference["int8"]), request("fargo", 2, 1))
    assert golden.texts == ("22 years old", "liked star wars", "disliked heat", "fargo", "star wars 1970")


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"request": {}}', "null", '{"request": {"candidates": 3}}'])
def test_a_line_that_is_no_golden_request_is_refused_by_its_number(exported: Exported, line: str) -> None:
    with pytest.raises(EdgeError):
        list(read_golden([to_line(exported.golden[0]), line]))


def test_every_backend_replays_the_golden_requests_at_every_exit(exported: Exported, tmp_path: Path) -> None:
    results = verify(bundle_of(exported, tmp_path / "small.edge"))
    assert [(row.backend, row.plan, row.exit) for row in results] == [
        ("text", "-", 0),
        *((backend, plan, depth) for backend in ("litert", "onnx") for plan, depths in (
            ("prefix", (1, 2, 3, 4)), ("segments", (3, 4))) for depth in depths),
    ]  # fmt: skip
    assert all(row.passed and row.requests == 4 and row.max_difference <= row.tolerance for row in results)
    assert results[1].top10 > 0.9
    only = verify(tmp_path / "small.edge", ["onnx"])
    assert {row.backend for row in only} == {"text", "onnx"}


def tampered(exported: Exported, number: int, value: float) -> list[Golden]:
    """One score, of the segments plan's exit 3 in request `number`, changed to `value` more."""
    golden = list(exported.golden)
    scores = {plan: dict(exits) for plan, exits in golden[number].scores.items()}
    scores["segments"][3] = scores["segments"][3].copy()
    scores["segments"][3][0] += value
    golden[number] = replace(golden[number], scores=scores)
    return golden


@pytest.mark.parametrize("number", [0, 3])
def test_a_score_that_is_not_reproduced_fails_its_exit_alone(exported: Exported, tmp_path: Path, number: int) -> None:
    results = verify(bundle_of(exported, tmp_path / "small.edge", tampered(exported, number, 0.2)))
    failed = [(row.backend, row.plan, row.exit) for row in results if not row.passed]
    assert failed == [("litert", "segments", 3), ("onnx", "segments", 3)]
    assert all(row.max_difference == pytest.approx(0.2, abs=0.05) for row in results if not row.passed)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_score_that_is_no_number_fails_wherever_it_stands(exported: Exported, number: int) -> None:
    engine = TorchEngine(exported.reference["int8"])
    rows = check_scores(engine, tampered(exported, number, math.nan), "torch", 0.05)
    assert [(row.plan, row.exit) for row in rows if not row.passed] == [("segments", 3)]


@pytest.mark.parametrize("change", [
    lambda golden: {"texts": ("a lie", *golden.texts[1:])},
    lambda golden: {"user": (golden.user[0], (8, 9), golden.user[-1])},
    lambda golden: {"candidates": golden.candidates[::-1]},
])  # fmt: skip
def test_text_or_ids_that_differ_are_counted(exported: Exported, change: Callable[[Golden], dict[str, Any]]) -> None:
    golden = [replace(exported.golden[0], **change(exported.golden[0])), *exported.golden[1:]]
    row = check_text(exported.encoder, golden)
    assert not row.passed and row.max_difference == 1 and row.requests == 4
    assert check_text(exported.encoder, exported.golden).passed


def test_a_bundle_without_golden_requests_is_not_taken_for_verified(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="carries no golden request"):
        verify(bundle_of(exported, tmp_path / "empty.edge", golden=[]))


@pytest.mark.parametrize("exits", [{"full": {1: [0.5]}}, {"prefix": {9: [0.5]}}, {"prefix": {1: [0.5, 0.5, 0.5]}}])
def test_golden_scores_that_the_model_cannot_give_are_an_error(exported: Exported, exits: dict[str, Any]) -> None:
    record = json.loads(to_line(exported.golden[0])) | {"scores": exits}
    golden = list(read_golden([json.dumps(record)]))
    with pytest.raises(EdgeError, match="that the model cannot give"):
        check_scores(TorchEngine(exported.reference["int8"]), golden, "torch", 0.05)
