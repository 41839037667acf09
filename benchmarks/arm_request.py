"""ARM64 instructions of a request of the ranking model, and of the same request by cross-encoders.

    python benchmarks/arm_request.py --tools ~/arm-tools --out benchmarks/results/arm-request.json

20 past events and 50 candidates of 11 tokens, shape m6-edge, int8, random weights, LiteRT on an emulated Cortex-A76
(docs/instructions.md). N: the same student as a cross-encoder, its layer applied 24 times over the 336 tokens of user
and candidate, for every candidate; M: MiniLM-L6's shape likewise. Their layers are written and run by the same code as
the ranking model's, as one segment of 336 tokens, so all kernels are the same. Needs the extra export. It takes
several minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from cloud.ranking.model import RankingModel
from cloud.ranking.presets import STUDENT_SHAPES
from cloud.ranking.shape import RankingShape
from compress.graph import model_shape
from compress.integers import quantise_ranker
from edge.bench.arm.tools import Tools, find_tools
from edge.bench.instructions import Instructions, count_model
from edge.bench.scenarios import SCENARIOS
from edge.bench.sized_request import SizedRequest
from edge.bundle.exits import Exit
from edge.files import write_json
from edge.table import render
from export.buckets import Buckets
from export.litert.entry_points import export_litert

PLACES, NUMBERS, EVENTS, CANDIDATES, TOKENS = 101, 22, 20, 50, 11
TOGETHER = 16 * EVENTS + 16  # tokens of a cross-encoder: an event's phrase and item; a candidate and its context
STUDENT = replace(STUDENT_SHAPES["m6-edge"], vocabulary_size=24_000, numbers=NUMBERS)
CROSS_ENCODERS = {  # shape of a layer, and how often it is applied
    "N, the student as a cross-encoder": (STUDENT, STUDENT.encode_layers + STUDENT.interact_layers),
    "M, MiniLM-L6's shape": (replace(STUDENT, hidden_size=384, heads=12, embedding_size=384), 6),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=Path, help="the folder that arm_tools.sh filled; else EDGE_ARM_TOOLS")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    tools, deepest = find_tools(arguments.tools), Exit(STUDENT.encode_layers, STUDENT.interact_layers)
    crossed = {name: cross_encoded(*cross, tools) for name, cross in CROSS_ENCODERS.items()}
    counted = Instructions(counted_graphs(STUDENT, Buckets(), tools), model_shape(STUDENT, PLACES), (deepest,))
    asked = SizedRequest(CANDIDATES, EVENTS, TOKENS)
    spent = {name: counted.request(replace(asked, scenario=name), deepest).total for name in SCENARIOS}
    print(table(spent, crossed))
    if arguments.out:
        request = {"candidates": CANDIDATES, "events": EVENTS, "tokens": TOKENS, "together": TOGETHER}
        found = {"runtime": tools.runtime, "request": request, "ranking model": spent, "cross-encoders": crossed}
        write_json(arguments.out, found | {"graphs": dict(counted.signatures)})
    return 0


def cross_encoded(shape: RankingShape, applications: int, tools: Tools) -> int:
    """Instructions of all candidates, each with the whole user in one sequence; its head is left out."""
    alone = Buckets(tokens=(TOGETHER,), segments=1, append=(1,), candidates=(1,))
    graphs = counted_graphs(replace(shape, positions=TOGETHER), alone, tools)
    return CANDIDATES * (graphs[f"embed_{TOGETHER}"] + applications * graphs[f"encode_{TOGETHER}"])


def counted_graphs(shape: RankingShape, buckets: Buckets, tools: Tools) -> Mapping[str, int]:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        export_litert(quantise_ranker(RankingModel(shape)), PLACES, buckets, path)
        return count_model(path, tools)


def table(spent: Mapping[str, int], crossed: Mapping[str, int]) -> str:
    rows = [
        (name, f"{count:,}", *(f"{other / count:,.1f}" for other in crossed.values())) for name, count in spent.items()
    ]
    rows += [(name, f"{count:,}", *("" for _ in crossed)) for name, count in crossed.items()]
    return render(("request", "instructions", *(f"times fewer than {name[0]}" for name in crossed)), rows)


if __name__ == "__main__":
    sys.exit(main())
