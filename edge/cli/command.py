"""What a subcommand is: declared cheaply, run late."""

from __future__ import annotations

import argparse
import atexit
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import NoReturn

from edge.errors import EdgeError, missing_extra


@dataclass(frozen=True)
class Command:
    """One command. `arguments` declares its options; `run` does the work and returns the exit code.

    The module that defines a Command must import nothing heavy: `run` imports what it needs.
    """

    summary: str
    examples: str  # commands that run, one a line; they open the help
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def lazy_commands(modules: Mapping[str, str]) -> dict[str, Callable[[], Command]]:
    """Name -> what imports the Command, which has the same name in the module given."""
    return {name: partial(_load, module, name) for name, module in modules.items()}


def _load(module: str, name: str) -> Command:
    command: Command = getattr(import_module(module), name)
    return command


def parser_for(program: str, command: Command) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        usage=f"{program} [options]\n\nexamples:\n{_indented(command.examples)}",
        description=command.summary,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.arguments(parser)
    return parser


def _indented(examples: str) -> str:
    return "\n".join("  " + line.strip() for line in examples.strip().splitlines())


def run_and_exit(program: str, summary: str, commands: dict[str, Callable[[], Command]]) -> NoReturn:
    """A program's whole `main`: dispatch what it was called with; a package that is missing names its extra."""
    try:
        status = dispatch(program, summary, commands, sys.argv[1:])
    except ImportError as error:
        print(f"error: {missing_extra('export', error)}", file=sys.stderr)
        status = 2
    sys.exit(status)


def dispatch(program: str, summary: str, commands: dict[str, Callable[[], Command]], argv: Sequence[str]) -> int:
    """Run `argv` against lazily loaded `commands`; errors become one message and exit code 2."""
    atexit.register(_hush_litert)
    try:
        try:
            return _dispatch(program, summary, commands, argv)
        finally:
            sys.stdout.flush()
    except EdgeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: run the same command again to go on", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _hush_litert() -> None:
    """When a process ends, LiteRT tells on stderr what it takes down, and offers no switch."""
    if "ai_edge_litert" in sys.modules:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _dispatch(program: str, summary: str, commands: dict[str, Callable[[], Command]], argv: Sequence[str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(f"{summary}\n\nusage: {program} COMMAND [options]\n\ncommands:")
        for name in commands:
            print(f"  {name:<12} {program} {name} --help")
        return 0 if argv else 2
    if argv[0] == "--version":
        from importlib.metadata import version

        print(f"edge-ranker {version('edge-ranker')}")
        return 0
    if argv[0] not in commands:
        raise EdgeError(f"{program} has no command {argv[0]!r}", fix=f"use one of: {', '.join(commands)}")
    command = commands[argv[0]]()
    arguments = parser_for(f"{program} {argv[0]}", command).parse_args(argv[1:])
    return command.run(arguments)
