"""The settings of the road of the ranking model, checked together before anything is read or trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from cloud.data.prepare import PrepareConfig, config_for, open_source
from cloud.ranking.shape import RankingShape
from cloud.ranking.train import RANKERS, RankerConfig
from compress.graph import model_shape
from compress.pruned import RANKER_PRUNINGS, RankerPruning
from distill.student import RANKING_STUDENTS, RankingStudentConfig, check_relation_heads
from edge.config import setting, settings_in
from edge.text.wordpiece import SPECIAL_TOKENS
from export.one_layer import require_one_layer
from export.settings import RANKER_EXPORTS, RankerExportConfig

PREPARATIONS = {"quickstart": "quickstart", "lunch": "quickstart", "m6-edge": "m6-edge"}  # by the road's preset


@dataclass(frozen=True)
class RoadConfig:
    """The settings of every stage. What only fits together is checked here, before anything is trained."""

    prepare: PrepareConfig
    teacher: RankerConfig
    student: RankingStudentConfig
    prune: RankerPruning
    export: RankerExportConfig = field(default_factory=RankerExportConfig)

    def __post_init__(self) -> None:
        width = setting("teacher.shape.hidden_size")
        with settings_in("student"):
            check_relation_heads(self.student.relation_heads, self.teacher.shape, width)
        require_one_layer(self.student.shape, fix=f"--set {setting('student.shape.shared')}=true")
        with settings_in("export.buckets"):
            graph = model_shape(self.least(self.student.shape), self.student.history + 1)
            self.export.buckets.signatures(graph)

    def least(self, shape: RankingShape) -> RankingShape:
        """With the positions and numbers of the text, and the least vocabulary that the data could have."""
        text, least = self.prepare.text, len(SPECIAL_TOKENS)
        return replace(shape, vocabulary_size=least, numbers=len(text.numbers), positions=text.max_segment_tokens)


def _road(name: str, data: str) -> RoadConfig:
    """The presets of that name of every stage."""
    prepare = config_for(open_source(data), PREPARATIONS[name])
    export = RANKER_EXPORTS["quickstart"]
    return RoadConfig(prepare, RANKERS[name], RANKING_STUDENTS[name], RANKER_PRUNINGS[name], export)


ROADS: dict[str, Callable[[str], RoadConfig]] = {name: partial(_road, name) for name in PREPARATIONS}
