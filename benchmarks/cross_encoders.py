"""Cross-encoders, exported the usual way: one ONNX graph of integers that scores whole sequences.

torch.onnx.export, onnxruntime.quantization.quantize_dynamic, ONNX Runtime on one thread. Random weights: speed does not
depend on them. Needs the extras export and benchmarks.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional as F

from edge.errors import EdgeError

OPSET = 17
LARGE = 1024  # bytes of a float constant that ought to have become integers
GRAPH = 1 << 17  # bytes of a file that are no weights
SIGNED = QuantType.QInt8  # quantize_dynamic's default


@dataclass(frozen=True)
class GraphFacts:
    """What quantising left of a file."""

    bytes: int
    integer_products: int
    float_products: int  # attention's own two a layer are always float
    float_weights: tuple[str, ...]  # constants that stayed float


class TurnedLinear(nn.Module):
    """A linear layer whose weight is stored (inputs, outputs): no node stands before it, so that each use quantises."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().T.contiguous(), requires_grad=False)
        self.bias = nn.Parameter(linear.bias.detach(), requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs @ self.weight + self.bias


@dataclass(frozen=True)
class CrossEncoderShape:
    """all-MiniLM-L6, by its published configuration. `shared`: one layer's weights serve all applications."""

    vocabulary: int = 30_522
    positions: int = 512
    layers: int = 6
    hidden: int = 384
    heads: int = 12
    inner: int = 1536
    embedding: int = 0  # width of the tables, which are widened then, as in ALBERT; 0: hidden
    shared: bool = False


class CrossEncoderLayer(nn.Module):
    """BERT's: norms after the residuals, attention in both directions."""

    def __init__(self, shape: CrossEncoderShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query, self.key, self.value, self.output = (nn.Linear(shape.hidden, shape.hidden) for _ in range(4))
        self.inner, self.outer = nn.Linear(shape.hidden, shape.inner), nn.Linear(shape.inner, shape.hidden)
        self.attention_norm, self.output_norm = nn.LayerNorm(shape.hidden), nn.LayerNorm(shape.hidden)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        batch, seq, width = hidden.shape
        split = (batch, seq, self.heads, width // self.heads)
        queries, keys, values = (
            part(hidden).view(split).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        attended = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        hidden = self.attention_norm(hidden + self.output(attended.transpose(1, 2).reshape(batch, seq, width)))
        normed: Tensor = self.output_norm(hidden + self.outer(F.gelu(self.inner(hidden))))
        return normed


class CrossEncoder(nn.Module):
    """Ids and segment numbers, (n, t), 0 on padding, the candidate last -> scores (n,)."""

    def __init__(self, shape: CrossEncoderShape = CrossEncoderShape()) -> None:
        super().__init__()
        self.shape = shape
        width = shape.embedding or shape.hidden
        self.token, self.position = nn.Embedding(shape.vocabulary, width), nn.Embedding(shape.positions, width)
        self.kind, self.norm = nn.Embedding(2, width), nn.LayerNorm(width)
        self.widen = nn.Linear(width, shape.hidden) if shape.embedding else nn.Identity()
        own = 1 if shape.shared else shape.layers
        self.layers = nn.ModuleList(CrossEncoderLayer(shape) for _ in range(own))
        self.pooler, self.head = nn.Linear(shape.hidden, shape.hidden), nn.Linear(shape.hidden, 1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        real, last = mask > 0, mask.amax(1, keepdim=True)
        places = self.position(torch.arange(ids.shape[1])) + self.kind((mask == last).long())
        hidden = self.widen(self.norm(self.token(ids) + places))
        additive = torch.where(real, 0.0, -1e9)[:, None, None, :]
        for depth in range(self.shape.layers):
            hidden = self.layers[depth % len(self.layers)](hidden, additive)
        scores: Tensor = self.head(self.pooler(hidden[:, 0]).tanh())[:, 0]
        return scores


def export_graph(module: nn.Module, path: Path) -> None:
    """`torch.onnx.export` of a module of (ids, mask), with any number of rows and tokens."""
    mask = torch.tensor([[1] * 4 + [2] * 5 + [3, 4, 4, 4, 4], [1] * 4 + [2] * 5 + [3, 4, 4, 4, 0]], dtype=torch.int32)
    axes = {0: "n", 1: "t"}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # of tracing and of the exporter's age: scores are compared instead
        torch.onnx.export(
            module.eval(),
            (mask.clone(), mask),
            str(path),
            dynamo=False,  # the newer exporter needs onnxscript
            opset_version=OPSET,
            input_names=["ids", "mask"],
            output_names=["score"],
            dynamic_axes={"ids": axes, "mask": axes, "score": {0: "n"}},
        )


def quantise_graph(source: Path, target: Path, weights: QuantType = SIGNED, per_channel: bool = False) -> GraphFacts:
    """`quantize_dynamic`, and what it did."""
    quantize_dynamic(source, target, weight_type=weights, per_channel=per_channel)
    graph = onnx.load(str(target)).graph
    kinds = [node.op_type for node in graph.node]
    floats = [each for each in graph.initializer if each.data_type == onnx.TensorProto.FLOAT and len(each.dims) > 1]
    large = tuple(each.name for each in floats if 4 * int(np.prod(each.dims)) >= LARGE)
    size = target.stat().st_size
    return GraphFacts(size, kinds.count("MatMulInteger"), kinds.count("MatMul") + kinds.count("Gemm"), large)


def require_integers(facts: GraphFacts, products: int, weights: int) -> None:
    """Refuse a file in which quantising left one of `products` products with weights, or a table, float."""
    if facts.integer_products != products or facts.float_weights or facts.bytes > 1.2 * weights + GRAPH:
        floats = ", ".join(facts.float_weights) or "none"
        raise EdgeError(
            f"{facts.integer_products} of {products} products became integers",
            evidence=f"{facts.bytes:,} bytes for {weights:,} weights; float: {floats}",
        )


def turn(module: nn.Module) -> nn.Module:
    """Every linear layer's weight stored (inputs, outputs)."""
    for name, part in list(module.named_modules()):
        if isinstance(part, nn.Linear):
            module.set_submodule(name, TurnedLinear(part))
    return module.eval()


def export_cross_encoder(path: Path, shape: CrossEncoderShape = CrossEncoderShape()) -> GraphFacts:
    """Of random weights, as one graph of integers."""
    torch.manual_seed(0)
    model, float_path = CrossEncoder(shape), path.with_suffix(".float.onnx")
    weights = sum(parameter.numel() for parameter in model.parameters())
    export_graph(turn(model), float_path)
    facts = quantise_graph(float_path, path)
    float_path.unlink()
    require_integers(facts, 6 * shape.layers + 2 + bool(shape.embedding), weights)
    return facts


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """On one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])


def score_rows(session: Any, ids: np.ndarray, mask: np.ndarray, batch: int) -> np.ndarray:
    """(n, t), (n, t) -> (n,), `batch` rows a call."""
    starts = range(0, len(ids), batch)
    parts = [session.run(None, {"ids": ids[at : at + batch], "mask": mask[at : at + batch]})[0] for at in starts]
    return np.concatenate(parts)
