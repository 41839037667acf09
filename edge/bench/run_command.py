"""`edge-bench run`: times and memory on this machine."""

from __future__ import annotations

import argparse

from edge.bench.arguments import bundle_arguments, print_json
from edge.command import Command
from edge.errors import EdgeError


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    bundle_arguments(parser)
    parser.add_argument("--repeats", type=int, default=5, help="rounds over all requests and exits")


def _run(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from edge.bench.run import measure_apart, measurement_text, read_requests

    if arguments.repeats < 1:
        raise EdgeError(f"--repeats must be 1 or more, not {arguments.repeats}")
    requests = read_requests(arguments.bundle, arguments.requests)
    measured = measure_apart(arguments.bundle, arguments.backend, requests, arguments.repeats)
    if arguments.json:
        print_json(arguments, asdict(measured))
    else:
        print(f"{arguments.bundle} ({arguments.backend})\n{measurement_text(measured)}")
    return 0


run = Command(
    summary="Measure cold start, time per exit depth and memory, in a fresh process on this machine.",
    examples="""edge-bench run movies.edge
                edge-bench run movies.edge --backend onnx --requests requests.jsonl --json""",
    arguments=_run_arguments,
    run=_run,
)
