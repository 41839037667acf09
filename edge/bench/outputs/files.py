"""Writing what was asked for into files, each whole or not at all."""

from __future__ import annotations

from pathlib import Path

from edge.errors import EdgeError
from edge.files import write_atomically


def write_output(path: Path, text: str) -> None:
    """Errors: there is no such folder, or no leave to write there."""
    try:
        write_atomically(path, text)
    except OSError as error:
        raise EdgeError(f"{path} cannot be written: {error.strerror}") from error
