"""The baselines: one ONNX graph of the full depth says what the model says, and is integers where it claims to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cloud.torch_engine import TorchEngine
from cross_encoders import (
    CrossEncoder,
    CrossEncoderShape,
    export_graph,
    open_session,
    quantise_graph,
    require_integers,
    score_rows,
)
from edge.runtime.scoring import Stepped, logits_at
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from small_models import make_candidates, make_model, make_user
from usual_export import OneGraph, sequences, turned

from edge.errors import EdgeError

LAYERS = 4


@pytest.mark.parametrize("batch", [1, 3])
def test_the_one_graph_scores_as_the_prefix_plan_does(tmp_path: Path, batch: int) -> None:
    random, model = np.random.default_rng(0), make_model()
    user, candidates = make_user(random), make_candidates(random)
    export_graph(OneGraph(turned(model)), tmp_path / "one.onnx")
    found = score_rows(open_session(tmp_path / "one.onnx"), *sequences(user, candidates), batch)
    engine, cache = TorchEngine(model), SegmentCache()
    stepped = Stepped(engine, UserSide(engine, user, 0, cache), candidates, cache)
    np.testing.assert_allclose(found, logits_at(engine, stepped, [LAYERS])[LAYERS], atol=1e-5)


def test_a_turned_graph_becomes_integers_throughout(tmp_path: Path) -> None:
    export_graph(OneGraph(turned(make_model())), tmp_path / "float.onnx")
    facts = quantise_graph(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    assert facts.integer_products == 4 * LAYERS + 2
    assert facts.float_products == 2 * LAYERS  # attention's own
    assert facts.float_weights == ()


def test_a_shared_layer_as_it_is_exported_stays_float_and_is_refused(tmp_path: Path) -> None:
    export_graph(OneGraph(make_model()), tmp_path / "float.onnx")
    facts = quantise_graph(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    assert facts.integer_products < 4 * LAYERS + 2
    with pytest.raises(EdgeError, match="products became integers"):
        require_integers(facts, 4 * LAYERS + 2, weights=facts.bytes)


def test_padding_changes_no_score_of_the_cross_encoder(tmp_path: Path) -> None:
    shape = CrossEncoderShape(vocabulary=120, positions=64, layers=2, hidden=16, heads=2, inner=32)
    export_graph(CrossEncoder(shape), tmp_path / "cross.onnx")
    random, session = np.random.default_rng(0), open_session(tmp_path / "cross.onnx")
    ids, mask = sequences(make_user(random), make_candidates(random, count=1))
    alone = score_rows(session, ids, mask, 1)
    padded = score_rows(session, *(np.pad(each, ((0, 0), (0, 5))) for each in (ids, mask)), 1)
    np.testing.assert_allclose(padded, alone, atol=1e-5)
