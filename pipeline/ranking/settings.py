"""The settings of the road of the ranking model, checked together before anything is read or trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cloud.data.prepare import PrepareConfig, config_for, open_source
from cloud.ranking.train import RANKERS, RankerConfig
from compress.ranking.pruned import RANKER_PRUNINGS, RankerPruning
from distill.ranking.student import RANKING_STUDENTS, RankingStudentConfig, check_relation_heads
from edge.config import setting, settings_in

PREPARATIONS = {"quickstart": "quickstart", "lunch": "quickstart", "m6-edge": "m6-edge"}  # by the road's preset


@dataclass(frozen=True)
class RankingRoadConfig:
    """The settings of every stage. What only fits together is checked here, before anything is trained."""

    prepare: PrepareConfig
    teacher: RankerConfig
    student: RankingStudentConfig
    prune: RankerPruning

    def __post_init__(self) -> None:
        width = setting("teacher.shape.hidden_size")
        with settings_in("student"):
            check_relation_heads(self.student.relation_heads, self.teacher.shape, width)


def _road(name: str, data: str) -> RankingRoadConfig:
    """The presets of that name of every stage."""
    prepare = config_for(open_source(data), PREPARATIONS[name])
    return RankingRoadConfig(prepare, RANKERS[name], RANKING_STUDENTS[name], RANKER_PRUNINGS[name])


RANKING_ROADS: dict[str, Callable[[str], RankingRoadConfig]] = {name: partial(_road, name) for name in PREPARATIONS}
