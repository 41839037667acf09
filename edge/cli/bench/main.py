"""The `edge-bench` command: measure a bundle, and gate a build on what it costs and reaches."""

from __future__ import annotations

from collections.abc import Callable

import click

from edge.cli.group import CommandGroup, modules
from edge.cli.program import run_program

NAMES = ("run", "profiles", "compare", "gate", "instructions", "report")


def commands() -> dict[str, Callable[[], click.Command]]:
    """Every command, by name, not yet imported."""
    return modules("edge.cli.bench", NAMES)


@click.group(
    "edge-bench",
    cls=CommandGroup,
    loaders=commands,
    examples="""edge-bench gate movies.edge --max-download 2.8MB --min-auc 0.74
                edge-bench run movies.edge --profile mid-android
                edge-bench compare released.edge movies.edge""",
)
@click.version_option(package_name="edge-ranker", message="%(package)s %(version)s")
def edge_bench() -> None:
    """Measure what a bundle costs, and decide whether it may ship."""


def main() -> None:
    run_program(edge_bench)


if __name__ == "__main__":
    main()
