"""Progress messages of an export."""

from __future__ import annotations

import sys


def step(text: str) -> None:
    """Write to stderr which step the export has reached."""
    print(f"export: {text}", file=sys.stderr, flush=True)
