"""Settings that cannot work are refused before anything is read or trained, by the names that the user types."""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloud.data.prepare import PRESETS
from cloud.limits import MOST_SEED
from cloud.ranking.train import RANKERS
from cloud.teacher import TEACHERS
from compress.pruned import PRUNINGS
from compress.ranking.pruned import RANKER_PRUNINGS
from distill.ranking.student import RANKING_STUDENTS
from distill.student import STUDENTS
from edge.config import override, preset
from edge.errors import EdgeError
from export.student import EXPORTS
from pipeline.presets import PIPELINES

CONFIG = preset(PIPELINES, "tokens")("ml-100k")
RANKING = preset(PIPELINES, "quickstart")("ml-100k")
COMMANDS: dict[str, Any] = {
    "run": CONFIG,
    "prepare": PRESETS["quickstart"],
    "train": TEACHERS["tokens"],
    "distill": STUDENTS["quickstart"],
    "compress": PRUNINGS["quickstart"],
    "export": EXPORTS["quickstart"],
}
OF_RANKING: dict[str, Any] = {
    "run": RANKING,
    "train": RANKERS["quickstart"],
    "distill": RANKING_STUDENTS["quickstart"],
    "compress": RANKER_PRUNINGS["quickstart"],
}
GROUPS = {"prepare": "prepare", "train": "teacher", "distill": "student", "compress": "prune", "export": "export"}
WALKED = [(CONFIG, name, config) for name, config in COMMANDS.items()]
WALKED += [(RANKING, name, config) for name, config in OF_RANKING.items()]
NAMED = re.compile(r"([a-z_][\w.]*)(?: is |=| must be | holds )")


HUGE = (10**11, 10**30)


def whole_numbers(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting that takes whole numbers, and one of its values with a number in it replaced by `HUGE`'s."""
    hints = typing.get_type_hints(type(config))
    for field in dataclasses.fields(config):
        value, key = getattr(config, field.name), prefix + field.name
        if dataclasses.is_dataclass(value):
            yield from whole_numbers(value, f"{key}.")
        elif hints[field.name] is int:
            yield from ((key, huge) for huge in HUGE)
        elif hints[field.name] == tuple[int, ...]:
            yield from ((key, [56, huge]) for huge in HUGE)
            yield key, list(range(1, 10_001))


def keys(config: Any, prefix: str = "") -> Iterator[str]:
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from keys(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def of_both(walk: Callable[[Any], Iterator[Any]]) -> list[Any]:
    """What a walk finds in the settings of both roads, those of the preparation once."""
    of_ranking = [found for found in walk(RANKING) if not found[0].startswith("prepare.")]
    return [*((CONFIG, *found) for found in walk(CONFIG)), *((RANKING, *found) for found in of_ranking)]


@pytest.mark.parametrize(("config", "key", "value"), of_both(whole_numbers))
def test_every_whole_number_has_a_most(config: Any, key: str, value: Any) -> None:
    with pytest.raises(EdgeError) as refused:
        override(config, [f"{key}={json.dumps(value)}"])
    assert key in refused.value.problem and refused.value.fix
    assert len(str(refused.value)) < 600


def test_whole_numbers_of_every_kind_are_found() -> None:
    found = {key for key, _ in whole_numbers(CONFIG)}
    assert {"prepare.vocabulary", "prepare.split.seed", "prepare.text.max_events", "teacher.model.hidden_size"} <= found
    assert {"student.scores.steps", "prune.schedule.every", "export.buckets.user_tokens"} <= found
    assert {"export.cascade.candidates", "teacher.model.feed_forward"} <= found and len(found) > 60
    found = {key for key, _ in whole_numbers(RANKING)}
    assert {"teacher.shape.encode_layers", "student.passes.scores", "student.rounds", "prune.every"} <= found


def fractions(config: Any, prefix: str = "") -> Iterator[tuple[str]]:
    """Every setting that takes any number."""
    hints = typing.get_type_hints(type(config))
    for field in dataclasses.fields(config):
        value, key = getattr(config, field.name), prefix + field.name
        if dataclasses.is_dataclass(value):
            yield from fractions(value, f"{key}.")
        elif float in (hints[field.name], *typing.get_args(hints[field.name])):
            yield (key,)


@pytest.mark.parametrize(("config", "key"), of_both(fractions))
@pytest.mark.parametrize("value", ["1e11", "100000000000", "1e300"])
def test_every_number_has_a_most(config: Any, key: str, value: str) -> None:
    with pytest.raises(EdgeError) as refused:
        override(config, [f"{key}={value}"])
    assert key in refused.value.problem and refused.value.fix
    assert len(str(refused.value)) < 600


def test_numbers_of_every_kind_are_found() -> None:
    found = {key for (key,) in fractions(CONFIG)}
    assert {
        "prepare.split.test",
        "teacher.infill.learning_rate",
        "teacher.click.clip",
        "prune.fit.weight_decay",
    } <= found
    assert {"student.teacher_share", "prune.schedule.sparsity", "export.cascade.agreement"} <= found and len(found) > 30
    found = {key for (key,) in fractions(RANKING)}
    assert {"teacher.order_weight", "student.teacher_share", "prune.sparsity", "prune.rise"} <= found


@pytest.mark.parametrize(
    ("setting", "least", "most"),
    [
        ("learning_rate", "1e-12", "10"), ("final_rate", "0", "1"), ("weight_decay", "0", "100"),
        ("clip", "1e-12", "1e9"), ("checkpoint_seconds", "0", "86400"),
    ],
)  # fmt: skip
def test_a_number_of_training_is_taken_up_to_both_ends_of_its_range(setting: str, least: str, most: str) -> None:
    key = f"teacher.click.{setting}"
    for value in (least, most):
        assert override(CONFIG, [f"{key}={value}"]) != CONFIG
    for value in ("-1e-9", f"{float(most) * 1.001}"):
        with pytest.raises(EdgeError, match=rf"^teacher\.click\.{setting} is "):
            override(CONFIG, [f"{key}={value}"])
    if least != "0":
        with pytest.raises(EdgeError, match="it must be above 0"):
            override(CONFIG, [f"{key}=0"])


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("prepare.vocabulary=0", "prepare.vocabulary is 0, it must be from 1 to 1,000,000"),
        ("prepare.max_users=-1", "prepare.max_users is -1, it must be from 0 to 1,000,000,000"),
        ("prepare.split.test=1", "prepare.split.validation=0.1 and prepare.split.test=1 leave one part empty"),
        ("prepare.split.test=NaN", "prepare.split.validation=0.1 and prepare.split.test=nan leave one part empty"),
        ("prepare.text.max_events=-1", "prepare.text.max_events is -1, it must be from 0 to 4096"),
        (
            "prepare.text.max_user_tokens=24",
            "prepare.text.max_user_tokens=24 does not hold a profile of prepare.text.max_segment_tokens=24 tokens "
            "and the closing token",
        ),
        ("prepare.text.profile={x", "template 'prepare.text.profile' column 1: '{' without its other half"),
        ("teacher.model.heads=5", "teacher.model.heads=5 does not divide teacher.model.hidden_size=128"),
        ("teacher.model.exits=first", "teacher.model.exits must be one of 'last', 'every', not 'first'"),
        ("teacher.click.accumulate=0", "teacher.click.accumulate is 0, it must be from 1 to 10,000"),
        (
            "teacher.click.learning_rate=Infinity",
            "teacher.click.learning_rate is inf, it must be above 0, at most 10",
        ),
        (
            f"teacher.infill.seed={MOST_SEED + 1}",
            f"teacher.infill.seed is {MOST_SEED + 1}, it must be from 0 to 1,000,000,000",
        ),
        ("teacher.batch_tokens=0", "teacher.batch_tokens is 0, it must be from 1 to 1,000,000"),
        ('teacher.measured.plans=["segments"]', "teacher.measured.plans is ['segments']"),
        ('teacher.measured.splits=["tset"]', "teacher.measured.splits is ['tset']"),
        ("teacher.measured.splits=[]", "teacher.measured.splits is []"),
        (
            'prune.measured.splits=["train"]',
            "prune.measured.splits is ['train'], the report needs 'test' in it",
        ),
        ("student.model.layers=0", "student.model.layers is 0, it must be from 1 to 512"),
        (
            "student.model.handover=99",
            "student.model.handover=99 leaves none of student.model.layers=4 layers to see all segments",
        ),
        ("student.model.shared=false", "a model with 4 layers of their own cannot become an edge graph"),
        ("student.relation_heads=7", "student.relation_heads=7 does not divide student.model.hidden_size=128"),
        (
            "student.relation_heads=64 teacher.model.hidden_size=96",
            "student.relation_heads=64 does not divide teacher.model.hidden_size=96",
        ),
        ("student.relation_heads=0", "student.relation_heads is 0, it must be from 1 to 16,384"),
        ("student.teacher_share=1.5", "student.teacher_share is 1.5, it must be from 0 to 1"),
        ("prune.teacher_share=-1", "prune.teacher_share is -1.0, it must be from 0 to 1"),
        ("prune.schedule.end=100000", "prune.schedule.end=100000 is after the last step, prune.fit.steps=170"),
        ("prune.fit.steps=2", "prune.schedule.end=110 is after the last step, prune.fit.steps=2"),
        ("prune.schedule.sparsity=80", "prune.schedule.sparsity is 80.0"),
        ("prune.schedule.begin=100000", "prune.schedule.end=110 is not after prune.schedule.begin=100000"),
        (
            "export.buckets.user_tokens=[16]",
            "export.buckets.user_tokens holds 16 tokens, prepare.text.max_user_tokens=112 allows more",
        ),
        (
            "export.buckets.candidate_tokens=8",
            "export.buckets.candidate_tokens holds 8 tokens, prepare.text.max_segment_tokens=24 allows more",
        ),
        ("export.buckets.user_tokens=[0,200]", "export.buckets.user_tokens is [0, 200]"),
        ("export.golden_requests=0", "export.golden_requests is 0, it must be from 1 to 10,000"),
        ("export.float_tolerance=NaN", "export.float_tolerance is nan, it must be above 0, at most 1"),
        ("export.cascade.agreement=97", "export.cascade.agreement is 97.0, it must be from 0 to 1"),
        ("export.name=../movies", "export.name='../movies' cannot name a bundle"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_its_name_and_that_of_what_it_must_fit(
    settings: str, problem: str
) -> None:
    with pytest.raises(EdgeError) as refused:
        override(CONFIG, settings.split())
    assert refused.value.problem == problem


@pytest.mark.parametrize(
    ("settings", "fix"),
    [
        (
            "prune.fit.steps=2",
            "--set prune.schedule.end=N with N up to 2, or --set prune.fit.steps=N with N from 110",
        ),
        ("student.model.shared=false", "--set student.model.shared=true"),
        ("student.model.handover=4", "--set student.model.handover=N with N below 4; 0 trains no segments plan"),
        ("teacher.model.heads=5", "set teacher.model.hidden_size to a multiple of teacher.model.heads"),
        ("prune.schedule.begin=110", "set prune.schedule.end to 111 or more"),
        (
            "export.buckets.user_tokens=[16]",
            "raise export.buckets.user_tokens, or lower prepare.text.max_user_tokens before preparing",
        ),
    ],
)
def test_the_fix_names_settings_as_the_command_takes_them(settings: str, fix: str) -> None:
    with pytest.raises(EdgeError) as refused:
        override(CONFIG, settings.split())
    assert refused.value.fix == fix


@pytest.mark.parametrize("value", ["-1", "0", "NaN", "1e300", str(10**30), "[]", "null", "true", "{x", '["x"]'])
@pytest.mark.parametrize("config", [*COMMANDS.values(), *OF_RANKING.values()])
def test_whatever_a_setting_is_given_its_error_names_it_as_the_command_does(config: Any, value: str) -> None:
    known = set(keys(config))
    for key in known:
        try:
            override(config, [f"{key}={value}"])
        except EdgeError as error:
            assert re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", error.problem), error.problem
            named = set(NAMED.findall(error.problem)) - {"it"}
            assert named <= known, error.problem


@pytest.mark.parametrize(("whole", "command", "own"), [one for one in WALKED if one[1] in GROUPS])
def test_run_and_the_stage_s_own_command_refuse_the_same_values(whole: Any, command: str, own: Any) -> None:
    """Each by its own name for the setting; `run` refuses more, which only fits together."""
    group, refused = GROUPS[command], 0
    for key in keys(own):
        for value in ("-1", "0", "NaN", "x", "[]"):
            try:
                override(own, [f"{key}={value}"])
            except EdgeError as error:
                refused += 1
                with pytest.raises(EdgeError) as again:
                    override(whole, [f"{group}.{key}={value}"])
                assert error.problem.replace(key, f"{group}.{key}", 1).partition("=")[0] in again.value.problem
    assert refused > 10


@pytest.mark.parametrize(
    ("settings", "nearest"),
    [
        ("prune.fit.stesp=2", "prune.fit.steps"),
        ("teacher.click.step=2", "teacher.click.steps"),
        ("export.nam=x", "export.name"),
        ("prepare.text.max_event=2", "prepare.text.max_events"),
    ],
)
def test_an_unknown_setting_names_the_nearest_one_in_full(settings: str, nearest: str) -> None:
    with pytest.raises(EdgeError, match=r"^unknown setting") as refused:
        override(CONFIG, [settings])
    assert refused.value.fix == f"did you mean {nearest!r}?"


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
        'teacher.measured.splits=["validation","test"]',
        "student.teacher_share=0 prune.teacher_share=1",
    ],
)
def test_an_unusual_setting_that_works_is_taken(settings: str) -> None:
    assert override(CONFIG, settings.split()) != CONFIG


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("teacher.shape.heads=5", "teacher.shape.heads=5 does not divide teacher.shape.hidden_size=128"),
        ("teacher.passes=-1", "teacher.passes is -1, it must be from 0 to 10,000"),
        ("student.relation_heads=7", "student.relation_heads=7 does not divide student.shape.hidden_size=128"),
        (
            "student.relation_heads=64 teacher.shape.hidden_size=96",
            "student.relation_heads=64 does not divide teacher.shape.hidden_size=96",
        ),
        ("student.teacher_share=1.5", "student.teacher_share is 1.5, it must be from 0 to 1"),
        ("prune.sparsity=80", "prune.sparsity is 80.0"),
        ("prune.passes=0", "prune.passes is 0, it must be from 1 to 10,000"),
    ],
)
def test_a_setting_of_the_ranking_road_that_cannot_work_is_refused_by_its_name(settings: str, problem: str) -> None:
    with pytest.raises(EdgeError) as refused:
        override(RANKING, settings.split())
    assert refused.value.problem == problem


@pytest.mark.parametrize("name", ["quickstart", "lunch", "m6-edge"])
def test_a_preset_of_the_ranking_road_is_that_of_every_stage(name: str) -> None:
    found = preset(PIPELINES, name)("ml-100k")
    stages = (RANKERS[name], RANKING_STUDENTS[name], RANKER_PRUNINGS[name])
    assert (found.teacher, found.student, found.prune) == stages


def test_the_smoke_preset_is_that_of_tokens_with_a_tenth_of_its_steps() -> None:
    smoke = preset(PIPELINES, "smoke")("ml-100k")
    assert (smoke.teacher.model, smoke.student.model) == (CONFIG.teacher.model, CONFIG.student.model)
    assert (smoke.prepare, smoke.export) == (CONFIG.prepare, CONFIG.export)
    assert (smoke.teacher.infill.steps, smoke.teacher.click.steps) == (6, 60)
    assert (smoke.student.relations.steps, smoke.student.scores.steps) == (2, 26)
    assert (smoke.prune.schedule.end, smoke.prune.fit.steps) == (11, 17)
    assert smoke.prune.schedule.sparsity == CONFIG.prune.schedule.sparsity


def test_an_unknown_preset_names_all_there_are_and_the_nearest_if_one_is_near() -> None:
    with pytest.raises(EdgeError, match="unknown preset 'glanze'") as raised:
        preset(PIPELINES, "glanze")
    assert raised.value.fix == "known: quickstart, lunch, m6-edge, tokens, smoke"
    with pytest.raises(EdgeError) as raised:
        preset(PIPELINES, "quikstart")
    assert raised.value.fix == "did you mean 'quickstart'? known: quickstart, lunch, m6-edge, tokens, smoke"
