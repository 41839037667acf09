"""The runtime's own verbs: rank, verify, inspect."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge.command import Command
from edge.errors import EdgeError


def _bundle_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="an .edge file")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _rank_arguments(parser: argparse.ArgumentParser) -> None:
    _bundle_arguments(parser)
    parser.add_argument("--request", default="-", metavar="FILE", help="a request as JSON; - reads stdin")
    parser.add_argument("--backend", default="litert", help="the engine: litert or onnx")
    parser.add_argument("--budget-ms", type=float, help="milliseconds to spend; sets how deep to score")
    parser.add_argument("--depth", type=int, help="exit depth, instead of a budget")


def _rank(arguments: argparse.Namespace) -> int:
    from edge.ranker import Ranker
    from edge.text.request import parse_request

    if arguments.budget_ms is not None and arguments.depth is not None:
        raise EdgeError("--budget-ms and --depth exclude each other", fix="give one of them")
    request = parse_request(_read_request(arguments.request))
    ranker = Ranker.open(arguments.bundle, backend=arguments.backend)
    user = ranker.user(request.user, request.events)
    ranked = ranker.rank(user, request.candidates, budget_ms=arguments.budget_ms, depth=arguments.depth)
    result = _ranked_json(ranked)
    print(json.dumps(result, indent=2, ensure_ascii=False) if arguments.json else _ranked_text(result))
    return 0


def _read_request(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise EdgeError(f"{file} cannot be read: {error.strerror}") from error


def _ranked_json(ranked: Any) -> dict[str, Any]:
    """Best first; each item with its attributes."""
    items = [
        {"id": item.id, "score": round(float(score), 6), **item.attributes}
        for item, score in zip(ranked.items, ranked.scores, strict=True)
    ]
    spent = {"depth": ranked.depth, "milliseconds": round(ranked.milliseconds, 3)}
    return spent | {"plan": _plain(ranked.plan), "ranked": items}


def _ranked_text(result: dict[str, Any]) -> str:
    from edge.table import render

    rows = [
        (place, item["score"], item["id"], str(item.get("title") or ""))
        for place, item in enumerate(result["ranked"], start=1)
    ]
    spent = f"{result['plan']['plan']} plan to exit {result['depth']}, {result['milliseconds']:.1f} ms"
    budget = result["plan"]["budget_ms"]
    if budget is not None:
        over = result["milliseconds"] > budget
        spent += f" of {budget:.1f} ms: {'over' if over else 'within'} the budget"
    return f"{render(('rank', 'score', 'id', 'title'), rows)}\n\n{spent}"


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    _bundle_arguments(parser)
    parser.add_argument("--backend", action="append", help="check this one alone; repeat")


def _verify(arguments: argparse.Namespace) -> int:
    from edge.table import render
    from edge.verify import verify

    rows = [_plain(row) for row in verify(arguments.bundle, arguments.backend)]
    passed = bool(rows) and all(row["passed"] for row in rows)
    if arguments.json:
        print(json.dumps({"bundle": str(arguments.bundle), "passed": passed, "results": rows}, indent=2))
    else:
        headings = list(dict.fromkeys(key for row in rows for key in row))
        print(render(headings, [[row.get(key) for key in headings] for row in rows]))
        print("\nevery golden request is reproduced" if passed else "\nFAILED: golden requests are not reproduced")
    return 0 if passed else 1


def _plain(row: Any) -> dict[str, Any]:
    """A result row, dataclass or mapping, as JSON values."""
    from dataclasses import asdict, is_dataclass

    return asdict(row) if is_dataclass(row) and not isinstance(row, type) else dict(row)


def _inspect(arguments: argparse.Namespace) -> int:
    from edge.bundle import open_bundle
    from edge.inspect import describe, describe_text

    description = describe(open_bundle(arguments.bundle))
    print(json.dumps(description, indent=2) if arguments.json else describe_text(description))
    return 0


rank = Command(
    summary="Rank a request's candidates, best first.",
    examples="""edge rank movies.edge --request request.json
                edge rank movies.edge --budget-ms 30 --json < request.json""",
    arguments=_rank_arguments,
    run=_rank,
)
verify = Command(
    summary="Replay the golden requests on every backend. Exit code 0: reproduced, 1: not.",
    examples="""edge verify movies.edge
                edge verify movies.edge --backend litert --json""",
    arguments=_verify_arguments,
    run=_verify,
)
inspect = Command(
    summary="Show what is in a bundle: sections and bytes, exits and their quality, shapes, provenance.",
    examples="""edge inspect movies.edge
                edge inspect movies.edge --json""",
    arguments=_bundle_arguments,
    run=_inspect,
)
