"""The ONNX graphs hold the int8 stage's own integers, each weight once; a planted fault is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from cloud.torch_engine import TorchEngine
from compress.integers import quantise
from edge.engines.onnx import ENTRY_POINTS, OnnxEngine
from edge.engines.protocol import Context
from export.onnx.entry_points import check_onnx, export_onnx
from exports import TOLERANCE, Exported, scores
from onnx import numpy_helper
from small_models import make_candidates, make_model, make_user, shape, teacher_shape

from edge.errors import EdgeError
from export.weights import weights_of


@pytest.fixture
def graphs(exported: Exported, tmp_path: Path) -> Path:
    return shutil.copytree(exported.models / "int8" / "onnx", tmp_path / "onnx")


def constants(directory: Path) -> dict[str, np.ndarray]:
    found = {}
    for name in ENTRY_POINTS:
        for tensor in onnx.load(str(directory / f"{name}.onnx")).graph.initializer:
            found[f"{name}.{tensor.name}"] = numpy_helper.to_array(tensor)
    return found


def test_every_weight_is_stored_once_as_the_integers_of_the_int8_stage(exported: Exported, graphs: Path) -> None:
    total = check_onnx(graphs, exported.reference["int8"])
    held = constants(graphs)
    assert total == sum(value.nbytes for value in held.values())
    product = held["layer.attention_in_weight"]
    assert product.dtype == np.uint8
    wanted = exported.reference["int8"].state_dict()["layers.0.attention_in.weight"].numpy()
    np.testing.assert_array_equal(product.astype(int) - 128, wanted.T)
    np.testing.assert_array_equal(held["embed.token_weight"], exported.reference["int8"].token.weight.numpy())
    weights = sum(weight.size for weight in weights_of(exported.reference["int8"]).values())
    files = sum(path.stat().st_size for path in graphs.iterdir())
    assert weights < files < 2 * weights + 12_000  # once, and what describes the graphs


def test_every_product_with_weights_is_an_integer_product(exported: Exported, graphs: Path) -> None:
    products = []
    for name in ENTRY_POINTS:
        graph = onnx.load(str(graphs / f"{name}.onnx")).graph
        held = {tensor.name for tensor in graph.initializer}
        products += [node.op_type for node in graph.node if "MatMul" in node.op_type and node.input[1] in held]
    assert products == ["MatMulInteger"] * 6  # widen, four of the layer, head
    check_onnx(exported.models / "float" / "onnx", exported.reference["float"])


def test_the_equal_gains_of_folded_norms_take_no_room(tmp_path: Path) -> None:
    """From 256 units on, three of them would be more than the bytes that may stand twice."""
    wide = quantise(make_model(shape(hidden_size=256)))
    export_onnx(wide, tmp_path)
    check_onnx(tmp_path, wide)
    assert not [name for name in constants(tmp_path) if name.endswith("_gain") and "embedding" not in name]


def test_four_bits_are_stored_as_levels_of_eight(tmp_path: Path) -> None:
    model = quantise(make_model(), 4)
    export_onnx(model, tmp_path)
    check_onnx(tmp_path, model)
    product = constants(tmp_path)["layer.feed_forward_out_weight"]
    assert product.dtype == np.uint8 and product.min() == 128 - 7 and product.max() <= 128 + 7
    random = np.random.default_rng(0)
    user, candidates = make_user(random), make_candidates(random)
    torch_engine = TorchEngine(model)
    wanted, found = (scores(one, user, candidates) for one in (torch_engine, OnnxEngine(tmp_path, torch_engine.shape)))
    for plan, exits in wanted.items():
        np.testing.assert_allclose(found[plan], exits, rtol=0, atol=TOLERANCE["int8"])


@pytest.mark.parametrize("precision", TOLERANCE)
def test_a_last_layer_steps_the_ends_alone_and_gives_the_same_keys(exported: Exported, precision: str) -> None:
    engine, torch_engine = exported.engine(precision, "onnx"), TorchEngine(exported.reference[precision])
    random = np.random.default_rng(7)
    user, candidates = (random.normal(size=size).astype(np.float32) for size in ((21, 32), (6, 11, 32)))
    ends = np.array([10, 0, 4, 10, 9, 1], dtype=np.int32)
    _, *keys_values = engine.layer(user, np.zeros((21, 21), dtype=np.float32), 1)
    for alone, whole in zip(engine.layer_keys(user, 1), keys_values, strict=True):
        np.testing.assert_array_equal(alone, whole)
    context = Context(*keys_values, np.zeros(21, dtype=np.float32))
    whole = engine.layer_candidate(candidates, context, 1)[np.arange(6), ends]
    candidates[np.arange(11) > ends[:, None]] = -500.0  # what stands after [EOS]
    found = engine.layer_end(candidates, ends, context, 1)
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-4)
    wanted = torch_engine.layer_end(candidates, ends, context, 1)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE[precision])


def test_a_layer_that_steps_every_row_is_no_edge_graph(exported: Exported, graphs: Path) -> None:
    layer = onnx.load(str(graphs / "layer.onnx"))
    for node in layer.graph.node:
        node.input[:] = ["places0" if name == "rows" else name for name in node.input]
    layer.graph.initializer.append(numpy_helper.from_array(np.zeros((1, 1), dtype=np.int64), "places0"))
    del layer.graph.input[[one.name for one in layer.graph.input].index("rows")]
    onnx.save(layer, str(graphs / "layer.onnx"))
    with pytest.raises(EdgeError, match="is no edge graph") as refused:
        OnnxEngine(graphs, TorchEngine(exported.reference["int8"]).shape)
    assert refused.value.evidence == "it has no input 'rows'"


def test_writing_twice_gives_the_same_bytes(exported: Exported, graphs: Path, tmp_path: Path) -> None:
    export_onnx(exported.reference["int8"], tmp_path / "again")
    for name in ENTRY_POINTS:
        assert (tmp_path / "again" / f"{name}.onnx").read_bytes() == (graphs / f"{name}.onnx").read_bytes()


def _duplicate(graphs: Path) -> None:
    layer, head = (onnx.load(str(graphs / f"{name}.onnx")) for name in ("layer", "head"))
    head.graph.initializer.extend(t for t in layer.graph.initializer if t.name == "feed_forward_in_weight")
    onnx.save(head, str(graphs / "head.onnx"))


def _to_float(graphs: Path) -> None:
    layer = onnx.load(str(graphs / "layer.onnx"))
    (weight,) = (t for t in layer.graph.initializer if t.name == "feed_forward_in_weight")
    values = numpy_helper.to_array(weight).astype(np.float32)
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(layer, str(graphs / "layer.onnx"))


def _spoil(graphs: Path) -> None:
    layer = onnx.load(str(graphs / "layer.onnx"))
    (weight,) = (t for t in layer.graph.initializer if t.name == "attention_out_weight")
    values = numpy_helper.to_array(weight).copy()
    values[0, 0] ^= 1
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(layer, str(graphs / "layer.onnx"))


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (_duplicate, "4096 bytes of weights are stored twice"),
        (_to_float, "float weights: layer.feed_forward_in_weight"),
        (_spoil, "the model's layers.0.attention_out are not in it"),
    ],
)
def test_a_planted_fault_is_refused(
    exported: Exported, graphs: Path, fault: Callable[[Path], None], named: str
) -> None:
    fault(graphs)
    with pytest.raises(EdgeError, match="not fit to ship") as refused:
        check_onnx(graphs, exported.reference["int8"])
    assert named in refused.value.evidence


def test_the_graphs_of_another_model_are_refused(graphs: Path) -> None:
    with pytest.raises(EdgeError, match="not fit to ship"):
        check_onnx(graphs, quantise(make_model(seed=4)))


def test_a_model_with_layers_of_their_own_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="3 layers of their own"):
        export_onnx(make_model(teacher_shape()), tmp_path)
