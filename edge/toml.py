"""TOML files as people write them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from edge.errors import EdgeError


def read_toml(path: Path, absent: EdgeError | None = None) -> dict[str, Any]:
    """What a file holds. Errors: there is none (`absent`, if given), it cannot be read, it is not TOML and where."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if absent and isinstance(error, FileNotFoundError):
            raise absent from error
        raise EdgeError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise EdgeError(f"{path} is not a TOML file", evidence=str(error)) from error
