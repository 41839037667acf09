"""A command whose help opens with examples that run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120, "show_default": True}


class Command(click.Command):
    """`examples`: one a line. The module that defines a command imports nothing heavy, so that help answers at once."""

    def __init__(self, *, examples: str, **settings: Any) -> None:
        super().__init__(context_settings=SETTINGS, **settings)
        self.examples = tuple(line.strip() for line in examples.strip().splitlines())

    def format_help_text(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            for example in self.examples:  # never wrapped: they are there to be copied
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        super().format_help_text(context, formatter)

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(context, args)
        except click.UsageError as error:
            error.ctx = error.ctx or context  # click leaves it out of some
            raise


def command(*, examples: str, help: str | None = None) -> Callable[[Callable[..., None]], Command]:
    """Makes a function a command of the same name; `help` is the docstring if it is not given."""

    def declare(function: Callable[..., None]) -> Command:
        return click.command(cls=Command, examples=examples, help=help)(function)

    return declare
