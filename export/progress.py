"""What an export says while it is at work."""

from __future__ import annotations

import sys


def step(text: str) -> None:
    """Says on stderr what the export is at."""
    print(f"export: {text}", file=sys.stderr, flush=True)
