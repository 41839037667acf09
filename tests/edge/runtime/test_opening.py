"""A ranking model is opened from its bundle as it was made, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runnable_bundles import EXITS, REQUEST, TOKENS, files, make_manifest, make_runnable, parameters
from runnable_weights import SHAPE, SPEC, reading

from edge.bundle.exits import Exit
from edge.bundle.keys import PrivateKey
from edge.bundle.signing import sign_bundle
from edge.config import to_dict
from edge.conformance.golden import logits_of
from edge.engines.reference import ReferenceEngine
from edge.errors import EdgeError
from edge.runtime.ranker import Ranker
from edge.text.number import Number

OTHER_KEY = PrivateKey(bytes(32)).public


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def refused(path: Path, engine: str = "reference", **arguments: Any) -> str:
    with pytest.raises(EdgeError) as caught:
        Ranker.open(path, engine, **arguments)
    assert "\n" not in caught.value.problem
    return caught.value.problem


def test_a_ranker_from_a_bundle_gives_the_scores_of_its_model(tmp_path: Path) -> None:
    wanted = logits_of(ReferenceEngine(parameters(), SHAPE), reading(), REQUEST, EXITS)
    with Ranker.open(make_runnable(tmp_path / "m.edge"), engine="reference") as ranker:
        assert ranker.exits == tuple(EXITS)
        user = ranker.user(REQUEST.user, REQUEST.events)
        for exit in EXITS:
            asked = (exit.encode, exit.interact)
            ranked = ranker.rank(user, REQUEST.candidates, exit=asked, time_s=REQUEST.time)
            found = dict(zip((item.id for item in ranked.items), ranked.scores, strict=True))
            np.testing.assert_allclose([found[item.id] for item in REQUEST.candidates], wanted[exit], atol=1e-5)
        assert ranked.explanation.auc == pytest.approx(0.82)
    with pytest.raises(EdgeError, match="closed"):
        ranker.user(REQUEST.user)


def test_costs_are_measured_once_and_again_where_what_was_kept_is_damaged(tmp_path: Path, cache: Path) -> None:
    path = make_runnable(tmp_path / "m.edge")
    Ranker.open(path, "reference").close()
    (kept,) = cache.glob("*/calibration-reference-1.json")
    costs = json.loads(kept.read_text())
    costs["append"] = [[1.0, 0.25]]
    kept.write_text(json.dumps(costs))
    Ranker.open(path, "reference").close()
    assert json.loads(kept.read_text()) == costs
    for damaged in ("{", "[]", json.dumps(costs | {"score": costs["score"][:2]}), json.dumps(costs | {"chunk": []})):
        kept.write_text(damaged)
        Ranker.open(path, "reference").close()
        assert len(json.loads(kept.read_text())["score"]) == SHAPE.interact_layers + 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"vocabulary": len(TOKENS) + 1}, "vocab.txt has 17 tokens, the model 18"),
        ({"positions": 4}, "text.json lets a segment have 5 tokens, the model has 4 positions"),
        ({"numbers": 3}, "text.json has 2 numbers, the model 3"),
        ({"hidden": 16}, "weights.bin is not the model that the manifest describes"),
        ({"heads": 4}, "its distance has shape [2, 2, 6], not [2, 4, 6]"),
        ({"distances": 7}, "its distance has shape"),
        ({"match_size": 5}, "its match.of_candidate.weight has shape"),
        ({"match_heads": 3}, "its match.gate.weight has shape"),
        ({"factors": 0}, "its numbers.0.weight has shape"),
        ({"factors": 4}, "its likeness.factors.weight has shape"),
        ({"positions": 6}, "its position.weight has shape"),
    ],
)
def test_a_text_side_or_weights_that_are_not_the_manifest_s_are_refused(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    path = make_runnable(tmp_path / "m.edge", described=make_manifest(**changes))
    said = refused(path)
    assert said.startswith(f"{path} refused: ") and problem in said


def test_weights_without_a_row_for_a_token_are_refused(tmp_path: Path) -> None:
    few = parameters(**{"token.weight": parameters()["token.weight"][:-1]})
    assert "its reference model cannot be run: index 16 is out of bounds" in refused(
        make_runnable(tmp_path / "m.edge", few)
    )


def test_a_norm_that_numpy_would_only_stretch_is_refused(tmp_path: Path) -> None:
    wide = parameters(**{"embedding_norm.weight": parameters()["embedding_norm.weight"][None]})
    assert "its embedding_norm.weight has shape [1, 4], not ['any']" in refused(
        make_runnable(tmp_path / "m.edge", wide)
    )


@pytest.mark.parametrize("missing", ["head.bias", "embedding_norm.weight", "match.sharpness", "widen.bias"])
def test_weights_that_lack_one_are_refused(tmp_path: Path, missing: str) -> None:
    weights = {name: value for name, value in parameters().items() if name != missing}
    assert missing in refused(make_runnable(tmp_path / "m.edge", weights))


def test_text_files_that_are_none_are_refused(tmp_path: Path) -> None:
    assert "text.json" in refused(make_runnable(tmp_path / "a.edge", contents=files() | {"text.json": b"{"}))
    more = replace(SPEC, numbers=(*SPEC.numbers, Number("more", of="item.more")))
    text: dict[str, Path | bytes] = {"text.json": json.dumps(to_dict(more)).encode()}
    assert "has 3 numbers, the model 2" in refused(make_runnable(tmp_path / "b.edge", contents=text))


def test_engines_that_are_not_here_and_arguments_that_cannot_be_meant_are_refused(tmp_path: Path) -> None:
    path = make_runnable(tmp_path / "m.edge")
    assert "carries no litert model, it has: onnx" in refused(path, "litert")
    assert "no engine 'torch'" in refused(path, "torch")
    assert "onnx has no embed.onnx" in refused(path, "onnx")
    assert "threads" in refused(path, threads=0)
    assert "memory_mb" in refused(path, memory_mb=-1)
    assert "not signed" in refused(path, public_key=OTHER_KEY)
    assert "public_key is not a PublicKey" in refused(path, public_key="key")


def test_a_signed_bundle_opens_with_its_key(tmp_path: Path) -> None:
    key = PrivateKey(bytes(range(32)))
    signed = sign_bundle(make_runnable(tmp_path / "m.edge"), key).path
    with Ranker.open(signed, "reference", public_key=key.public) as ranker:
        assert ranker.exits[-1] == Exit(2, 2)
    assert "not signed with this key" in refused(signed, public_key=OTHER_KEY)
