"""A small log, and a ranking model on it to learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cloud.data.rows import Prepared
from cloud.ranking.cloud_numbers import collaborative_number
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import TimelineBatch, Timelines
from cloud.ranking.train import RANKERS, RankerConfig, train_ranker
from cloud.runs.directory import Run

SHAPE = RankingShape(vocabulary_size=1, numbers=0, hidden_size=24, embedding_size=8, heads=3, encode_layers=2)
TEACHER = replace(RANKERS["quickstart"], shape=SHAPE, repeats=1, passes=1, users=8, targets=16, history=24)


@pytest.fixture(scope="session")
def prepared(prepared_club: Callable[[int], Run]) -> Run:
    return prepared_club(16)


@pytest.fixture(scope="session")
def teacher_config() -> RankerConfig:
    return TEACHER


@pytest.fixture(scope="session")
def teacher(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_ranker(prepared, tmp_path_factory.mktemp("teacher") / "ranker", TEACHER)


@pytest.fixture(scope="session")
def timelines(prepared: Run) -> Timelines:
    """With the numbers that the teacher reads."""
    rows = Prepared(prepared)
    return Timelines(rows, history=100, targets=16, most_tokens=24, beside=collaborative_number(rows).column)


@pytest.fixture
def batch(timelines: Timelines) -> TimelineBatch:
    """Windows of unlike lengths."""
    windows = timelines.windows(np.arange(60 * 3))
    return timelines.batch([windows[0], windows[3], windows[6]])
