"""What native libraries write to standard error, kept off the terminal: LiteRT's log cannot be switched off."""

from __future__ import annotations

import faulthandler
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_ERROR = 2  # the descriptor
SHOWN = 4_000  # bytes, the last ones


@contextmanager
def native_messages_apart() -> Iterator[None]:
    """From here to the end of the process, descriptor 2 is a file of its own; Python's `sys.stderr` stays where it was.

    For a command's `main` alone, as it owns its process: a library must not. An unexpected error shows what was
    written; a crash shows the Python lines that led to it.
    """
    if not _is_descriptor_2():
        yield
        return
    sys.stderr = os.fdopen(os.dup(STANDARD_ERROR), "w", buffering=1, errors="backslashreplace")
    faulthandler.enable(sys.stderr)
    written = tempfile.TemporaryFile()  # noqa: SIM115 (it takes messages until the process is gone)
    os.dup2(written.fileno(), STANDARD_ERROR)
    try:
        yield
    except Exception:
        written.seek(max(written.seek(0, os.SEEK_END) - SHOWN, 0))
        sys.stderr.write(written.read().decode(errors="replace"))
        raise


def _is_descriptor_2() -> bool:
    """False where there is no standard error, or something else has taken its place."""
    try:
        return sys.stderr is not None and sys.stderr.fileno() == STANDARD_ERROR
    except (OSError, ValueError):
        return False
