"""The film club, prepared once, and a small ranking model trained on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cloud.data.rows import Prepared
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import Timelines
from cloud.ranking.train import RANKERS, train_ranker
from cloud.runs.directory import Run
from distill.student import Passes, RankingStudentConfig, train_ranking_student

SHAPE = RankingShape(vocabulary_size=1, numbers=0, hidden_size=24, embedding_size=8, heads=3, interact_layers=1)


@pytest.fixture(scope="session")
def club(prepared_club: Callable[[int], Run]) -> Run:
    return prepared_club(24)


@pytest.fixture(scope="session")
def timelines(club: Run) -> Timelines:
    return Timelines(Prepared(club), history=100, targets=16, most_tokens=24)


@pytest.fixture(scope="session")
def ranker(club: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = replace(RANKERS["quickstart"], shape=SHAPE, repeats=1, passes=2, users=8, history=30, collaborative=False)
    return train_ranker(club, tmp_path_factory.mktemp("trained") / "ranker", config)


@pytest.fixture(scope="session")
def student(club: Run, ranker: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = RankingStudentConfig(replace(SHAPE, hidden_size=16, heads=2), Passes(0, 0, 1), users=8, history=20)
    return train_ranking_student(club, ranker, tmp_path_factory.mktemp("distilled") / "student", config)
