"""The command line that is being run, as text to run again."""

from __future__ import annotations

import shlex

import click

SILENT = ("as_json", "restart", "markdown")  # change nothing on a page


def as_given(context: click.Context, **replaced: str) -> str:
    """Its arguments and the options that were given; `replaced` ones with another value."""
    words: list[str] = []
    options: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if not given or name in SILENT:
            continue
        value = replaced.get(name, context.params[name])
        values = value if isinstance(value, tuple) else (value,)
        if isinstance(parameter, click.Option):
            flag = max(parameter.opts, key=len)
            options += [flag] if value is True else [word for each in values for word in (flag, str(each))]
        else:
            words += map(str, values)
    return shlex.join([*context.command_path.split(), *words, *options])
