"""`edge verify`: the golden requests, replayed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.cli.arguments import as_json, bundle, public_key
from edge.cli.command import command

if TYPE_CHECKING:
    from edge.bundle.keys import PublicKey
    from edge.conformance.verify import Verification


@command(
    examples="""edge verify movies.edge
                edge verify movies.edge --engine all
                edge verify movies.edge --engine litert --json"""
)
@bundle
@public_key
@as_json
@click.option(
    "--engine",
    "engines",
    multiple=True,
    help="an engine to check: litert, onnx, reference, coreml, or all of them; repeatable",
)
def verify(bundle: Path, public_key: PublicKey | None, as_json: bool, engines: tuple[str, ...]) -> None:
    """Check that engines reproduce the golden requests of a bundle.

    Without --engine: LiteRT and ONNX Runtime. Exit code 0: every request is reproduced, 1: one is not.
    """
    from dataclasses import asdict

    from edge.conformance.verify import verify_bundle

    verified = verify_bundle(bundle, list(engines) or None, public_key, _progress)
    rows = [asdict(result) for result in verified.results]
    if as_json:
        summary = {"bundle": str(bundle), "passed": verified.passed, "results": rows}
        left_out = {"not_checked": verified.unchecked, "not_examined": verified.unexamined}
        click.echo(json.dumps(summary | left_out, indent=2))
    else:
        click.echo(_text(rows, verified))
    click.get_current_context().exit(0 if verified.passed else 1)


def _progress(engine: str) -> None:
    click.echo(f"verify: {engine}", err=True)


def _text(rows: list[dict[str, Any]], verified: Verification) -> str:
    from edge.table import render

    lines = [render(list(rows[0]), [list(row.values()) for row in rows]), ""]
    lines += [f"not checked: {engine}: {reason}" for engine, reason in verified.unchecked.items()]
    if verified.unexamined:
        lines.append(f"not tested by the golden requests: {', '.join(verified.unexamined)}")
    lines.append("every golden request is reproduced" if verified.passed else "FAILED: " + _failure(rows))
    return "\n".join(lines)


def _failure(rows: list[dict[str, Any]]) -> str:
    return "golden requests are not reproduced" if len(rows) > 1 else "no engine was checked"
