"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edge.bundle.keys import PublicKey, read_public_key
from edge.files import check_output

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

PATH = click.Path(path_type=Path, readable=False)  # its reader says what is wrong with it


class Output(click.Path):
    """A file to write, refused before the work for it is done."""

    def convert(self, value: Any, option: click.Parameter | None, context: click.Context | None) -> Any:
        check_output(Path(value))
        return super().convert(value, option, context)


OUTPUT = Output(path_type=Path, readable=False)

bundle = click.argument("bundle", type=PATH, metavar="BUNDLE")
as_json = click.option("--json", "as_json", is_flag=True, help="machine-readable result on stdout")
markdown = click.option("--markdown", type=OUTPUT, metavar="FILE", help="write the result for a pull request")


def _read_key(context: click.Context, option: click.Parameter, path: Path | None) -> PublicKey | None:
    return read_public_key(path) if path and not context.resilient_parsing else None


public_key = click.option(
    "--public-key", type=PATH, metavar="PEM", callback=_read_key, help="refuse a bundle not signed with this key"
)


def engine(known: str) -> Decorator:
    return click.option("--engine", default="litert", help=f"the engine: {known}")


def requests(otherwise: str) -> Decorator:
    return click.option("--requests", type=PATH, metavar="FILE", help=f"JSONL to measure with; else {otherwise}")


def changes(example: str) -> Decorator:
    return click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help=f"change a setting; {example}")
