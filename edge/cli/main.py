"""The `edge` command: the runtime's own commands, and build commands that other packages register."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

from edge.cli.command import Command, lazy_commands, run_and_exit

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
    "slim": "edge.cli.sign",
    "sign": "edge.cli.sign",
    "rank": "edge.cli.rank",
    "verify": "edge.cli.rank",
    "inspect": "edge.cli.inspect",
}


def commands() -> dict[str, Callable[[], Command]]:
    """Every command, by name, not yet imported."""
    found = lazy_commands(RUNTIME)
    for entry in entry_points(group="edge.commands"):
        found[entry.name] = entry.load
    return {name: found[name] for name in sorted(found, key=_rank)}


def _rank(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def main() -> None:
    run_and_exit("edge", SUMMARY, commands())
