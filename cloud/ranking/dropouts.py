"""What every stage that trains a ranking model asks of its dropouts."""

from __future__ import annotations

from typing import Any

from edge.config import setting
from edge.errors import EdgeError

DROPOUTS = ("dropout", "word_dropout", "number_dropout")


def check_dropouts(config: Any) -> None:
    """Errors: one of the configuration's three is no share from 0 to below 1."""
    for name in DROPOUTS:
        if not 0 <= getattr(config, name) < 1:
            raise EdgeError(f"{setting(name)} is {getattr(config, name):g}", fix="a share from 0 to below 1")
