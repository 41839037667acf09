"""The film club, prepared once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.runs.directory import Run


@pytest.fixture(scope="session")
def prepared(prepared_club: Callable[[int], Run]) -> Run:
    """Of 24 users."""
    return prepared_club(24)
