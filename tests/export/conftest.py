"""The film club, prepared once, and small ranking models of it: trained for a moment, float and in integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cloud.ranking.shape import RankingShape
from cloud.ranking.train import RANKERS, train_ranker
from cloud.runs.directory import Run
from compress.quantised import quantise_run
from distill.student import Passes, RankingStudentConfig, train_ranking_student

SHAPE = RankingShape(vocabulary_size=1, numbers=0, hidden_size=16, embedding_size=8, heads=2, interact_layers=1)


@pytest.fixture(scope="session")
def club(prepared_club: Callable[[int], Run]) -> Run:
    return prepared_club(24)


@pytest.fixture(scope="session")
def student(club: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("student")
    config = replace(RANKERS["quickstart"], shape=SHAPE, passes=1, users=8, history=30, collaborative=False)
    teacher = train_ranker(club, folder / "teacher", config)
    shape = replace(SHAPE, encode_layers=2, early_encode=1, factors=4)
    learned = RankingStudentConfig(shape, Passes(0, 0, 1), users=8, history=8)
    return train_ranking_student(club, teacher, folder / "student", learned)


@pytest.fixture(scope="session")
def integers(club: Run, student: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return quantise_run(club, student, tmp_path_factory.mktemp("integers") / "int8")
