"""`edge inspect`: what is in a bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli.arguments import OUTPUT, PATH, as_json, bundle, public_key
from edge.cli.command import command
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.bundle.keys import PublicKey


@command(
    examples="""edge inspect movies.edge
                edge inspect movies.edge --picture movies.svg
                edge inspect movies.edge newer.edge
                edge inspect movies.edge --json"""
)
@bundle
@click.argument("newer", type=PATH, required=False)
@click.option("--picture", type=OUTPUT, metavar="FILE.svg", help="draw the download as a treemap into this file")
@public_key
@as_json
def inspect(
    bundle: Path, newer: Path | None, picture: Path | None, public_key: PublicKey | None, as_json: bool
) -> None:
    """Show what is in a bundle, or what changed between two bundles.

    For one bundle: bytes by section and by tensor, exits with their quality, shapes and provenance. For two: what
    changed, and why the size grew.
    """
    if newer and picture:
        raise EdgeError("--picture draws one bundle, but two are given", fix="leave out the second bundle")
    if newer:
        _compare(bundle, newer, public_key, as_json)
    else:
        _describe(bundle, picture, public_key, as_json)


def _compare(older: Path, newer: Path, key: PublicKey | None, as_json: bool) -> None:
    from edge.bundle.bundle import open_bundle
    from edge.inspect.changes import compare_bundles
    from edge.inspect.changes_text import comparison_json, comparison_text

    compared = compare_bundles(open_bundle(older, public_key=key), open_bundle(newer, public_key=key))
    click.echo(json.dumps(comparison_json(compared), indent=2) if as_json else comparison_text(compared))


def _describe(path: Path, picture: Path | None, key: PublicKey | None, as_json: bool) -> None:
    from edge.bundle.bundle import open_bundle
    from edge.inspect.describe import describe, describe_text
    from edge.inspect.tensors import packed_tensors

    bundle = open_bundle(path, public_key=key)
    tensors = packed_tensors(bundle)
    if picture:
        from edge.files import write_output
        from edge.inspect.picture import picture as draw

        write_output(picture, draw(bundle, tensors))
        click.echo(f"inspect: wrote {picture}", err=True)
    description = describe(bundle, tensors)
    click.echo(json.dumps(description, indent=2) if as_json else describe_text(description))
