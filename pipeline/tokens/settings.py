"""The settings of the road of the model over tokens, checked together before anything is read or trained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cloud.data.prepare import PrepareConfig, config_for, open_source
from cloud.fit import FitConfig
from cloud.teacher import TEACHERS, TeacherConfig
from compress.pruned import PRUNINGS, PruneConfig
from distill.student import STUDENTS, StudentConfig, check_relation_heads
from edge.config import setting, settings_in
from edge.errors import EdgeError
from export.student import EXPORTS, ExportConfig
from export.weights import require_shared

REPORTED = "test"  # the split whose figures the report shows


@dataclass(frozen=True)
class TokensConfig:
    """The settings of every stage. What only fits together is checked here, before anything is trained."""

    prepare: PrepareConfig
    teacher: TeacherConfig
    student: StudentConfig
    prune: PruneConfig
    export: ExportConfig = field(default_factory=ExportConfig)

    def __post_init__(self) -> None:
        width = setting("teacher.model.hidden_size")
        with settings_in("student"):
            check_relation_heads(self.student.relation_heads, self.teacher.model.hidden_size, width)
        require_shared(self.student.model, fix=f"--set {setting('student.model.shared')}=true")
        text = setting("prepare.text.")
        with settings_in("export.buckets"):
            self.export.buckets.holding(self.prepare.text, text)
        for stage in ("teacher", "student", "prune"):
            splits = getattr(self, stage).measured.splits
            if REPORTED not in splits:
                problem = (
                    f"{setting(f'{stage}.measured.splits')} is {list(splits)}, the report needs {REPORTED!r} in it"
                )
                raise EdgeError(problem, fix=f"add {REPORTED!r}")


def tokens(data: str) -> TokensConfig:
    """Minutes on two cores."""
    return TokensConfig(
        config_for(open_source(data), "quickstart"),
        TEACHERS["tokens"],
        STUDENTS["quickstart"],
        PRUNINGS["quickstart"],
        EXPORTS["quickstart"],
    )


def smoke(data: str) -> TokensConfig:
    """A smoke test of the whole road, in two minutes: `tokens` with a tenth of its steps."""
    whole = tokens(data)
    teacher, student, prune = whole.teacher, whole.student, whole.prune
    schedule = replace(prune.schedule, end=prune.schedule.end // 10, every=1)
    return replace(
        whole,
        teacher=replace(teacher, infill=_tenth(teacher.infill), click=_tenth(teacher.click)),
        student=replace(student, relations=_tenth(student.relations), scores=_tenth(student.scores)),
        prune=replace(prune, schedule=schedule, fit=_tenth(prune.fit)),
    )


def _tenth(fit: FitConfig) -> FitConfig:
    return replace(fit, steps=fit.steps // 10, warmup_steps=fit.warmup_steps // 10)


TOKEN_ROADS = {"tokens": tokens, "smoke": smoke}
