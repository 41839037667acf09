"""The `edge` command: the runtime's own commands, and build commands that other packages register."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points

import click

from edge.cli.group import CommandGroup, modules
from edge.cli.program import run_program

ORDER = (
    "run",
    "init",
    "prepare",
    "rivals",
    "train",
    "distill",
    "compress",
    "export",
    "slim",
    "sign",
    "encode",
    "rank",
    "verify",
    "inspect",
)
RUNTIME = ("slim", "sign", "encode", "rank", "verify", "inspect")


@cache
def commands() -> dict[str, Callable[[], click.Command]]:
    """Every command, by name, not yet imported."""
    found = modules("edge.cli", RUNTIME)
    for entry in entry_points(group="edge.commands"):
        found[entry.name] = entry.load
    return {name: found[name] for name in sorted(found, key=_rank)}


def _rank(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


@click.group(
    cls=CommandGroup,
    loaders=commands,
    examples="""edge run --preset quickstart --out runs/quickstart
                edge rank runs/quickstart/export/movies.edge --request request.json""",
)
@click.version_option(package_name="edge-ranker", message="%(package)s %(version)s")
def edge() -> None:
    """Turn a behaviour log into a text ranker that ships inside an app, and use it."""


def main() -> None:
    run_program(edge)


if __name__ == "__main__":
    main()
