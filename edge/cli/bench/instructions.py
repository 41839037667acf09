"""`edge-bench instructions`: what a request costs an ARM processor, the same at every count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.cli.arguments import PATH, as_json, bundle
from edge.cli.command import command

if TYPE_CHECKING:
    from edge.bench.budget import CountedRequest
    from edge.bench.instructions import Instructions


@command(
    examples="""edge-bench instructions movies.edge --tools ~/arm-tools
                edge-bench instructions movies.edge --user-tokens 100 --candidates 20 --json"""
)
@bundle
@click.option("--tools", type=PATH, metavar="DIR", help="what benchmarks/arm_tools.sh filled; else EDGE_ARM_TOOLS")
@click.option("--user-tokens", type=int, metavar="N", help="of the user side; else the largest bucket")
@click.option("--candidates", type=int, default=50, metavar="N", help="to rank in the request")
@click.option("--candidate-tokens", type=int, metavar="N", help="of each; else the largest bucket")
@as_json
def instructions(bundle: Path, tools: Path | None, as_json: bool, **size: Any) -> None:
    """Count the ARM64 instructions of a request at every exit depth, under emulation: equal at every count."""
    import json

    from edge.bench.arm.tools import CPU, find_tools
    from edge.bench.budget import CountedRequest
    from edge.bench.instructions import count_instructions
    from edge.bundle.bundle import read_manifest

    asked = CountedRequest(**size)
    found = find_tools(tools)
    click.echo(f"counting under {found.qemu.name}, some minutes for a large model ...", err=True)
    counted = count_instructions(bundle, found)
    depths = sorted({exit.depth for exit in read_manifest(bundle).exits})
    result = {"bundle": str(bundle), "cpu": CPU, "runtime": found.runtime}
    result |= _requests(counted, depths, asked) | {"signatures": dict(counted.signatures)}
    click.echo(json.dumps(result, indent=2) if as_json else _text(result))


def _requests(counted: Instructions, depths: list[int], asked: CountedRequest) -> dict[str, Any]:
    user, candidates = asked.user_tokens or counted.user_tokens, asked.candidates
    tokens = asked.candidate_tokens or counted.candidate_tokens
    exits = [
        {"depth": depth}
        | {
            name: counted.request(user, candidates, depth, kept, tokens)
            for name, kept in (("new_user", False), ("kept_user", True))
        }
        for depth in depths
    ]
    return {"user_tokens": user, "candidates": candidates, "candidate_tokens": tokens, "exits": exits}


def _text(result: dict[str, Any]) -> str:
    from edge.table import render

    size = f"{result['user_tokens']} user tokens, {result['candidates']} candidates of {result['candidate_tokens']}"
    return "\n".join(
        [
            f"{result['bundle']} ({result['runtime']}, one thread of {result['cpu']})",
            f"\nARM64 instructions of a request with {size}:",
            render(("exit", "new user", "kept user"), [tuple(exit.values()) for exit in result["exits"]]),
            "\nof each entry point:",
            render(("signature", "instructions"), list(result["signatures"].items())),
        ]
    )
