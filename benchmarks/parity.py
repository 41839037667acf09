"""How far each engine is from torch, by plan and exit, over many real requests.

    python benchmarks/parity.py --data runs/tokens/data --student runs/tokens/int8 --requests 1000
    python benchmarks/parity.py --data runs/tokens/data --requests 10        # the full shape, random weights

LiteRT, ONNX Runtime and the numpy reference with integer weights, held to torch with the same integers; LiteRT and ONNX
Runtime with float weights, held to float torch. Core ML's interpreter is slow: it answers every 20th request. Processes
take turns in the requests; each computes on one thread, torch on a GPU if there is one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import inf
from multiprocessing import get_context
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # read when numpy and torch are imported

import numpy as np
from cloud.torch_engine import TorchEngine
from compress.integers import dequantise, load_quantised
from edge.conformance.verify import Result
from edge.engines.protocol import Engine
from edge.engines.reference import ReferenceEngine
from export.buckets import Buckets
from export.models import write_coreml, write_models
from export.parity import parity_table
from full_shape import full_encoder, full_student
from tqdm import tqdm

from cloud.data.requests import EncodedRequest, load_requests
from cloud.data.samples import load_samples
from cloud.device import best_device
from cloud.model import Encoder
from cloud.runs.directory import Run
from cloud.stage import text_spec
from edge.engines.opening import RUNNABLE, open_engine
from edge.table import render
from export.weights import parameters_of

ENGINES = (*RUNNABLE, "reference", "coreml")
SLOW = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a prepared run")
    parser.add_argument("--student", type=Path, help="a pruned, int8 or int4 run; without it the full shape, random")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=inf, help="after these no further request is begun")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        models, buckets = _models(arguments), _buckets(arguments)
        for precision, model in models.items():
            write_models(model, buckets, Path(scratch) / precision)
        if "coreml" in arguments.engines:
            write_coreml(models["int8"], buckets, Path(scratch) / "int8")
        share = partial(_share, arguments, Path(scratch), time.time() + 60 * arguments.minutes)
        with ProcessPoolExecutor(arguments.processes, get_context("spawn")) as pool:
            found = [row for rows in pool.map(share, range(arguments.processes)) for row in rows]
    rows = _together(found)
    print(render(list(rows[0]), [list(row.values()) for row in rows]))
    return 0


def _models(arguments: argparse.Namespace) -> dict[str, Encoder]:
    run = arguments.student and Run.open(arguments.student)
    model = load_quantised(run) if run and "bits" in run.config else full_student(8, run)
    return {"float": dequantise(model), "int8": model}


def _buckets(arguments: argparse.Namespace) -> Buckets:
    if not arguments.student:
        return Buckets((32, 160, 320), 10, 32)
    return Buckets().holding(text_spec(Run.open(arguments.data)))


def _share(arguments: argparse.Namespace, scratch: Path, deadline: float, number: int) -> list[tuple[str, Result]]:
    """What one process finds in every n-th request: (precision, row)."""
    prepared = Run.open(arguments.data)
    requests = load_requests(prepared, "test") if arguments.student else _encoded(prepared)
    own = requests[: arguments.requests][number :: arguments.processes]
    models = _models(arguments)
    engines = {
        precision: _engines(arguments.engines, scratch / precision, precision, model)
        for precision, model in models.items()
    }
    references = {precision: TorchEngine(model.to(best_device())) for precision, model in models.items()}
    found: list[tuple[str, Result]] = []
    shown = tqdm(own, desc="parity, the first process", unit=" requests", disable=number > 0 or None)
    for place, request in zip(range(number, len(requests), arguments.processes), shown, strict=False):
        for precision, these in engines.items():
            asked = {name: engine for name, engine in these.items() if name != "coreml" or place % SLOW == 0}
            found += [(precision, row) for row in parity_table(asked, references[precision], [request])]
        if time.time() > deadline:
            break
    return found


def _engines(names: Sequence[str], models: Path, precision: str, model: Encoder) -> dict[str, Engine]:
    """Those asked for that have a form in this precision."""
    shape = TorchEngine(model).shape
    return {
        name: ReferenceEngine(parameters_of(model), shape) if name == "reference" else open_engine(name, models, shape)
        for name in names
        if precision == "int8" or name in RUNNABLE
    }


def _together(found: Sequence[tuple[str, Result]]) -> list[dict[str, object]]:
    """A row per precision, engine, plan and exit, of what was found request by request."""
    groups = defaultdict[tuple[str, str, str, int], list[Result]](list)
    for precision, row in found:
        groups[precision, row.engine, row.plan, row.exit].append(row)
    return [
        dict(zip(("weights", "engine", "plan", "exit"), key, strict=True))
        | {
            "requests": len(rows),
            "max difference": f"{max(row.max_difference for row in rows):.2g}",
            "mean difference": f"{np.mean([row.mean_difference for row in rows]):.2g}",
            "top 10": f"{np.mean([row.top10 for row in rows]):.4f}",
        }
        for key, rows in sorted(groups.items())
    ]


def _encoded(prepared: Run) -> list[EncodedRequest]:
    """Real requests in the words of the full shape."""
    encoder = full_encoder(prepared)
    return [
        EncodedRequest(
            user=name,
            time=0,
            segments=tuple(encoder.user(request.user, request.events)),
            candidates=tuple(encoder.candidate(item) for item in request.candidates),
            items=tuple(item.id for item in request.candidates),
            labels=None,  # type: ignore[arg-type]  # nobody asks for them
        )
        for name, request in load_samples(prepared)
    ]


if __name__ == "__main__":
    sys.exit(main())
