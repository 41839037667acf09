"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edge.bundle.keys import PublicKey, read_public_key
from edge.errors import EdgeError
from edge.files import check_apart, check_output

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Named(click.Path):
    """A path, which its reader or writer judges; an empty one, which Python reads as the current folder, is refused."""

    def convert(self, value: Any, option: click.Parameter | None, context: click.Context | None) -> Any:
        if not str(value).strip():
            name = option.get_error_hint(context).strip("'") if option and context else "a path"
            raise EdgeError(f"{name} is empty", fix="name a file or a folder")
        return super().convert(value, option, context)


class Input(Named):
    """Something to read, which no output of the same command may replace."""

    def convert(self, value: Any, option: click.Parameter | None, context: click.Context | None) -> Any:
        path = super().convert(value, option, context)
        _noted(context, "read").append(Path(path))
        _check(context)
        return path


class Output(Named):
    """A file to write, refused before the work for it is done. One that is there already is replaced."""

    def convert(self, value: Any, option: click.Parameter | None, context: click.Context | None) -> Any:
        path = super().convert(value, option, context)
        if str(value).endswith((os.sep, f"{os.sep}.")):  # a Path forgets it
            raise EdgeError(f"{value} cannot be written: it names a directory", fix="name a file")
        check_output(path)
        _noted(context, "written").append(path)
        _check(context)
        return path


def _noted(context: click.Context | None, what: str) -> list[Path]:
    """The paths of this command so far."""
    paths: list[Path] = context.meta.setdefault(f"{__name__}.{what}", []) if context else []
    return paths


def _check(context: click.Context | None) -> None:
    check_apart(_noted(context, "written"), _noted(context, "read"))


PATH = Input(path_type=Path, readable=False)  # its reader says what is wrong with it
NAME_OR_PATH = Input(path_type=str, readable=False)
OUTPUT = Output(path_type=Path, readable=False)
DIRECTORY = Named(path_type=Path, readable=False)  # to write: its writer refuses what is no run of its own

bundle = click.argument("bundle", type=PATH, metavar="BUNDLE")
as_json = click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
markdown = click.option(
    "--markdown", type=OUTPUT, metavar="FILE", help="write the result as Markdown, for a pull request"
)


def _read_key(context: click.Context, option: click.Parameter, path: Path | None) -> PublicKey | None:
    return read_public_key(path) if path and not context.resilient_parsing else None


public_key = click.option(
    "--public-key",
    type=PATH,
    metavar="PEM",
    callback=_read_key,
    help="refuse a bundle that is not signed with this key",
)


def engine(known: str) -> Decorator:
    """The option `--engine`; `known` lists its values in the help."""
    return click.option("--engine", default="litert", help=f"the engine: {known}")


def requests(otherwise: str) -> Decorator:
    """The option `--requests`; `otherwise` names the requests that are used without it."""
    return click.option(
        "--requests", type=PATH, metavar="FILE", help=f"requests to measure with, as JSONL [default: {otherwise}]"
    )


def changes(example: str) -> Decorator:
    """The option `--set`; `example` ends its help."""
    return click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help=f"change a setting; {example}")
