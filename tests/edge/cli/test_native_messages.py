"""A command's standard error has what the command says, whatever native libraries write to the descriptor."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import os, sys
from edge.cli.native_messages import native_messages_apart
with native_messages_apart():
    os.write(2, b"INFO: from a native library\\n")
    print("from the command", file=sys.stderr)
    {then}
os.write(2, b"INFO: taken down\\n")
"""


def standard_error(then: str) -> str:
    code = CODE.format(then=then)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr


def test_native_messages_stay_off_the_terminal_until_the_process_is_gone() -> None:
    assert standard_error("pass") == "from the command\n"


def test_an_error_that_nobody_expected_shows_them() -> None:
    shown = standard_error("raise ValueError('unexpected')")
    assert shown.startswith("from the command\nINFO: from a native library\nTraceback")
    assert shown.endswith("ValueError: unexpected\n")


def test_a_crash_shows_the_lines_that_led_to_it() -> None:
    assert "Fatal Python error: Aborted" in standard_error("os.abort()")


def test_without_a_standard_error_a_command_runs_all_the_same() -> None:
    opening = (
        "from edge.cli.native_messages import native_messages_apart\nwith native_messages_apart():\n    print('ran')"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\nsys.stderr = None\n{opening}"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "ran\n")
