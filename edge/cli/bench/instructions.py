"""`edge-bench instructions`: what a request costs an ARM processor, the same at every count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.cli.arguments import PATH, as_json, bundle
from edge.cli.command import command

if TYPE_CHECKING:
    from edge.bench.instructions import CountedExits, Instructions


@command(
    examples="""edge-bench instructions movies.edge --tools ~/arm-tools
                edge-bench instructions movies.edge --candidates 20 --events 10 --item-tokens 8 --json"""
)
@bundle
@click.option(
    "--tools",
    type=PATH,
    metavar="DIR",
    help="the directory that benchmarks/arm_tools.sh filled [default: $EDGE_ARM_TOOLS]",
)
@click.option("--candidates", type=int, default=50, metavar="N", help="candidates of the request")
@click.option("--events", type=int, metavar="N", help="events of the user [default: as many as a timeline holds]")
@click.option("--item-tokens", type=int, metavar="N", help="tokens of each item [default: as many as a text may have]")
@as_json
def instructions(bundle: Path, tools: Path | None, as_json: bool, **size: Any) -> None:
    """Count the ARM64 instructions of a request at every exit, in an emulator.

    The count is the same on every run and on every machine.
    """
    import json

    from edge.bench.arm.tools import find_tools
    from edge.bench.instructions import count_instructions
    from edge.bench.sized_request import SizedRequest

    asked = SizedRequest(**size)
    found = find_tools(tools)
    click.echo(f"counting under {found.qemu.name}, some minutes for a large model ...", err=True)
    counted = count_instructions(bundle, found)
    result = _result(bundle, counted, counted.table(asked, found.runtime))
    click.echo(json.dumps(result, indent=2) if as_json else _text(result))


def _result(bundle: Path, counted: Instructions, table: CountedExits) -> dict[str, Any]:
    from dataclasses import asdict

    asked = {name: value for name, value in asdict(table.asked).items() if name != "scenario"}
    exits = [asdict(row) | {"total": row.total} for row in table.exits]
    found = {"bundle": str(bundle), "cpu": table.cpu, "runtime": table.runtime}
    return found | asked | {"exits": exits, "signatures": dict(counted.signatures)}


def _text(result: dict[str, Any]) -> str:
    from edge.bench.scenarios import SCENARIOS
    from edge.table import render

    size = f"{result['candidates']} candidates and {result['events']} events, items of {result['item_tokens']} tokens"
    rows = [
        (
            f"{row['exit']['encode']}/{row['exit']['interact']}",
            row["scenario"],
            *(row[part] for part in ("encode", "append", "score", "total")),
        )
        for row in result["exits"]
    ]
    lines = [f"{result['bundle']} ({result['runtime']}, one thread of {result['cpu']})"]
    lines += [f"\nARM64 instructions of a request with {size}:"]
    lines += [render(("exit", "", "encode", "append", "score", "in all"), rows)]
    lines += [f"{name}: {said}" for name, said in SCENARIOS.items()]
    lines += ["\nof each entry point:", render(("signature", "instructions"), list(result["signatures"].items()))]
    return "\n".join(lines)
