"""Logs that several tests read: a small one made by rule, and MovieLens-100k."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs import make_rows, make_source, write_csv

from cloud.data.bad_rows import BadRows
from cloud.data.log import Log, first_users
from cloud.data.movielens import movielens
from cloud.data.read_log import read_log


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return read_log(make_source(write_csv(tmp_path / "events.csv", make_rows())), BadRows())


@pytest.fixture(scope="session")
def movielens_100k() -> Log:
    return read_log(movielens("ml-100k"), BadRows())


@pytest.fixture(scope="session")
def few_real_users(movielens_100k: Log) -> Log:
    return first_users(movielens_100k, 40)
