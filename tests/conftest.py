"""Makes the modules beside it importable from every folder of tests; what several folders need once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cloud.runs.directory import Run

# A shell that starts the tests in the background has its children ignore Ctrl-C, and theirs: tests that send it wait.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def club_toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The edge.toml of a film club, with its log beside it; to be read only."""
    from commands import edge

    path = tmp_path_factory.mktemp("club") / "edge.toml"
    assert edge("init", "--example", "--out", path) == 0
    return path


@pytest.fixture(scope="session")
def prepared_club(club_toml: Path) -> Callable[[int], Run]:
    """The run that prepares the film club's first so many users, made once for each number; to be read only."""
    from dataclasses import replace

    from cloud.data.prepare import config_for, open_source, prepare

    def of_users(count: int) -> Run:
        source = open_source(str(club_toml))
        return prepare(source, club_toml.parent / f"data-{count}", replace(config_for(source), max_users=count))

    return of_users
