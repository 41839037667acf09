"""`edge rank`: a request's candidates, best first."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.cli.arguments import as_json, bundle, engine, public_key
from edge.cli.command import command
from edge.errors import EdgeError, file_fix

if TYPE_CHECKING:
    from edge.bundle.keys import PublicKey
    from edge.runtime.ranked import Ranked


@command(
    examples="""edge rank movies.edge --request request.json --budget-ms 20
                edge rank movies.edge --min-auc 0.75 --engine onnx --json < request.json
                edge rank movies.edge --request request.json --exit 1/2 --top 10"""
)
@bundle
@public_key
@as_json
@click.option("--request", "file", default="-", metavar="FILE", help="the request, as JSON; - reads stdin")
@engine("litert, onnx or reference")
@click.option("--threads", type=int, default=1, help="threads of the engine")
@click.option("--budget-ms", type=float, help="time for the whole call; uses the best exit predicted to fit")
@click.option("--min-auc", type=float, help="use the cheapest exit that reached this AUC")
@click.option("--exit", metavar="E/I", help="use this exit: encode depth / interact depth")
@click.option("--top", type=int, metavar="N", help="show only the N best")
def rank(
    bundle: Path,
    public_key: PublicKey | None,
    as_json: bool,
    file: str,
    engine: str,
    threads: int,
    top: int | None,
    **wish: Any,
) -> None:
    """Rank the candidates of a request, best first."""
    from edge.arguments import check_count
    from edge.runtime.ranker import Ranker
    from edge.runtime.wish import Wish, exit_of
    from edge.text.request import parse_request

    Wish(**wish | {"exit": exit_of(wish["exit"])})  # refused now, not when the bundle has been opened
    if top is not None:
        check_count("top", top, fix="leave it out for all")
    request = parse_request(_read_request(file))
    with Ranker.open(bundle, engine, threads, public_key) as ranker:
        user = ranker.user(request.user, request.events)
        result = _json(ranker.rank(user, request.candidates, time_s=request.time, **wish), top)
    click.echo(json.dumps(result, indent=2) if as_json else _text(result))


def _read_request(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise EdgeError(f"{file} cannot be read: {error.strerror}", fix=file_fix(error)) from error


def _json(ranked: Ranked, top: int | None) -> dict[str, Any]:
    """Best first; each item with its attributes."""
    from dataclasses import asdict

    from edge.files import strict_json

    items = []
    for item, score in list(zip(ranked.items, ranked.scores, strict=True))[:top]:
        own = {"id": item.id, "score": strict_json(score, digits=6)}
        items.append(own | dict(item.attributes) | own)  # an attribute may have the name of either
    why = ranked.explanation
    said = {"met": why.met, "missed": why.missed, "late_ms": why.late_ms}
    explanation = asdict(why) | {"exit": str(why.exit), "planned": str(why.planned)} | said
    spent = {"exit": str(why.exit), "milliseconds": round(why.spent_ms, 3), "explained": str(why)}
    return spent | {"explanation": explanation, "ranked": items}


def _text(result: dict[str, Any]) -> str:
    from edge.table import render

    rows = [
        (place, item["score"], item["id"], str(item.get("title") or ""))
        for place, item in enumerate(result["ranked"], start=1)
    ]
    score = "chance" if result["explanation"]["probabilities"] else "score"
    return f"{render(('rank', score, 'id', 'title'), rows)}\n\n{result['explained']}"
