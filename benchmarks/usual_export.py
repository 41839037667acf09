"""What a team gets from exporting the student the usual way: one ONNX graph of the full depth, quantised dynamically.

    python benchmarks/usual_export.py --layers 4
    python benchmarks/usual_export.py --tokens 320 16 --batches 1 5 10 50

torch.onnx.export, onnxruntime.quantization.quantize_dynamic, ONNX Runtime on one thread; each candidate is a sequence
of its own behind the user's tokens, several sequences a call. Shown for each way of doing it: the products that became
integers and those that silently did not, the file, and milliseconds a candidate by the sequences in one call. Beside
it the shape of MiniLM-L6 as a cross-encoder. Random weights: speed does not depend on them. Ways take turns in one
run, so that ratios hold on a busy machine. Needs the extras export and benchmarks.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # read when numpy and torch are imported

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.attention import FULL
from cloud.model import Encoder
from cloud.packing import Packed
from compress.integers import dequantise
from edge.errors import EdgeError
from edge.table import Cell, render
from edge.text.sequence import CANDIDATE_SLOT, CLOSING_SLOT, PROFILE_SLOT, Segment
from export.one_call import one_call_inputs

OPSET = 17
LARGE = 1024  # bytes of a float constant that ought to have become integers
SIGNED, UNSIGNED = QuantType.QInt8, QuantType.QUInt8  # the first is quantize_dynamic's default


@dataclass(frozen=True)
class GraphFacts:
    """What quantising left of a file."""

    bytes: int
    integer_products: int
    float_products: int  # attention's own two a layer are always float
    float_weights: tuple[str, ...]  # constants that stayed float


class OneGraph(nn.Module):
    """A student at full depth: ids and segment numbers, (n, t), 0 on padding, the candidate last -> logits (n,)."""

    def __init__(self, model: Encoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        real, last = mask > 0, mask.amax(1, keepdim=True)
        same = mask[:, :, None] == mask[:, None, :]
        positions = torch.where(real, same.long().tril(-1).sum(-1), 0)  # earlier tokens of the same segment
        slots = torch.where(mask == 1, PROFILE_SLOT, last - mask + 1)  # events, the newest 3
        slots = torch.where(mask == last - 1, CLOSING_SLOT, slots)
        slots = torch.where(mask == last, CANDIDATE_SLOT, slots)
        slots = torch.where(real, slots, 0)
        ends = real.sum(1) - 1 + torch.arange(ids.shape[0]) * ids.shape[1]
        packed = Packed(ids, positions, slots, mask - 1, mask == last, ends)
        scores: Tensor = self.model(packed, FULL, (self.model.config.layers,))[0]
        return scores


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
    """all-MiniLM-L6, by its published configuration."""

    vocabulary: int = 30_522
    positions: int = 512
    layers: int = 6
    hidden: int = 384
    heads: int = 12
    inner: int = 1536


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
    """MiniLM-L6's shape with random weights; ids and a mask as in `OneGraph` -> scores (n,)."""

    def __init__(self, shape: CrossEncoderShape = CrossEncoderShape()) -> None:
        super().__init__()
        self.shape = shape
        self.token = nn.Embedding(shape.vocabulary, shape.hidden)
        self.position = nn.Embedding(shape.positions, shape.hidden)
        self.kind = nn.Embedding(2, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden)
        self.layers = nn.ModuleList(CrossEncoderLayer(shape) for _ in range(shape.layers))
        self.pooler, self.head = nn.Linear(shape.hidden, shape.hidden), nn.Linear(shape.hidden, 1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        real, last = mask > 0, mask.amax(1, keepdim=True)
        places = self.position(torch.arange(ids.shape[1])) + self.kind((mask == last).long())
        hidden = self.norm(self.token(ids) + places)
        additive = torch.where(real, 0.0, -1e9)[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, additive)
        scores: Tensor = self.head(self.pooler(hidden[:, 0]).tanh())[:, 0]
        return scores


def turned(model: Encoder) -> Encoder:
    """The float encoder with every linear layer's weight stored (inputs, outputs)."""
    copy = Encoder(model.config)
    copy.load_state_dict(model.state_dict())
    for name, module in list(copy.named_modules()):
        if isinstance(module, nn.Linear):
            copy.set_submodule(name, TurnedLinear(module))
    return copy.eval()


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
    if facts.integer_products != products or facts.float_weights or facts.bytes > 1.2 * weights:
        floats = ", ".join(facts.float_weights) or "none"
        raise EdgeError(
            f"{facts.integer_products} of {products} products became integers",
            evidence=f"{facts.bytes:,} bytes for {weights:,} weights; float: {floats}",
        )


def usual_export(model: Encoder, path: Path, weights: QuantType = SIGNED) -> GraphFacts:
    """A quantised student, as one graph of integers: its weights as floats, exported and quantised anew."""
    float_path = path.with_suffix(".float.onnx")
    export_graph(OneGraph(turned(dequantise(model))), float_path)
    facts = quantise_graph(float_path, path, weights)
    float_path.unlink()
    factorised = model.config.embedding_size != model.config.hidden_size
    parameters = sum(parameter.numel() for parameter in Encoder(model.config).parameters())
    require_integers(facts, 4 * model.config.layers + 1 + factorised, parameters)
    return facts


def export_cross_encoder(path: Path) -> GraphFacts:
    """MiniLM-L6's shape in the same way."""
    torch.manual_seed(0)
    model, float_path = CrossEncoder(), path.with_suffix(".float.onnx")
    export_graph(model, float_path)
    facts = quantise_graph(float_path, path)
    float_path.unlink()
    require_integers(facts, 6 * model.shape.layers + 2, sum(parameter.numel() for parameter in model.parameters()))
    return facts


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """On one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])


def sequences(user: Sequence[Segment], candidates: Sequence[Segment]) -> tuple[np.ndarray, np.ndarray]:
    """Ids and segment numbers, (candidates, tokens): the user once more in every row."""
    tokens = sum(map(len, user)) + max(map(len, candidates))
    rows = [one_call_inputs([*user, candidate], tokens) for candidate in candidates]
    ids, mask = (np.concatenate(each) for each in zip(*rows, strict=True))
    return ids, mask


def score_rows(session: Any, ids: np.ndarray, mask: np.ndarray, batch: int) -> np.ndarray:
    """(n, t), (n, t) -> (n,), `batch` rows a call."""
    starts = range(0, len(ids), batch)
    parts = [session.run(None, {"ids": ids[at : at + batch], "mask": mask[at : at + batch]})[0] for at in starts]
    return np.concatenate(parts)


def main() -> int:
    from full_shape import full_student  # here: with it come the compressors that only scripts need

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=24, help="of the student; its cost is linear in them")
    parser.add_argument("--tokens", type=int, nargs=2, default=(320, 16), help="of the user and of a candidate")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 5, 10])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    model = dequantise(full_student(8))
    model.config = replace(model.config, layers=arguments.layers, handover=0)
    with tempfile.TemporaryDirectory() as scratch:
        ways = _ways(model, Path(scratch))
        sessions = {name: open_session(path) for name, (path, _) in ways.items()}
        times = _times(sessions, arguments.tokens, arguments.batches, arguments.rounds)
    rows: list[Sequence[Cell]] = []
    for name, (_, facts) in ways.items():
        costs = [f"{np.median(times[name, batch]):.0f}" for batch in arguments.batches]
        rows.append((name, facts.integer_products, facts.float_products, facts.bytes, *costs))
    headings = ("way", "integer products", "float products", "bytes", *(f"ms, {n} a call" for n in arguments.batches))
    print(render(headings, rows))
    return 0


def _ways(model: Encoder, scratch: Path) -> dict[str, tuple[Path, GraphFacts]]:
    """Name -> file and facts."""
    graphs = {"as exported": OneGraph(model), "turned": OneGraph(turned(model)), "MiniLM-L6": CrossEncoder()}
    for name, module in graphs.items():
        export_graph(module, scratch / f"{name}.onnx")
    kinds: list[tuple[str, QuantType, bool]] = [("as exported", SIGNED, False), ("turned", SIGNED, False)]
    kinds += [("turned", UNSIGNED, False), ("turned", SIGNED, True), ("MiniLM-L6", SIGNED, False)]
    ways = {}
    for name, weights, per_channel in kinds:
        label = f"{name}, {weights}{', per channel' * per_channel}"
        path = scratch / f"{label}.onnx"
        ways[label] = (path, quantise_graph(scratch / f"{name}.onnx", path, weights, per_channel))
    return ways


def _times(
    sessions: dict[str, Any], tokens: tuple[int, int], batches: Sequence[int], rounds: int
) -> dict[tuple[str, int], list[float]]:
    """Milliseconds a candidate of each round, by way and batch."""
    user, own = tokens
    numbers = np.repeat(np.arange(1, 24), [-(-user // 22)] * 22 + [own])[-(user + own) :].astype(np.int32)
    times: dict[tuple[str, int], list[float]] = {}
    for _ in range(rounds):
        for batch in batches:
            mask = np.tile(numbers, (batch, 1))
            for name, session in sessions.items():
                started = time.perf_counter()
                score_rows(session, mask, mask, batch)
                times.setdefault((name, batch), []).append((time.perf_counter() - started) * 1e3 / batch)
    return times


if __name__ == "__main__":
    sys.exit(main())
