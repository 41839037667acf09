"""The `edge-bench` command: measure a bundle, and gate a build on what it costs and reaches."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

from edge.command import Command, dispatch
from edge.errors import missing_extra

SUMMARY = """edge-bench: what a bundle costs and whether it may ship

  edge-bench gate movies.edge --max-download 2.8MB --min-auc 0.74
  edge-bench run movies.edge --profile mid-android
  edge-bench compare released.edge movies.edge"""
VERBS = {
    "run": "edge.bench.run_command",
    "profiles": "edge.bench.profiles_command",
    "compare": "edge.bench.compare_command",
    "gate": "edge.bench.gate_command",
    "instructions": "edge.bench.instructions_command",
    "report": "edge.bench.report_command",
}


def _verb(name: str) -> Callable[[], Command]:
    def load() -> Command:
        command: Command = getattr(import_module(VERBS[name]), name)
        return command

    return load


def commands() -> dict[str, Callable[[], Command]]:
    """Every verb, by name, not yet imported."""
    return {name: _verb(name) for name in VERBS}


def main() -> None:
    try:
        status = dispatch("edge-bench", SUMMARY, commands(), sys.argv[1:])
    except ImportError as error:
        print(f"error: {missing_extra('export', error)}", file=sys.stderr)
        status = 2
    sys.exit(status)
