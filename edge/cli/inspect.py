"""The `edge inspect` command."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from edge.bundle.keys import read_public_key
from edge.cli.command import Command
from edge.errors import EdgeError


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="an .edge file")
    parser.add_argument("newer", type=Path, nargs="?", help="another one: show what changed from the first to it")
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="write a treemap of the download")
    parser.add_argument("--public-key", type=Path, metavar="PEM", help="refuse a bundle not signed with this key")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _inspect(arguments: argparse.Namespace) -> int:
    from edge.bundle.bundle import open_bundle
    from edge.inspect.describe import describe, describe_text
    from edge.inspect.tensors import packed_tensors

    if arguments.newer and arguments.picture:
        raise EdgeError("--picture shows one bundle, not what changed", fix="leave out the second bundle")
    key = read_public_key(arguments.public_key) if arguments.public_key else None
    bundle = open_bundle(arguments.bundle, public_key=key)
    if arguments.newer:
        from edge.inspect.changes import compare_bundles
        from edge.inspect.changes_text import comparison_json, comparison_text

        found = compare_bundles(bundle, open_bundle(arguments.newer, public_key=key))
        print(json.dumps(comparison_json(found), indent=2) if arguments.json else comparison_text(found))
        return 0
    tensors = packed_tensors(bundle)
    if arguments.picture:
        from edge.inspect.picture import picture

        _write(arguments.picture, picture(bundle, tensors))
    description = describe(bundle, tensors)
    print(json.dumps(description, indent=2) if arguments.json else describe_text(description))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise EdgeError(f"{path} cannot be written: {error.strerror}") from error
    print(f"inspect: wrote {path}", file=sys.stderr)


inspect = Command(
    summary=(
        "Show what is in a bundle: bytes by section and by tensor, exits and their quality, shapes, provenance; "
        "or what changed from one bundle to another, and why it grew."
    ),
    examples="""edge inspect movies.edge
                edge inspect movies.edge --picture movies.svg
                edge inspect movies.edge newer.edge
                edge inspect movies.edge --json""",
    arguments=_arguments,
    run=_inspect,
)
