"""The `edge-bench` command: measure a bundle, and gate a build on what it costs and reaches."""

from __future__ import annotations

from collections.abc import Callable

from edge.cli.command import Command, lazy_commands, run_and_exit

SUMMARY = """edge-bench: what a bundle costs and whether it may ship

  edge-bench gate movies.edge --max-download 2.8MB --min-auc 0.74
  edge-bench run movies.edge --profile mid-android
  edge-bench compare released.edge movies.edge"""
COMMANDS = {
    "run": "edge.cli.bench.run",
    "profiles": "edge.cli.bench.profiles",
    "compare": "edge.cli.bench.compare",
    "gate": "edge.cli.bench.gate",
    "instructions": "edge.cli.bench.instructions",
    "report": "edge.cli.bench.report",
}


def commands() -> dict[str, Callable[[], Command]]:
    """Every command, by name, not yet imported."""
    return lazy_commands(COMMANDS)


def main() -> None:
    run_and_exit("edge-bench", SUMMARY, commands())
