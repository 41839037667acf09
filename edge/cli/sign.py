"""`edge sign`: a bundle whose maker can be verified."""

from __future__ import annotations

import json
from pathlib import Path

import click

from edge.bundle.keys import NEW_KEY, NEW_PUBLIC_KEY, read_private_key
from edge.cli.arguments import OUTPUT, PATH, as_json, bundle
from edge.cli.command import command


@command(
    help=(
        "Sign a bundle with an Ed25519 key.\n\nWith --public-key, a command or an app accepts only bundles signed with "
        f"that key. To get the public key of a private key: {NEW_PUBLIC_KEY}"
    ),
    examples="""edge sign movies.edge --key private.pem
                edge sign movies.edge --key private.pem --out signed.edge""",
)
@bundle
@click.option("--key", type=PATH, required=True, metavar="PEM", help=f"the private key; to make one: {NEW_KEY}")
@click.option("--out", type=OUTPUT, metavar="FILE", help="the bundle to write; without it, BUNDLE is replaced")
@as_json
def sign(bundle: Path, key: Path, out: Path | None, as_json: bool) -> None:
    from edge.bundle.signing import sign_bundle

    info = sign_bundle(bundle, read_private_key(key), out)
    result = {"bundle": str(info.path), "sha256": info.sha256, "bytes": info.bytes}
    click.echo(json.dumps(result, indent=2) if as_json else f"{info.path}  {info.bytes:,} bytes, signed")
