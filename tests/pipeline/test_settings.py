"""Settings that cannot work are refused before anything is read or trained, by the names that the user types."""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from cloud.data.prepare import PRESETS
from cloud.ranking.train import RANKERS
from compress.pruned import RANKER_PRUNINGS
from distill.student import RANKING_STUDENTS
from edge.config import override, preset
from edge.errors import EdgeError
from export.settings import RANKER_EXPORTS
from pipeline.settings import ROADS

CONFIG = preset(ROADS, "quickstart")("ml-100k")
COMMANDS: dict[str, Any] = {
    "run": CONFIG,
    "prepare": PRESETS["quickstart"],
    "train": RANKERS["quickstart"],
    "distill": RANKING_STUDENTS["quickstart"],
    "compress": RANKER_PRUNINGS["quickstart"],
    "export": RANKER_EXPORTS["quickstart"],
}
GROUPS = {"prepare": "prepare", "train": "teacher", "distill": "student", "compress": "prune", "export": "export"}
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


@pytest.mark.parametrize(("key", "value"), list(whole_numbers(CONFIG)))
def test_every_whole_number_has_a_most(key: str, value: Any) -> None:
    with pytest.raises(EdgeError) as refused:
        override(CONFIG, [f"{key}={json.dumps(value)}"])
    assert key in refused.value.problem and refused.value.fix
    assert len(str(refused.value)) < 600


def test_whole_numbers_of_every_kind_are_found() -> None:
    found = {key for key, _ in whole_numbers(CONFIG)}
    assert {"prepare.vocabulary", "prepare.split.seed", "teacher.shape.encode_layers", "student.passes.scores"} <= found
    assert {"student.rounds", "prune.every", "export.golden_requests", "export.buckets.tokens"} <= found
    assert {"export.parity.requests", "export.buckets.segments"} <= found and len(found) > 60


def fractions(config: Any, prefix: str = "") -> Iterator[tuple[str]]:
    """Every setting that takes any number."""
    hints = typing.get_type_hints(type(config))
    for field in dataclasses.fields(config):
        value, key = getattr(config, field.name), prefix + field.name
        if dataclasses.is_dataclass(value):
            yield from fractions(value, f"{key}.")
        elif float in (hints[field.name], *typing.get_args(hints[field.name])):
            yield (key,)


@pytest.mark.parametrize("key", [key for (key,) in fractions(CONFIG)])
@pytest.mark.parametrize("value", ["1e11", "100000000000", "1e300"])
def test_every_number_has_a_most(key: str, value: str) -> None:
    with pytest.raises(EdgeError) as refused:
        override(CONFIG, [f"{key}={value}"])
    assert key in refused.value.problem and refused.value.fix
    assert len(str(refused.value)) < 600


def test_numbers_of_every_kind_are_found() -> None:
    found = {key for (key,) in fractions(CONFIG)}
    assert {"prepare.split.test", "teacher.fit.learning_rate", "teacher.order_weight", "prune.sparsity"} <= found
    assert {"student.teacher_share", "export.integer_tolerance", "export.parity.auc"} <= found and len(found) > 30


@pytest.mark.parametrize(
    ("setting", "least", "most"),
    [
        ("learning_rate", "1e-12", "10"), ("final_rate", "0", "1"), ("weight_decay", "0", "100"),
        ("clip", "1e-12", "1e9"), ("checkpoint_seconds", "0", "86400"),
    ],
)  # fmt: skip
def test_a_number_of_training_is_taken_up_to_both_ends_of_its_range(setting: str, least: str, most: str) -> None:
    key = f"teacher.fit.{setting}"
    for value in (least, most):
        assert override(CONFIG, [f"{key}={value}"]) != CONFIG
    for value in ("-1e-9", f"{float(most) * 1.001}"):
        with pytest.raises(EdgeError, match=rf"^teacher\.fit\.{setting} is "):
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
        ("prepare.text.profile={x", "template 'prepare.text.profile' column 1: '{' without its other half"),
        ("teacher.shape.heads=5", "teacher.shape.heads=5 does not divide teacher.shape.hidden_size=128"),
        ("teacher.passes=-1", "teacher.passes is -1, it must be from 0 to 10,000"),
        ("teacher.fit.learning_rate=Infinity", "teacher.fit.learning_rate is inf, it must be above 0, at most 10"),
        ("student.relation_heads=7", "student.relation_heads=7 does not divide student.shape.hidden_size=128"),
        (
            "student.relation_heads=64 teacher.shape.hidden_size=96",
            "student.relation_heads=64 does not divide teacher.shape.hidden_size=96",
        ),
        ("student.teacher_share=1.5", "student.teacher_share is 1.5, it must be from 0 to 1"),
        ("student.shape.shared=false", "a ranking model with 3 layers of their own cannot become an edge graph"),
        ("prune.sparsity=80", "prune.sparsity is 80.0"),
        ("prune.passes=0", "prune.passes is 0, it must be from 1 to 10,000"),
        (
            "export.buckets.tokens=[16]",
            "export.buckets.tokens holds 16 tokens, the model's longest segment has 24",
        ),
        (
            "prepare.text.max_segment_tokens=200 prepare.text.max_user_tokens=300",
            "export.buckets.tokens holds 128 tokens, the model's longest segment has 200",
        ),
        ("export.buckets.append=[0,200]", "export.buckets.append is [0, 200]"),
        (
            "export.buckets.candidates=[1,2,3,4,5]",
            "the buckets make 17 signatures, 12 are allowed",
        ),
        ("export.golden_requests=0", "export.golden_requests is 0, it must be from 1 to 10,000"),
        ("export.float_tolerance=NaN", "export.float_tolerance is nan, it must be above 0, at most 1"),
        ("export.parity.top10=99.5", "export.parity.top10 is 99.5, it must be from 0 to 1"),
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
        ("student.shape.shared=false", "--set student.shape.shared=true"),
        ("teacher.shape.heads=5", "set teacher.shape.hidden_size to a multiple of teacher.shape.heads"),
        ("export.buckets.tokens=[16]", "end export.buckets.tokens with 24 or more"),
        (
            "export.buckets.candidates=[1,2,3,4,5]",
            "name fewer sizes in export.buckets.tokens, export.buckets.append or export.buckets.candidates",
        ),
    ],
)
def test_the_fix_names_settings_as_the_command_takes_them(settings: str, fix: str) -> None:
    with pytest.raises(EdgeError) as refused:
        override(CONFIG, settings.split())
    assert refused.value.fix == fix


@pytest.mark.parametrize("value", ["-1", "0", "NaN", "1e300", str(10**30), "[]", "null", "true", "{x", '["x"]'])
@pytest.mark.parametrize("config", COMMANDS.values())
def test_whatever_a_setting_is_given_its_error_names_it_as_the_command_does(config: Any, value: str) -> None:
    known = set(keys(config))
    for key in known:
        try:
            override(config, [f"{key}={value}"])
        except EdgeError as error:
            assert re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", error.problem), error.problem
            named = set(NAMED.findall(error.problem)) - {"it"}
            assert named <= known, error.problem


@pytest.mark.parametrize("command", GROUPS)
def test_run_and_the_stage_s_own_command_refuse_the_same_values(command: str) -> None:
    """Each by its own name for the setting; `run` refuses more, which only fits together."""
    group, own, refused = GROUPS[command], COMMANDS[command], 0
    for key in keys(own):
        for value in ("-1", "0", "NaN", "x", "[]"):
            try:
                override(own, [f"{key}={value}"])
            except EdgeError as error:
                refused += 1
                with pytest.raises(EdgeError) as again:
                    override(CONFIG, [f"{group}.{key}={value}"])
                assert error.problem.replace(key, f"{group}.{key}", 1).partition("=")[0] in again.value.problem
    assert refused > 10


@pytest.mark.parametrize(
    ("settings", "nearest"),
    [
        ("prune.evry=2", "prune.every"),
        ("teacher.fit.learning_rat=2", "teacher.fit.learning_rate"),
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
        "teacher.passes=0 student.passes.scores=0",
        "student.shape.encode_layers=0 student.shape.early_encode=0",
        "student.shape.interact_layers=0 student.passes.relations=0",
        "prune.sparsity=0",
        "prepare.text.max_segment_tokens=200 prepare.text.max_user_tokens=300 export.buckets.tokens=[64,200]",
        "export.coreml=false export.buckets.append=[1,8,32]",
        "student.teacher_share=0 prune.teacher_share=1",
    ],
)
def test_an_unusual_setting_that_works_is_taken(settings: str) -> None:
    assert override(CONFIG, settings.split()) != CONFIG


@pytest.mark.parametrize("name", ["quickstart", "lunch", "m6-edge"])
def test_a_preset_of_the_ranking_road_is_that_of_every_stage(name: str) -> None:
    found = preset(ROADS, name)("ml-100k")
    stages = (RANKERS[name], RANKING_STUDENTS[name], RANKER_PRUNINGS[name])
    assert (found.teacher, found.student, found.prune) == stages


def test_an_unknown_preset_names_all_there_are_and_the_nearest_if_one_is_near() -> None:
    with pytest.raises(EdgeError, match="unknown preset 'glanze'") as raised:
        preset(ROADS, "glanze")
    assert raised.value.fix == "known: quickstart, lunch, m6-edge"
    with pytest.raises(EdgeError) as raised:
        preset(ROADS, "quikstart")
    assert raised.value.fix == "did you mean 'quickstart'? known: quickstart, lunch, m6-edge"
