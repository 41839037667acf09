"""The `edge` command: the runtime's own verbs, and build verbs that other packages register."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points

from edge.command import Command, dispatch
from edge.errors import missing_extra

SUMMARY = """edge: from a behaviour log to a text ranker that ships inside an app

  edge run --preset quickstart --out runs/quickstart
  edge rank runs/quickstart/export/movies.edge --request request.json"""
ORDER = (
    "run",
    "init",
    "prepare",
    "train",
    "distill",
    "compress",
    "export",
    "slim",
    "sign",
    "rank",
    "verify",
    "inspect",
)
RUNTIME = {
    "slim": "edge.bundle_commands",
    "sign": "edge.bundle_commands",
    "rank": "edge.runtime_commands",
    "verify": "edge.runtime_commands",
    "inspect": "edge.inspect.command",
}


def _runtime_command(name: str) -> Callable[[], Command]:
    def load() -> Command:
        command: Command = getattr(import_module(RUNTIME[name]), name)
        return command

    return load


def commands() -> dict[str, Callable[[], Command]]:
    """Every verb, by name, not yet imported."""
    found: dict[str, Callable[[], Command]] = {name: _runtime_command(name) for name in RUNTIME}
    for entry in entry_points(group="edge.commands"):
        found[entry.name] = entry.load
    return {name: found[name] for name in sorted(found, key=_rank)}


def _rank(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def main() -> None:
    try:
        status = dispatch("edge", SUMMARY, commands(), sys.argv[1:])
    except ImportError as error:
        print(f"error: {missing_extra('export', error)}", file=sys.stderr)
        status = 2
    sys.exit(status)
