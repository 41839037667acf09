"""`edge encode`: summaries of items, computed on a server for the phones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli.arguments import OUTPUT, PATH, as_json, engine, public_key
from edge.cli.command import command

if TYPE_CHECKING:
    from edge.bundle.keys import PublicKey


@command(
    examples="""edge encode items.jsonl --bundle movies.edge --out summaries.jsonl
                edge encode items.jsonl --bundle movies.edge --engine onnx --threads 8 --out summaries.jsonl"""
)
@click.argument("items", type=PATH, metavar="ITEMS")
@click.option("--bundle", type=PATH, required=True, metavar="BUNDLE", help="the bundle that the phones have")
@click.option("--out", type=OUTPUT, required=True, metavar="FILE", help="the file to write")
@engine("litert, onnx or reference")
@click.option("--threads", type=int, default=1, help="threads of the engine")
@public_key
@as_json
def encode(
    items: Path, bundle: Path, out: Path, engine: str, threads: int, public_key: PublicKey | None, as_json: bool
) -> None:
    """Compute item summaries on a server, so that phones do not have to.

    ITEMS has one JSON object per line, as in the candidates of a request. Send the first line of the output and the
    lines of the candidates along with the candidates; a phone then encodes none of these items.
    """
    from edge.runtime.encode import encode_items

    done = encode_items(items, bundle, out, engine, threads, public_key)
    result = {"out": str(done.path), "items": done.items, "depths": list(done.depths), "weights": done.weights}
    shown = f"{done.path}  {done.items:,} items at encode depth {', '.join(map(str, done.depths))}"
    click.echo(json.dumps(result, indent=2) if as_json else shown)
