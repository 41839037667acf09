"""A program of several commands, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import click

from edge.cli.command import Command
from edge.errors import EdgeError, known_names

Loaders = Mapping[str, Callable[[], click.Command]]
SENTENCE = 200  # characters that the first one of a command's help may have


class CommandGroup(Command, click.Group):
    """`loaders` gives every command by name, not yet imported, in the order of the help."""

    def __init__(self, *, loaders: Callable[[], Loaders], **settings: Any) -> None:
        super().__init__(no_args_is_help=False, **settings)
        self.loaders = loaders

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.loaders())

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        load = self.loaders().get(name)
        return load() if load else None

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        if not args:
            click.echo(self.get_help(context), err=True)
            context.exit(2)
        return super().parse_args(context, args)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(context)
        if args[0] not in known:
            raise EdgeError(f"{context.command_path} has no command {args[0]!r}", fix=known_names(args[0], known))
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The first sentence of each, whole."""
        rows = [(name, load().get_short_help_str(SENTENCE)) for name, load in self.loaders().items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def modules(package: str, names: Iterable[str]) -> dict[str, Callable[[], click.Command]]:
    """Loaders of commands that stand in a module of their own name each."""
    return {name: partial(_load, package, name) for name in names}


def _load(package: str, name: str) -> click.Command:
    command: click.Command = getattr(import_module(f"{package}.{name}"), name)
    return command
