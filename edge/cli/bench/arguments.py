"""What the commands of `edge-bench` share: which bundle, on which engine, and how results are printed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def bundle_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="an .edge file")
    parser.add_argument("--engine", default="litert", help="the engine: litert, onnx or coreml")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")
    parser.add_argument("--requests", type=Path, help="JSONL to measure with; else the bundle's golden ones")


def print_json(arguments: argparse.Namespace, result: dict[str, Any]) -> None:
    print(json.dumps({"bundle": str(arguments.bundle), "engine": arguments.engine} | result, indent=2))
