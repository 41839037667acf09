"""Rows as the readers of tables hand them on: columns of raw values, each with the line it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ROWS = 65_536  # at most, per batch


@dataclass(frozen=True)
class Batch:
    """Rows: `columns[name][i]` stands at `lines[i]`. Absent is None, broken bytes are surrogates."""

    lines: list[int]
    columns: dict[str, list[Any]]
