"""The `edge sign` verb."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge.command import Command
from edge.keys import NEW_KEY, NEW_PUBLIC_KEY, read_private_key


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="an .edge file")
    parser.add_argument("--key", type=Path, required=True, metavar="PEM", help=f"the private key; a new one: {NEW_KEY}")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write it, instead of its own place")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _sign(arguments: argparse.Namespace) -> int:
    from edge.signing import sign_bundle

    info = sign_bundle(arguments.bundle, read_private_key(arguments.key), arguments.out)
    result = {"bundle": str(info.path), "sha256": info.sha256, "bytes": info.bytes}
    print(json.dumps(result, indent=2) if arguments.json else f"{info.path}  {info.bytes:,} bytes, signed")
    return 0


sign = Command(
    summary=(
        "Sign a bundle: who opens it with --public-key then refuses every other. "
        f"The public key of a private one: {NEW_PUBLIC_KEY}"
    ),
    examples="""edge sign movies.edge --key private.pem
                edge sign movies.edge --key private.pem --out signed.edge""",
    arguments=_arguments,
    run=_sign,
)
