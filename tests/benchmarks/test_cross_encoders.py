"""The baselines of requests: padding changes no score, and a file is integers where it claims to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cross_encoders import (
    CrossEncoder,
    CrossEncoderShape,
    export_cross_encoder,
    export_graph,
    open_session,
    quantise_graph,
    require_integers,
    score_rows,
)

from edge.errors import EdgeError

SHAPE = CrossEncoderShape(
    vocabulary=120, positions=64, layers=3, hidden=32, heads=2, inner=64, embedding=16, shared=True
)
IDS = np.array([[5, 9, 11, 4, 7, 8, 0], [5, 9, 11, 4, 7, 8, 33]], dtype=np.int32)
MASK = np.array([[1, 1, 1, 1, 2, 2, 0], [1, 1, 1, 1, 2, 2, 2]], dtype=np.int32)


def test_padding_changes_no_score(tmp_path: Path) -> None:
    export_graph(CrossEncoder(SHAPE), tmp_path / "cross.onnx")
    session = open_session(tmp_path / "cross.onnx")
    padded = score_rows(session, *(np.pad(each, ((0, 0), (0, 5))) for each in (IDS, MASK)), 2)
    alone = [score_rows(session, IDS[:1, :6], MASK[:1, :6], 1)[0], score_rows(session, IDS[1:], MASK[1:], 1)[0]]
    np.testing.assert_allclose(padded, alone, atol=1e-5)
    assert abs(alone[0] - alone[1]) > 1e-3


def test_a_shared_layer_is_integers_at_every_application(tmp_path: Path) -> None:
    facts = export_cross_encoder(tmp_path / "cross.onnx", SHAPE)
    assert facts.integer_products == 6 * SHAPE.layers + 3 and facts.float_products == 2 * SHAPE.layers
    assert facts.float_weights == ()


def test_a_file_that_stayed_float_is_refused(tmp_path: Path) -> None:
    export_graph(CrossEncoder(SHAPE), tmp_path / "float.onnx")  # a shared weight stands before a node that turns it
    facts = quantise_graph(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    with pytest.raises(EdgeError, match="products became integers"):
        require_integers(facts, 6 * SHAPE.layers + 3, weights=facts.bytes)
