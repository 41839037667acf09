"""`edge-bench compare`: which of two bundles is faster here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.cli.arguments import PATH, as_json, engine, markdown, requests
from edge.cli.command import command
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.bench.compare import Pairing, Speed


@command(
    examples="""edge-bench compare movies.edge newer.edge
                edge-bench compare movies.edge newer.edge --tolerance 0.05
                edge-bench compare movies.edge newer.edge --exit 1/0 --engine onnx --json"""
)
@click.argument("before", type=PATH)
@click.argument("after", type=PATH)
@engine("litert or onnx")
@click.option(
    "--exit", "exit_text", metavar="E/I", help="encode depth / interact depth [default: each bundle's deepest exit]"
)
@requests("BEFORE's golden requests")
@click.option("--tolerance", metavar="SHARE", help="exit with 1 if AFTER is slower by more, e.g. 5% or 0.05")
@click.option("--processes", type=int, default=8, help="processes to measure in; more make the interval narrower")
@click.option("--confidence", type=float, default=0.99, help="confidence level of the intervals")
@as_json
@markdown
def compare(
    before: Path,
    after: Path,
    requests: Path | None,
    tolerance: str | None,
    as_json: bool,
    markdown: Path | None,
    exit_text: str | None,
    **options: Any,
) -> None:
    """Compare the speed of two bundles on this machine, even if it is noisy.

    The bundles take turns within fresh processes. The result is the ratio of AFTER's CPU time to BEFORE's, with its
    interval.
    """
    from edge.bench.compare import Pairing, check_tolerance, compare_speed, is_slower
    from edge.bench.outputs.markdown import speed_markdown
    from edge.bench.outputs.speed import speed_text
    from edge.bench.run import read_requests
    from edge.bundle.exits import Exit
    from edge.files import write_output

    allowed = None if tolerance is None else _share(tolerance)
    check_tolerance(allowed)
    pairing = Pairing(exit=None if exit_text is None else Exit.parse(exit_text, "--exit"), **options)
    speed = compare_speed(before, after, read_requests(before, requests), pairing, _progress)
    heading = f"{before} and {after} ({pairing.engine})"
    if markdown:
        write_output(markdown, speed_markdown(heading, speed, allowed))
    if as_json:
        click.echo(_json({"before": str(before), "after": str(after)}, pairing, speed, allowed))
    else:
        click.echo(speed_text(heading, speed, allowed))
    click.get_current_context().exit(1 if allowed is not None and is_slower(speed.cpu, allowed) else 0)


def _json(bundles: dict[str, str], pairing: Pairing, speed: Speed, tolerance: float | None) -> str:
    import json
    from dataclasses import asdict

    from edge.bench.compare import verdict

    measured = {"engine": pairing.engine, "tolerance": tolerance}
    return json.dumps(bundles | measured | {"verdict": verdict(speed.cpu, tolerance)} | asdict(speed), indent=2)


def _share(text: str) -> float:
    """0.05 of `5%` or `0.05`."""
    number, percent, rest = text.strip().partition("%")
    try:
        if rest:
            raise ValueError
        return float(number) / (100 if percent else 1)
    except ValueError as error:
        raise EdgeError(f"--tolerance {text!r} is not a share", fix="write e.g. 5% or 0.05") from error


def _progress(text: str) -> None:
    click.echo(f"compare: {text}", err=True)
