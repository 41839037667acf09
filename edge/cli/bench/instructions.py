"""`edge-bench instructions`: what a request costs an ARM processor, the same at every count."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli.command import Command
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.bench.instructions import Instructions


def _instructions_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="an .edge file with a LiteRT model")
    parser.add_argument("--tools", type=Path, help="what benchmarks/arm_tools.sh filled; else EDGE_ARM_TOOLS")
    parser.add_argument("--user-tokens", type=int, metavar="N", help="of the user side; else the largest bucket")
    parser.add_argument("--candidates", type=int, default=50, metavar="N", help="to rank in the request")
    parser.add_argument("--candidate-tokens", type=int, metavar="N", help="of each; else the largest bucket")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _instructions(arguments: argparse.Namespace) -> int:
    import json
    import sys

    from edge.bench.arm.tools import CPU, find_tools
    from edge.bench.instructions import count_instructions
    from edge.bundle.bundle import read_manifest

    for option in ("user_tokens", "candidates", "candidate_tokens"):
        value = getattr(arguments, option)
        if value is not None and value < 1:
            raise EdgeError(f"--{option.replace('_', '-')} must be 1 or more, not {value}")
    tools = find_tools(arguments.tools)
    print(f"counting under {tools.qemu.name}, some minutes for a large model ...", file=sys.stderr)
    counted = count_instructions(arguments.bundle, tools)
    depths = sorted({exit.depth for exit in read_manifest(arguments.bundle).exits})
    result = {"bundle": str(arguments.bundle), "cpu": CPU, "runtime": tools.runtime}
    result |= _requests(counted, depths, arguments) | {"signatures": dict(counted.signatures)}
    print(json.dumps(result, indent=2) if arguments.json else _text(result))
    return 0


def _requests(counted: Instructions, depths: list[int], arguments: argparse.Namespace) -> dict[str, Any]:
    user = arguments.user_tokens or counted.user_tokens
    tokens = arguments.candidate_tokens or counted.candidate_tokens
    exits = [
        {"depth": depth}
        | {
            name: counted.request(user, arguments.candidates, depth, kept, tokens)
            for name, kept in (("new_user", False), ("kept_user", True))
        }
        for depth in depths
    ]
    return {"user_tokens": user, "candidates": arguments.candidates, "candidate_tokens": tokens, "exits": exits}


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


instructions = Command(
    summary="Count the ARM64 instructions of a request at every exit depth, under emulation: equal at every count.",
    examples="""edge-bench instructions movies.edge --tools ~/arm-tools
                edge-bench instructions movies.edge --user-tokens 100 --candidates 20 --json""",
    arguments=_instructions_arguments,
    run=_instructions,
)
