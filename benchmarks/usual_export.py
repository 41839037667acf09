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
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # read when numpy and torch are imported

import numpy as np
import torch
from compress.integers import dequantise
from cross_encoders import (
    SIGNED,
    UNSIGNED,
    CrossEncoder,
    GraphFacts,
    QuantType,
    export_graph,
    open_session,
    quantise_graph,
    require_integers,
    score_rows,
    turn,
)
from export.one_call import one_call_inputs
from torch import Tensor, nn

from cloud.attention import FULL
from cloud.model import Encoder
from cloud.packing import Packed
from edge.table import Cell, render
from edge.text.sequence import CANDIDATE_SLOT, CLOSING_SLOT, PROFILE_SLOT, Segment


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


def turned(model: Encoder) -> Encoder:
    """The float encoder with every linear layer's weight stored (inputs, outputs)."""
    copy = Encoder(model.config)
    copy.load_state_dict(model.state_dict())
    turn(copy)
    return copy


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


def sequences(user: Sequence[Segment], candidates: Sequence[Segment]) -> tuple[np.ndarray, np.ndarray]:
    """Ids and segment numbers, (candidates, tokens): the user once more in every row."""
    tokens = sum(map(len, user)) + max(map(len, candidates))
    rows = [one_call_inputs([*user, candidate], tokens) for candidate in candidates]
    ids, mask = (np.concatenate(each) for each in zip(*rows, strict=True))
    return ids, mask


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
