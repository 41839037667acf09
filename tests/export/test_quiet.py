"""What the converters say is kept back, and the process is as it was when they are done."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings

import pytest

from export.quiet import quiet


def test_logging_and_warnings_are_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    for level in (logging.NOTSET, logging.DEBUG, logging.ERROR):
        monkeypatch.setattr(logging.root.manager, "disable", level)
        filters = list(warnings.filters)
        with quiet():
            assert logging.root.manager.disable == max(level, logging.WARNING)
        assert logging.root.manager.disable == level and warnings.filters == filters
        with pytest.raises(ZeroDivisionError), quiet():
            1 / 0  # noqa: B018
        assert logging.root.manager.disable == level and warnings.filters == filters


SAYING = """
import os, sys
from export.quiet import quiet
print("before")
try:
    with quiet():
        print("inside")
        os.write(1, b"native\\n")
        if sys.argv[1:]:
            raise ValueError("failed")
except ValueError as error:
    print(error.__notes__)
print("after")
"""


def said(*arguments: str) -> str:
    """On its standard output, which is buffered."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", SAYING, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_what_was_printed_before_is_not_lost_and_what_is_printed_inside_is_not_shown() -> None:
    assert said() == "before\nafter\n"


def test_a_conversion_that_fails_shows_what_was_said() -> None:
    assert said("fail") == "before\n['native\\ninside\\n']\nafter\n"


def test_a_stream_with_a_descriptor_of_its_own_is_quiet_too() -> None:
    """As in the edge command, whose sys.stderr is not descriptor 2."""
    moved = "import os, sys\nsys.stdout = os.fdopen(os.dup(1), 'w')\n"
    done = subprocess.run([sys.executable, "-c", moved + SAYING], capture_output=True, text=True, check=True)
    assert done.stdout == "before\nafter\n"
