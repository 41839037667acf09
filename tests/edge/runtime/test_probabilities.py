"""Scores are probabilities where the bundle has a calibration, and order the candidates as the logits do."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import edge
from runnable_bundles import REQUEST, make_manifest, make_runnable

from edge.bundle.exits import Calibration
from edge.runtime.ranker import Ranker
from edge.text.request import request_to_json


def bundle(path: Path, calibration: dict[str, float] | None) -> Path:
    described: dict[str, Any] = make_manifest()
    for exit in described["exits"]:
        if (exit["encode"], exit["interact"]) == (2, 2) and calibration:
            exit["calibration"] = calibration
    return make_runnable(path, described=described)


def test_the_calibration_of_the_exit_that_was_taken_is_applied(tmp_path: Path) -> None:
    with (
        Ranker.open(bundle(tmp_path / "p.edge", {"temperature": 0.5, "offset": -0.25}), "reference") as with_chances,
        Ranker.open(bundle(tmp_path / "r.edge", None), "reference") as without,
    ):
        for exit in ((2, 2), (1, 0)):
            one, other = (
                ranker.rank(ranker.user(REQUEST.user, REQUEST.events), REQUEST.candidates, exit=exit)
                for ranker in (with_chances, without)
            )
            assert one.items == other.items and not other.explanation.probabilities
            if exit == (1, 0):  # has none
                assert one.scores == other.scores and not one.explanation.probabilities
                continue
            expected = [1 / (1 + math.exp(-(logit / 0.5 - 0.25))) for logit in other.scores]
            assert one.explanation.probabilities and one.scores == pytest.approx(expected, abs=1e-12)


def test_a_greater_logit_never_has_a_smaller_chance() -> None:
    values = np.random.default_rng(0).normal(0, 30, 20_000).astype(np.float32)
    near = np.nextafter(values, np.float32(np.inf))
    for calibration in (Calibration(0.94, 0.03), Calibration(1000.0, -1000.0), Calibration(1e-3, 7.0)):
        for low, high in zip(values.tolist(), near.tolist(), strict=True):
            assert 0 <= calibration.chance(low) <= calibration.chance(high) <= 1


def test_chances_of_what_no_float_can_hold_are_chances_and_nan_stays_nan() -> None:
    calibration = Calibration(1e-3, 0.0)
    assert [calibration.chance(logit) for logit in (3e38, -3e38, math.inf, -math.inf)] == [1, 0, 1, 0]
    assert math.isnan(calibration.chance(math.nan)) and calibration.chance(0.0) == 0.5


def test_the_command_says_whether_scores_are_probabilities(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    request = tmp_path / "r.json"
    request.write_text(json.dumps(request_to_json(REQUEST)))
    for calibration, column in (({"temperature": 1.0, "offset": 0.0}, "chance"), (None, "score")):
        path = bundle(tmp_path / f"{column}.edge", calibration)
        assert edge("rank", path, "--request", request, "--engine", "reference") == 0
        assert capsys.readouterr().out.split()[:3] == ["rank", column, "id"]
        assert edge("rank", path, "--request", request, "--engine", "reference", "--json") == 0
        assert json.loads(capsys.readouterr().out)["explanation"]["probabilities"] is (calibration is not None)
