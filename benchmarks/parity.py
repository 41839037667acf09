"""How far each engine is from torch, by plan and exit, over many real requests.

    python benchmarks/parity.py --data runs/quickstart/data --int8 runs/quickstart/int8 --requests 1000
    python benchmarks/parity.py --data runs/quickstart/data --requests 10        # the full shape, random weights

LiteRT, ONNX Runtime and the numpy reference with integer weights, held to torch with the same integers; LiteRT and ONNX
Runtime with float weights, held to float torch. Core ML's interpreter is slow: it answers every 20th request.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from full_shape import full_encoder, full_student

from cloud.data.requests import EncodedRequest, load_requests
from cloud.data.samples import load_samples
from cloud.model import Encoder
from cloud.stage import text_spec
from cloud.torch_engine import TorchEngine
from compress.integers import dequantise, load_quantised
from edge.backends.litert import LiteRtEngine
from edge.backends.onnx import OnnxEngine
from edge.backends.reference import ReferenceEngine
from edge.engine import Engine
from edge.runs import Run
from edge.table import render
from export.buckets import Buckets
from export.coreml.engine import CoreMlEngine
from export.models import write_coreml, write_models
from export.parity import parity_table
from export.weights import parameters_of

SLOW = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a prepared run")
    parser.add_argument("--int8", type=Path, help="an int8 or int4 run; without it the full shape, random weights")
    parser.add_argument("--requests", type=int, default=1000)
    arguments = parser.parse_args()
    prepared = Run.open(arguments.data)
    if arguments.int8:
        model, buckets = load_quantised(Run.open(arguments.int8)), Buckets().holding(text_spec(prepared))
        requests = load_requests(prepared, "test")
    else:
        model, buckets = full_student(8), Buckets((32, 160, 320), 10, 32)
        requests = _encoded(prepared)
    rows = _compare(model, buckets, requests[: arguments.requests])
    print(render(list(rows[0]), [list(row.values()) for row in rows]))
    return 0


def _compare(model: Encoder, buckets: Buckets, requests: list[EncodedRequest]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    shape = TorchEngine(model).shape
    with tempfile.TemporaryDirectory() as scratch:
        for precision, one in (("float", dequantise(model)), ("int8", model)):
            models = Path(scratch) / precision
            write_models(one, buckets, models)
            engines: dict[str, Engine] = {
                "litert": LiteRtEngine(models / "litert", shape),
                "onnx": OnnxEngine(models / "onnx", shape),
            }
            if precision == "int8":
                engines["reference"] = ReferenceEngine(parameters_of(model), shape)
            found = parity_table(engines, TorchEngine(one), requests)
            if precision == "int8":
                write_coreml(one, buckets, models)
                coreml = {"coreml": CoreMlEngine(models / "coreml", shape)}
                found += parity_table(coreml, TorchEngine(one), requests[::SLOW])
            for result in found:
                row = asdict(result)
                rows.append({"weights": precision, **{key: row[key] for key in row if key not in _UNASKED}})
    return [{key: f"{v:.2g}" if "difference" in key else v for key, v in row.items()} for row in rows]


_UNASKED = ("tolerance", "passed")


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
