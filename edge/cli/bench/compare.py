"""`edge-bench compare`: which of two bundles is faster here."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge.cli.command import Command
from edge.errors import EdgeError


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", type=Path, help="an .edge file")
    parser.add_argument("after", type=Path, help="the one whose time is told in times of the first's")
    parser.add_argument("--engine", default="litert", help="the engine: litert or onnx")
    parser.add_argument("--plan", default="prefix", choices=("prefix", "segments", "full"), help="of attention")
    parser.add_argument("--depth", type=int, help="exit depth; else each bundle's deepest")
    parser.add_argument("--requests", type=Path, help="JSONL to measure with; else the first bundle's golden ones")
    parser.add_argument("--tolerance", metavar="SHARE", help="e.g. 0.05 or 5%%: exit code 1 if slower by more")
    parser.add_argument("--processes", type=int, default=8, help="fresh ones to measure in; more narrow the interval")
    parser.add_argument("--confidence", type=float, default=0.99, help="of the intervals")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the result for a pull request")


def _compare(arguments: argparse.Namespace) -> int:
    import json

    from edge.bench.compare import Pairing, compare_speed
    from edge.bench.outputs.files import write_output
    from edge.bench.outputs.markdown import speed_markdown
    from edge.bench.outputs.speed import speed_text
    from edge.bench.run import read_requests

    tolerance = None if arguments.tolerance is None else _share(arguments.tolerance)
    pairing = Pairing(
        engine=arguments.engine,
        plan=arguments.plan,
        depth=arguments.depth,
        processes=arguments.processes,
        confidence=arguments.confidence,
    )
    requests = read_requests(arguments.before, arguments.requests)
    speed = compare_speed(arguments.before, arguments.after, requests, pairing, _tell)
    heading = f"{arguments.before} and {arguments.after} ({pairing.engine}, {pairing.plan} plan)"
    if arguments.markdown:
        write_output(arguments.markdown, speed_markdown(heading, speed, tolerance))
    if arguments.json:
        print(json.dumps(_json(arguments, pairing.plan, speed, tolerance), indent=2))
    else:
        print(speed_text(heading, speed, tolerance))
    return 1 if tolerance is not None and speed.cpu.low > 1 + tolerance else 0


def _json(arguments: argparse.Namespace, plan: str, speed: object, tolerance: float | None) -> dict[str, object]:
    from dataclasses import asdict

    from edge.bench.compare import Speed, verdict

    assert isinstance(speed, Speed)
    bundles = {"before": str(arguments.before), "after": str(arguments.after)}
    measured = {"engine": arguments.engine, "plan": plan, "tolerance": tolerance}
    return bundles | measured | {"verdict": verdict(speed.cpu, tolerance)} | asdict(speed)


def _share(text: str) -> float:
    """0.05 of `5%` or `0.05`."""
    number, percent, rest = text.strip().partition("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if rest or not 0 <= share < 1:
        raise EdgeError(f"--tolerance {text!r} is not a share", fix="write e.g. 5% or 0.05")
    return share


def _tell(text: str) -> None:
    print(f"compare: {text}", file=sys.stderr, flush=True)


compare = Command(
    summary=(
        "Compare two bundles' speed on this machine, noisy as it may be: in turns within fresh processes, by CPU time; "
        "the ratio with its interval, and what it shows."
    ),
    examples="""edge-bench compare movies.edge newer.edge
                edge-bench compare movies.edge newer.edge --tolerance 0.05
                edge-bench compare movies.edge newer.edge --depth 2 --engine onnx --json""",
    arguments=_compare_arguments,
    run=_compare,
)
