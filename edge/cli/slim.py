"""`edge slim`: a bundle for one platform."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from edge.cli.arguments import OUTPUT, as_json, bundle
from edge.cli.command import command


@command(
    examples="""edge slim movies.edge --engine litert --out android.edge
                edge slim movies.edge --engine coreml --out ios.edge"""
)
@bundle
@click.option("--engine", required=True, help="the engine to keep: litert, onnx or coreml")
@click.option("--out", type=OUTPUT, required=True, metavar="FILE", help="the bundle to write")
@as_json
def slim(bundle: Path, engine: str, out: Path, as_json: bool) -> None:
    """Write a bundle with the model of one engine only, for one platform.

    Sign the result, not its source.
    """
    from edge.bundle.archive import scan
    from edge.bundle.slim import slim_bundle

    info = slim_bundle(bundle, engine, out)
    if scan(bundle).signed:
        again = f"edge sign {shlex.quote(str(out))} --key PRIVATE.pem"
        click.echo(f"slim: {bundle} is signed, {out} is not: sign it with {again}", err=True)
    result = {"bundle": str(info.path), "sha256": info.sha256, "bytes": info.bytes}
    click.echo(json.dumps(result, indent=2) if as_json else f"{info.path}  {info.bytes:,} bytes")
