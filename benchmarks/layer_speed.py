"""How near a layer step and a request come to their bare matrix products, at full shape, on one thread.

    python benchmarks/layer_speed.py --bits 8 4

Random weights. Steps, bare products and numpy take turns in one run, so that ratios hold on a busy machine; each is
shown as a median with its quartiles, in ms, and a ratio is the median of the rounds' ratios. Bare products: the four
products with weights, as FULLY_CONNECTED in LiteRT (it rounds activations inside), as MatMulInteger of ready integers
in ONNX Runtime. numpy: the same four, and attention's own, as float32 without softmax: what this processor can do.
A request is a user and candidates under the prefix plan, with look-ups and one exit, against the products of its layers
without padding.
ONNX Runtime has no product of 4 bits, so that only LiteRT is measured with them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # numpy reads them when it is imported

import numpy as np
import onnxruntime
from cloud.torch_engine import TorchEngine
from edge.bundle.shape import Shape
from edge.engines.litert import LiteRtEngine
from edge.engines.onnx import OnnxEngine
from edge.engines.protocol import Context, Engine
from edge.runtime.scoring import Stepped
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from export.buckets import Buckets
from export.litert.entry_points import export_litert
from export.onnx.entry_points import export_onnx
from full_shape import full_student

from cloud.model import Encoder
from compress.integer_layers import QuantisedLinear
from edge.engines.litert_model import open_model
from edge.table import Cell, render
from export.litert.file import LiteRtFile
from export.litert.modules import linear
from export.onnx.graph import Graph

USERS, CANDIDATES, SEQ = (320, 160), 8, 32
ROWS = CANDIDATES * SEQ  # of one candidate step
REQUEST_CANDIDATES = 50
DEPTHS = (1, 4, 12, 24)
PRODUCTS = ("attention_in", "attention_out", "feed_forward_in", "feed_forward_out")
HEADINGS = ("work", "engine", "ms", "quartiles", "products", "/ products", "numpy", "its attention", "/ both")
RANDOM = np.random.default_rng(0)
Result = TypeVar("Result")
Call = Callable[[], object]
Sample = tuple[float, float, float, float]  # ms: all of it, its bare products, numpy's products, numpy's attention


@dataclass(frozen=True)
class Runtime:
    """An engine, and the four products alone on it, by their number of rows."""

    name: str
    engine: Engine
    products: Mapping[int, Call]


@dataclass(frozen=True)
class Step:
    """One call of a layer: how it is made, the rows of its products, and numpy's version of both kinds of product."""

    name: str
    rows: int
    of: Callable[[Engine], Call]
    products: Call
    attention: Call


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bits", type=int, nargs="+", default=[8], choices=(8, 4), help="of LiteRT's weights")
    parser.add_argument("--rounds", type=int, default=20, help="of each step")
    parser.add_argument("--requests", type=int, default=3, help="of each engine")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        runtimes = [_litert(bits, Path(scratch)) for bits in arguments.bits]
        runtimes.append(_onnx(full_student(8), Path(scratch)))
        shape = runtimes[0].engine.shape
        users = {tokens: _user_step(shape, tokens) for tokens in USERS}
        candidates = {tokens: _candidate_step(shape, tokens) for tokens in USERS}
        rows: list[Sequence[Cell]] = []
        for step in (*users.values(), *candidates.values()):
            rows += _measured_step(step, runtimes, arguments.rounds)
        both = (users[USERS[0]], candidates[USERS[0]])
        rows += _measured_requests(runtimes, *both, arguments.requests)
    print(render(HEADINGS, rows))
    return 0


def _litert(bits: int, scratch: Path) -> Runtime:
    model, directory = full_student(bits), scratch / f"litert{bits}"
    directory.mkdir()
    export_litert(model, Buckets(USERS, CANDIDATES, SEQ), directory / "model.tflite")
    file = LiteRtFile()
    for rows in (*USERS, ROWS):
        for name in PRODUCTS:
            graph = file.graph(f"{name}_{rows}")
            inputs = graph.input("rows", rows, _weight(model, name).shape[1])
            graph.output("product", linear(graph, model.get_submodule(f"layers.0.{name}"), inputs))
    path = directory / "products.tflite"
    path.write_bytes(file.to_bytes())
    products = {rows: _litert_products(path, rows) for rows in (*USERS, ROWS)}
    return Runtime(f"LiteRT int{bits}", LiteRtEngine(directory, TorchEngine(model).shape), products)


def _litert_products(path: Path, rows: int) -> Call:
    """Runs them with buffers that were filled before."""
    model = open_model(path, threads=1)  # as the engine does
    calls = []
    for name in PRODUCTS:
        signature = f"{name}_{rows}"
        width = model.get_input_tensor_details(signature)["rows"]["shape"][1]
        source = model.create_input_buffer_by_name(signature, "rows")
        source.write(_random(rows, int(width)))
        target = model.create_output_buffer_by_name(signature, "product")
        calls.append((model.get_signature_index(signature), [source], [target]))
    return lambda: [model.run_by_index(*call) for call in calls]


def _onnx(model: Encoder, scratch: Path) -> Runtime:
    directory = scratch / "onnx"
    export_onnx(model, directory)
    graph = Graph(model)
    graph.constant("weight_zero", np.array(128, dtype=np.uint8))
    weights = {name: _weight(model, name) for name in PRODUCTS}
    for name, weight in weights.items():
        graph.constant(name, (weight.T.astype(np.int32) + 128).astype(np.uint8))
        graph.add(f"{name}_product = MatMulInteger(rows_{weight.shape[1]}, {name}, , weight_zero)")
    widths = sorted({weight.shape[1] for weight in weights.values()})
    inputs = ", ".join(f"uint8[t, {width}] rows_{width}" for width in widths)
    outputs = ", ".join(f"int32[t, {weight.shape[0]}] {name}_product" for name, weight in weights.items())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    content = graph.build("products", f"({inputs}) => ({outputs})").SerializeToString()
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    products = {rows: _onnx_products(session, widths, rows) for rows in (*USERS, ROWS)}
    return Runtime("ONNX int8", OnnxEngine(directory, TorchEngine(model).shape), products)


def _onnx_products(session: onnxruntime.InferenceSession, widths: Sequence[int], rows: int) -> Call:
    inputs = {f"rows_{width}": RANDOM.integers(0, 256, (rows, width), dtype=np.uint8) for width in widths}
    return lambda: session.run(None, inputs)


def _weight(model: Encoder, name: str) -> np.ndarray:
    """(outputs, inputs) int8"""
    module = model.get_submodule(f"layers.0.{name}")
    assert isinstance(module, QuantisedLinear)
    return np.asarray(module.get_buffer("weight").numpy())


def _user_step(shape: Shape, tokens: int) -> Step:
    hidden, mask = _random(tokens, shape.hidden), np.zeros((tokens, tokens), dtype=np.float32)
    looks = [(shape.heads, tokens, tokens)]
    return Step(
        f"user, {tokens} tokens",
        tokens,
        lambda engine: lambda: engine.layer(hidden, mask, 1),
        _numpy_products(tokens, shape.hidden),
        _numpy_attention(looks, shape.hidden // shape.heads),
    )


def _candidate_step(shape: Shape, user_tokens: int) -> Step:
    hidden = _random(CANDIDATES, SEQ, shape.hidden)
    keys, values = (_random(shape.heads, user_tokens, shape.hidden // shape.heads) for _ in range(2))
    context = Context(keys, values, np.zeros(user_tokens, dtype=np.float32))
    looks = [(shape.heads, ROWS, user_tokens), (shape.heads * CANDIDATES, SEQ, SEQ)]
    return Step(
        f"{CANDIDATES} x {SEQ} on {user_tokens}",
        ROWS,
        lambda engine: lambda: engine.layer_candidate(hidden, context, 1),
        _numpy_products(ROWS, shape.hidden),
        _numpy_attention(looks, shape.hidden // shape.heads),
    )


def _numpy_products(rows: int, width: int) -> Call:
    sizes = ((width, 3 * width), (width, width), (width, 4 * width), (4 * width, width))
    return _products([(_random(rows, inputs), _random(inputs, outputs)) for inputs, outputs in sizes])


def _numpy_attention(looks: Sequence[tuple[int, int, int]], width: int) -> Call:
    """Queries times keys, weights times values, for each (heads, queries, keys) of `looks`."""
    pairs = []
    for heads, queries, keys in looks:
        pairs.append((_random(heads, queries, width), _random(heads, keys, width).transpose(0, 2, 1)))
        pairs.append((_random(heads, queries, keys), _random(heads, keys, width)))
    return _products(pairs)


def _products(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Call:
    results = [np.matmul(left, right) for left, right in pairs]
    return lambda: [np.matmul(*pair, out=result) for pair, result in zip(pairs, results, strict=True)]


def _random(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape, dtype=np.float32)


def _measured_step(step: Step, runtimes: Sequence[Runtime], rounds: int) -> Iterator[Sequence[Cell]]:
    """One row per runtime."""
    calls = {runtime.name: step.of(runtime.engine) for runtime in runtimes}
    samples: dict[str, list[Sample]] = {runtime.name: [] for runtime in runtimes}
    for round in range(-1, rounds):
        limits = _milliseconds(step.products), _milliseconds(step.attention)
        for runtime in runtimes:
            one = _milliseconds(calls[runtime.name]), _milliseconds(runtime.products[step.rows]), *limits
            if round >= 0:  # the first one warms up
                samples[runtime.name].append(one)
    for runtime in runtimes:
        yield _row(step.name, runtime.name, samples[runtime.name])


def _measured_requests(
    runtimes: Sequence[Runtime], user: Step, candidates: Step, rounds: int
) -> Iterator[Sequence[Cell]]:
    """One row per depth and runtime."""
    _walk(runtimes, user, candidates, 1)  # warms up
    walks = [_walk(runtimes, user, candidates, max(DEPTHS)) for _ in range(rounds)]
    for depth in DEPTHS:
        for runtime in runtimes:
            samples = [walk[runtime.name, depth] for walk in walks]
            yield _row(f"request, depth {depth}", runtime.name, samples)


def _walk(runtimes: Sequence[Runtime], user: Step, candidates: Step, deepest: int) -> dict[tuple[str, int], Sample]:
    """A request on each runtime, a layer in turn; what it had cost by each exit, which it takes at that depth alone."""
    steps = REQUEST_CANDIDATES / CANDIDATES
    runs = {runtime.name: _request(runtime.engine, user.rows) for runtime in runtimes}
    spent = {runtime.name: np.zeros(4) for runtime in runtimes}
    costs = {}
    for depth in range(1, deepest + 1):
        products = _milliseconds(user.products) + steps * _milliseconds(candidates.products)
        attention = _milliseconds(user.attention) + steps * _milliseconds(candidates.attention)
        for runtime in runtimes:
            layer, states = _timed(next, runs[runtime.name])
            bare = _milliseconds(runtime.products[user.rows])
            bare += steps * _milliseconds(runtime.products[candidates.rows])
            spent[runtime.name] += (layer, bare, products, attention)
            exit, _ = _timed(runtime.engine.head, states)
            whole, product, numpy_product, numpy_attention = map(float, spent[runtime.name])
            costs[runtime.name, depth] = (whole + exit, product, numpy_product, numpy_attention)
    return costs


def _request(engine: Engine, tokens: int) -> Iterator[np.ndarray]:
    cache = SegmentCache()
    segments = [(7,) * SEQ] * (tokens // SEQ)
    stepped = Stepped(engine, UserSide(engine, segments, 0, cache), [(7,) * SEQ] * REQUEST_CANDIDATES, cache)
    while True:
        stepped.advance()
        yield stepped.at_end()


def _milliseconds(call: Call) -> float:
    return _timed(call)[0]


def _timed(call: Callable[..., Result], *arguments: object) -> tuple[float, Result]:
    """Milliseconds, and what the call returned."""
    started = time.perf_counter()
    result = call(*arguments)
    return (time.perf_counter() - started) * 1e3, result


def _row(work: str, engine: str, samples: Sequence[Sample]) -> Sequence[Cell]:
    whole, bare, products, attention = np.array(samples).T
    low, middle, high = (f"{value:.1f}" for value in np.percentile(whole, (25, 50, 75)))
    others = [f"{np.median(column):.1f}" for column in (bare, products, attention)]
    ratios = [f"{np.median(whole / part):.2f}" for part in (bare, bare + attention)]
    return work, engine, middle, f"{low}-{high}", others[0], ratios[0], others[1], others[2], ratios[1]


if __name__ == "__main__":
    sys.exit(main())
