"""The runtime's own commands: rank and verify."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge.bundle.keys import PublicKey, read_public_key
from edge.cli.command import Command
from edge.errors import EdgeError


def _bundle_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="an .edge file")
    parser.add_argument("--public-key", type=Path, metavar="PEM", help="refuse a bundle not signed with this key")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _public_key(arguments: argparse.Namespace) -> PublicKey | None:
    return read_public_key(arguments.public_key) if arguments.public_key else None


def _rank_arguments(parser: argparse.ArgumentParser) -> None:
    _bundle_arguments(parser)
    parser.add_argument("--request", default="-", metavar="FILE", help="a request as JSON; - reads stdin")
    parser.add_argument("--engine", default="litert", help="the engine: litert or onnx")
    parser.add_argument("--budget-ms", type=float, help="milliseconds to spend; sets plan and depth")
    parser.add_argument("--budget-mb", type=float, help="memory for the request and what is kept of the user")
    parser.add_argument("--min-auc", type=float, help="the fastest exit that reached this when the bundle was made")
    parser.add_argument("--depth", type=int, help="exit depth, instead of a budget")
    parser.add_argument("--plan", help="prefix, segments or full, instead of the fastest")
    parser.add_argument("--top", type=int, metavar="N", help="how many of the best matter")
    parser.add_argument("--patience", type=int, metavar="P", help="end when the top has kept its order for P exits")
    parser.add_argument("--cascade", action="store_true", help="who can no longer reach the top stops early")


def _rank(arguments: argparse.Namespace) -> int:
    from edge.runtime.ranker import Ranker
    from edge.text.request import parse_request

    limits = {name: getattr(arguments, name) for name in ("budget_ms", "budget_mb", "min_auc")}
    if arguments.depth is not None and any(value is not None for value in limits.values()):
        raise EdgeError("a budget and --depth exclude each other", fix="give one of them")
    how = {name: getattr(arguments, name) for name in ("depth", "plan", "top", "patience", "cascade")}
    request = parse_request(_read_request(arguments.request))
    ranker = Ranker.open(arguments.bundle, engine=arguments.engine, public_key=_public_key(arguments))
    user = ranker.user(request.user, request.events)
    ranked = ranker.rank(user, request.candidates, **limits, **how)
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
        {"id": item.id, "score": round(float(score), 6), "depth": depth, **item.attributes}
        for item, score, depth in zip(ranked.items, ranked.scores, ranked.depths, strict=True)
    ]
    spent = {"depth": ranked.depth, "milliseconds": round(ranked.milliseconds, 3), "explained": str(ranked.explanation)}
    return spent | {"plan": _plain(ranked.explanation) | {"met": ranked.explanation.met}, "ranked": items}


def _ranked_text(result: dict[str, Any]) -> str:
    from edge.table import render

    rows = [
        (place, item["score"], item["id"], str(item.get("title") or ""))
        for place, item in enumerate(result["ranked"], start=1)
    ]
    return f"{render(('rank', 'score', 'id', 'title'), rows)}\n\n{result['explained']}"


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    _bundle_arguments(parser)
    parser.add_argument(
        "--engine",
        action="append",
        help="check this one alone, or all; repeat. One of: all, litert, onnx, reference, torch, coreml",
    )


def _verify(arguments: argparse.Namespace) -> int:
    from edge.conformance.verify import verify

    found = verify(arguments.bundle, arguments.engine, _public_key(arguments), _tell)
    rows = [_plain(row) for row in found.results]
    if arguments.json:
        summary = {"bundle": str(arguments.bundle), "passed": found.passed, "results": rows}
        told = {"not_checked": found.unchecked, "not_examined": found.unexamined}
        print(json.dumps(summary | told, indent=2))
    else:
        print(_verified_text(rows, found))
    return 0 if found.passed else 1


def _tell(engine: str) -> None:
    print(f"verify: {engine}", file=sys.stderr, flush=True)


def _verified_text(rows: list[dict[str, Any]], found: Any) -> str:
    from edge.table import render

    headings = list(rows[0])
    lines = [render(headings, [list(row.values()) for row in rows]), ""]
    lines += [f"not checked: {engine}: {reason}" for engine, reason in found.unchecked.items()]
    if found.unexamined:
        lines.append(f"not examined by the golden requests: {', '.join(found.unexamined)}")
    lines.append("every golden request is reproduced" if found.passed else "FAILED: " + _failure(rows))
    return "\n".join(lines)


def _failure(rows: list[dict[str, Any]]) -> str:
    return "golden requests are not reproduced" if len(rows) > 1 else "no engine was checked"


def _plain(row: Any) -> dict[str, Any]:
    """A result row, dataclass or mapping, as JSON values."""
    from dataclasses import asdict, is_dataclass

    return asdict(row) if is_dataclass(row) and not isinstance(row, type) else dict(row)


rank = Command(
    summary="Rank a request's candidates, best first.",
    examples="""edge rank movies.edge --request request.json --budget-ms 20
                edge rank movies.edge --min-auc 0.75 --budget-mb 2 --json < request.json
                edge rank movies.edge --request request.json --top 10 --cascade""",
    arguments=_rank_arguments,
    run=_rank,
)
verify = Command(
    summary="Replay the golden requests on every engine. Exit code 0: reproduced, 1: not.",
    examples="""edge verify movies.edge
                edge verify movies.edge --engine all
                edge verify movies.edge --engine litert --json""",
    arguments=_verify_arguments,
    run=_verify,
)
