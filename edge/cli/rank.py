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
                edge rank movies.edge --min-auc 0.75 --budget-mb 2 --json < request.json
                edge rank movies.edge --request request.json --top 10 --cascade"""
)
@bundle
@public_key
@as_json
@click.option("--request", "file", default="-", metavar="FILE", help="a request as JSON; - reads stdin")
@engine("litert or onnx")
@click.option("--budget-ms", type=float, help="milliseconds to spend; sets plan and depth")
@click.option("--budget-mb", type=float, help="memory for the request and what is kept of the user")
@click.option("--min-auc", type=float, help="the fastest exit that reached this when the bundle was made")
@click.option("--depth", type=int, help="exit depth, instead of a budget")
@click.option("--plan", help="prefix, segments or full, instead of the fastest")
@click.option("--top", type=int, metavar="N", help="how many of the best matter")
@click.option("--patience", type=int, metavar="P", help="end when the top has kept its order for P exits")
@click.option("--cascade", is_flag=True, help="candidates that can no longer reach the top stop early")
def rank(bundle: Path, public_key: PublicKey | None, as_json: bool, file: str, engine: str, **wish: Any) -> None:
    """Rank a request's candidates, best first."""
    from edge.runtime.ranker import Ranker
    from edge.runtime.wish import Wish
    from edge.text.request import parse_request

    Wish(**wish)  # refused now, not when the bundle has been opened
    request = parse_request(_read_request(file))
    ranker = Ranker.open(bundle, engine=engine, public_key=public_key)
    user = ranker.user(request.user, request.events)
    result = _json(ranker.rank(user, request.candidates, **wish))
    click.echo(json.dumps(result, indent=2) if as_json else _text(result))


def _read_request(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise EdgeError(f"{file} cannot be read: {error.strerror}", fix=file_fix(error)) from error


def _json(ranked: Ranked) -> dict[str, Any]:
    """Best first; each item with its attributes."""
    from dataclasses import asdict

    items = [
        {"id": item.id, "score": round(float(score), 6), "depth": depth, **item.attributes}
        for item, score, depth in zip(ranked.items, ranked.scores, ranked.depths, strict=True)
    ]
    why = ranked.explanation
    spent = {"depth": ranked.depth, "milliseconds": round(ranked.milliseconds, 3), "explained": str(why)}
    return spent | {"explanation": asdict(why) | {"met": why.met}, "ranked": items}


def _text(result: dict[str, Any]) -> str:
    from edge.table import render

    rows = [
        (place, item["score"], item["id"], str(item.get("title") or ""))
        for place, item in enumerate(result["ranked"], start=1)
    ]
    return f"{render(('rank', 'score', 'id', 'title'), rows)}\n\n{result['explained']}"
