"""Logs that several tests read: a small one made by rule, and MovieLens-100k."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs import make_rows, make_source, write_csv

from cloud.data.bad_rows import BadRows
from cloud.data.log import Log, first_users
from cloud.data.movielens import movielens
from cloud.data.read_log import read_log
from cloud.data.schema import Source


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return make_source(write_csv(tmp_path / "events.csv", make_rows()))


@pytest.fixture
def log(source: Source) -> Log:
    return read_log(source, BadRows())


@pytest.fixture(scope="session")
def movielens_100k() -> Log:
    return read_log(movielens("ml-100k"), BadRows())


@pytest.fixture(scope="session")
def few_real_users(movielens_100k: Log) -> Log:
    return first_users(movielens_100k, 40)
