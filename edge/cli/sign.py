"""The commands that write a bundle anew: sign, slim."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge.bundle.keys import NEW_KEY, NEW_PUBLIC_KEY, read_private_key
from edge.cli.command import Command


def _sign_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="an .edge file")
    parser.add_argument("--key", type=Path, required=True, metavar="PEM", help=f"the private key; a new one: {NEW_KEY}")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write it, instead of its own place")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _sign(arguments: argparse.Namespace) -> int:
    from edge.bundle.signing import sign_bundle

    info = sign_bundle(arguments.bundle, read_private_key(arguments.key), arguments.out)
    result = {"bundle": str(info.path), "sha256": info.sha256, "bytes": info.bytes}
    print(json.dumps(result, indent=2) if arguments.json else f"{info.path}  {info.bytes:,} bytes, signed")
    return 0


def _slim_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="an .edge file")
    parser.add_argument("--engine", required=True, help="the engine to keep: litert, onnx or coreml")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write it")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _slim(arguments: argparse.Namespace) -> int:
    from edge.bundle.slim import slim_bundle

    info = slim_bundle(arguments.bundle, arguments.engine, arguments.out)
    result = {"bundle": str(info.path), "sha256": info.sha256, "bytes": info.bytes}
    print(json.dumps(result, indent=2) if arguments.json else f"{info.path}  {info.bytes:,} bytes")
    return 0


sign = Command(
    summary=(
        "Sign a bundle: who opens it with --public-key then refuses every other. "
        f"The public key of a private one: {NEW_PUBLIC_KEY}"
    ),
    examples="""edge sign movies.edge --key private.pem
                edge sign movies.edge --key private.pem --out signed.edge""",
    arguments=_sign_arguments,
    run=_sign,
)
slim = Command(
    summary="Leave one engine's model in a bundle: what an app of one platform ships. Sign the result, not its source.",
    examples="""edge slim movies.edge --engine litert --out android.edge
                edge slim movies.edge --engine coreml --out ios.edge""",
    arguments=_slim_arguments,
    run=_slim,
)
