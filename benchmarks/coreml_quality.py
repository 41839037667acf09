"""How good the Core ML package is: AUC by plan and exit over the whole test split, beside torch with the same weights.

    python benchmarks/coreml_quality.py --data runs/tokens/data --int8 runs/tokens/int8

The package is computed by the interpreter of its program, in the program's float16: nothing here runs on Apple's
hardware. Takes about as many minutes as the student has layers. Needs the extra export.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # read when numpy and torch are imported

from cloud.torch_engine import TorchEngine
from compress.integers import load_quantised
from edge.engines.protocol import Engine
from export.buckets import Buckets
from export.coreml.simulator.engine import CoreMlEngine
from export.models import write_coreml

from cloud.data.requests import EncodedRequest, load_requests
from cloud.evaluate import evaluate
from cloud.model import Encoder
from cloud.runs.directory import Run
from cloud.stage import plans_of, text_spec
from edge.table import Cell, render

HEADINGS = ("plan", "exit", "torch", "Core ML", "difference")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a prepared run")
    parser.add_argument("--int8", type=Path, required=True, help="an int8 run")
    parser.add_argument("--requests", type=int, help="the first so many, not all")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    prepared, model = Run.open(arguments.data), load_quantised(Run.open(arguments.int8))
    requests = load_requests(prepared, "test")[: arguments.requests]
    with tempfile.TemporaryDirectory() as scratch:
        write_coreml(model, Buckets().holding(text_spec(prepared)), Path(scratch))
        shape = TorchEngine(model).shape
        coreml = [CoreMlEngine(Path(scratch) / "coreml", shape) for _ in range(arguments.threads)]
        rows = _rows(model, requests, coreml)
    print(f"{len(requests)} requests of the test split, {sum(len(one.labels) for one in requests)} rows")
    print(render(HEADINGS, rows))
    return 0


def _rows(model: Encoder, requests: list[EncodedRequest], coreml: list[CoreMlEngine]) -> list[Sequence[Cell]]:
    rows: list[Sequence[Cell]] = []
    for plan in plans_of(model.config):
        exits = plan.exits(model.config.exit_depths)
        torch_engines: list[Engine] = [TorchEngine(model)] * len(coreml)
        wanted = evaluate(torch_engines, requests, plan, exits, "torch")
        found = evaluate(coreml, requests, plan, exits, "coreml")
        for exit, figures in wanted.items():
            auc, other = figures["auc"], found[exit]["auc"]
            rows.append((plan.name, exit, auc, other, f"{other - auc:+.5f}"))
    return rows


if __name__ == "__main__":
    sys.exit(main())
