"""Settings of `edge run` that cannot work are refused before anything is read or trained, in one message."""

from __future__ import annotations

import re

import pytest

from edge.config import override, preset
from edge.errors import EdgeError
from pipeline.stages import PIPELINES

CONFIG = preset(PIPELINES, "quickstart")("ml-100k")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("teacher.model.heads=5", "model.heads=5 does not divide"),
        ("student.model.layers=0", "model.layers is 0"),
        ("student.model.handover=99", "model.handover=99 leaves none"),
        ("student.model.shared=false", "layers of their own cannot become an edge graph"),
        ("student.relation_heads=7", "relation_heads=7 does not divide"),
        ("student.relation_heads=0", "relation_heads=0 does not divide"),
        ("teacher.model.exits=first", "teacher.model.exits must be"),
        ("teacher.click.accumulate=0", "accumulate is 0"),
        ("teacher.click.learning_rate=Infinity", "learning_rate is inf"),
        ("prune.schedule.end=100000", "pruning ends at step 100000"),
        ("prune.fit.steps=1", "training at step 1"),
        ("prune.schedule.sparsity=80", "schedule.sparsity is 80.0"),
        ("prune.schedule.begin=100000", "schedule.end is"),
        ("export.buckets.user_tokens=[16]", "buckets.user_tokens holds 16 tokens"),
        ("export.buckets.candidate_tokens=8", "buckets.candidate_tokens holds 8 tokens"),
        ("export.golden_requests=0", "golden_requests is 0"),
        ("export.name=../movies", "a bundle cannot be named '../movies'"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(settings: str, problem: str) -> None:
    with pytest.raises(EdgeError, match=re.escape(problem)):
        override(CONFIG, settings.split())


@pytest.mark.parametrize(
    "settings",
    [
        "teacher.batch_tokens=1",
        "teacher.infill.steps=0 student.relations.steps=0",
        "student.model.layers=2 student.model.handover=1",
        "student.model.handover=0",
        "prune.schedule.end=5 prune.fit.steps=5",
        "prune.schedule.sparsity=0",
        "prepare.text.max_user_tokens=200 export.buckets.user_tokens=[64,200]",
        "prepare.text.max_user_tokens=500 prepare.text.max_segment_tokens=40",
    ],
)
def test_an_unusual_setting_that_works_is_taken(settings: str) -> None:
    assert override(CONFIG, settings.split()) != CONFIG


def test_the_smoke_preset_is_the_quickstart_with_a_tenth_of_its_steps() -> None:
    smoke = preset(PIPELINES, "smoke")("ml-100k")
    assert (smoke.teacher.model, smoke.student.model) == (CONFIG.teacher.model, CONFIG.student.model)
    assert (smoke.prepare, smoke.export) == (CONFIG.prepare, CONFIG.export)
    assert (smoke.teacher.infill.steps, smoke.teacher.click.steps) == (6, 60)
    assert (smoke.student.relations.steps, smoke.student.scores.steps) == (2, 26)
    assert (smoke.prune.schedule.end, smoke.prune.fit.steps) == (11, 17)
    assert smoke.prune.schedule.sparsity == CONFIG.prune.schedule.sparsity


def test_an_unknown_preset_names_the_nearest_and_all_there_are() -> None:
    with pytest.raises(EdgeError, match="unknown preset 'glanze'") as raised:
        preset(PIPELINES, "glanze")
    assert raised.value.fix == "did you mean 'smoke'? known: quickstart, smoke"
