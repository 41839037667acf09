"""The film club, prepared once."""

from __future__ import annotations

import pytest
from small_rankers import prepare_club

from cloud.data.rows import Prepared
from cloud.ranking.timelines import Timelines
from cloud.runs.directory import Run


@pytest.fixture(scope="session")
def club(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return prepare_club(tmp_path_factory.mktemp("club"))


@pytest.fixture(scope="session")
def timelines(club: Run) -> Timelines:
    return Timelines(Prepared(club), history=100, targets=16, most_tokens=24)
