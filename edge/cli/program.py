"""How a program ends: its exit code, and one message for whatever stopped it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from edge.cli.native_messages import native_messages_apart
from edge.errors import EdgeError, did_you_mean, file_error, missing_package

MISUSE, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


def run_program(program: click.Group) -> NoReturn:
    """A program's whole `main`: run what it was called with, and exit."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a title that the terminal cannot show ends nothing
        sys.stdout.reconfigure(errors="backslashreplace")
    with native_messages_apart():
        status = run(program, sys.argv[1:])
    sys.exit(status)


def run(program: click.Group, arguments: Sequence[str]) -> int:
    """The exit code: 0 pass, 1 a gate failed (its command exits with it), 2 misuse."""
    try:
        try:
            _invoke(program, list(arguments))
        finally:
            if sys.stdout is not None:  # the caller may have closed it
                sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.UsageError as error:
        return _refuse(_usage_error(error))
    except EdgeError as error:
        return _refuse(error)
    except ImportError as error:
        return _refuse(missing_package(error))
    except KeyboardInterrupt:
        again = "run the same command again" + " without --restart" * _restarts(arguments)
        click.echo(f"interrupted: {again} to continue", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
        _discard_output()
        return BROKEN_PIPE
    except OSError as error:
        if error.filename is None:
            _discard_output()
        return _refuse(file_error(error))
    return 0


def _restarts(arguments: Sequence[str]) -> bool:
    """True of a command that would start over if it were repeated word for word."""
    return any(argument.partition("=")[0] == "--restart" for argument in arguments)


def _invoke(program: click.Group, arguments: list[str]) -> None:
    # not program.main(): it would end a broken pipe with 1, which stands for a gate that failed
    with program.make_context(program.name, arguments) as context:
        program.invoke(context)


def _discard_output() -> None:
    """What is still buffered goes nowhere, or the interpreter would try to write it once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(error: EdgeError) -> int:
    click.echo(f"error: {error}", err=True)
    return MISUSE


def _usage_error(error: click.UsageError) -> EdgeError:
    """In the style of every other error, with the nearest option as the fix."""
    context = error.ctx or click.Context(click.Command(None))
    if isinstance(error, click.NoSuchOption):
        known = [name for option in context.command.get_params(context) for name in option.opts if name[0] == "-"]
        problem, fix = f"no option {error.option_name}", did_you_mean(error.option_name, known)
    else:
        message = " ".join(error.format_message().split()).rstrip(".")
        problem, fix = message[:1].lower() + message[1:], f"run {context.command_path} --help"
    return EdgeError(f"{context.command_path}: {problem}", fix=fix)
