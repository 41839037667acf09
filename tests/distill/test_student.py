"""The stage "ranker-student": three phases in turn, each of which can be stopped, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import edge
from safetensors.torch import load_file

from cloud.data.rows import Prepared
from cloud.fit import FitConfig
from cloud.ranking.measure import load_ranker
from cloud.ranking.model import RankingModel
from cloud.ranking.pretrained import EncoderConfig, PretrainedSegments
from cloud.ranking.shape import RankingShape
from cloud.ranking.train import RankerConfig
from cloud.runs.directory import Run
from distill import student
from distill.student import RANKING_STUDENTS, Passes, RankingStudentConfig, train_ranking_student
from distill.summaries import SummaryLoss, pretrained_targets
from distill.whitening import whitening_of
from edge.errors import EdgeError

STOPPED = 12  # after the checkpoint of step 10
FIT = FitConfig(steps=0, learning_rate=2e-3, checkpoint_seconds=0.0)
CONFIG = RankingStudentConfig(
    RankingShape(vocabulary_size=1, numbers=0, hidden_size=16, embedding_size=8, heads=2, encode_layers=2,
                 early_encode=1, interact_layers=1),
    passes=Passes(summaries=8, relations=2, scores=2),
    summaries=FIT, relations=FIT, scores=FIT, texts=128, rounds=1, users=8, targets=16, history=12, token_weight=0.1,
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(prepared: Run, teacher: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_ranking_student(prepared, teacher, tmp_path_factory.mktemp("whole") / "student", CONFIG)


def stopping_once(real: Any) -> Any:
    """The loss of a phase that is interrupted at its 12th step, the first time that it gets there."""
    calls = []

    def loss(*given: object) -> object:
        calls.append(1)
        if len(calls) == STOPPED:
            raise KeyboardInterrupt
        return real(*given)

    return loss


def test_a_student_interrupted_in_each_phase_ends_as_one_that_was_not(
    prepared: Run, teacher: Run, whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SummaryLoss, "forward", stopping_once(SummaryLoss.forward))
    for name in ("relation_loss", "distilled_loss"):
        monkeypatch.setattr(student, name, stopping_once(getattr(student, name)))
    for phase in ("summaries", "relations", "scores"):
        with pytest.raises(KeyboardInterrupt):
            train_ranking_student(prepared, teacher, tmp_path / "cut", CONFIG)
        kept = tmp_path / "cut.partial" / "scratch" / phase / "metrics.jsonl"
        assert len(kept.read_text().splitlines()) == 1 and not (tmp_path / "cut").exists()
    assert train_ranking_student(prepared, teacher, tmp_path / "cut", CONFIG).hash == whole.hash


def test_the_saved_weights_are_the_students_alone_and_every_exit_is_measured(whole: Run, teacher: Run) -> None:
    tensors, numbers = load_file(whole.file("weights.safetensors")), load_ranker(teacher).shape.numbers
    assert load_ranker(whole).shape.numbers == numbers - 1  # all but the one that only the cloud can know
    assert set(tensors) == set(RankingModel(load_ranker(whole).shape).state_dict())
    assert {encode: set(exits) for encode, exits in whole.summary["quality"]["validation"].items()} == {
        "encode 1": {"0", "1"},
        "encode 2": {"0", "1"},
    }
    phases = [json.loads(line)["phase"] for line in whole.file("metrics.jsonl").read_text().splitlines()]
    assert list(dict.fromkeys(phases)) == ["summaries", "relations", "scores"]


def test_a_phase_of_no_passes_is_left_out(prepared: Run, teacher: Run, tmp_path: Path) -> None:
    config = replace(CONFIG, passes=Passes(0, 0, 0))
    run = train_ranking_student(prepared, teacher, tmp_path / "none", config)
    shape = load_ranker(run).shape
    torch.manual_seed(0)
    fresh = RankingModel(shape).state_dict()
    tensors = load_file(run.file("weights.safetensors"))
    assert all(torch.equal(tensors[name], value) for name, value in fresh.items())


def test_relations_are_skipped_with_a_reason_where_entries_never_meet(
    prepared: Run, teacher: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = replace(CONFIG, shape=replace(CONFIG.shape, interact_layers=0), passes=Passes(0, 1, 0), token_weight=0.0)
    run = train_ranking_student(prepared, teacher, tmp_path / "flat", config)
    assert run.summary["skipped"] == ["relations: student and teacher have 0 and 2 interact layers"]
    assert "student: skipped relations: " in capsys.readouterr().err


def test_the_summaries_of_a_pretrained_encoder_are_learned_from_the_texts_that_it_has_read(
    prepared: Run, teacher: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretrained, rows = load_ranker(teacher), Prepared(prepared)
    count = len(rows.items.names) + len(rows.users.names)
    vectors = torch.randn(count, 12, generator=torch.Generator().manual_seed(0))
    hidden = pretrained.shape.hidden_size
    pretrained.pretrained = PretrainedSegments(EncoderConfig(), hidden, vectors, torch.arange(count)).eval()
    monkeypatch.setattr(student, "load_ranker", lambda run: pretrained)
    run = train_ranking_student(prepared, teacher, tmp_path / "student", replace(CONFIG, token_weight=0.0))
    assert "skipped" not in run.summary
    sources = np.array([0, 5, 5, count - 1])
    found = pretrained_targets(pretrained, sources, count)
    with torch.no_grad():
        plain = pretrained.pretrained.of_texts(torch.arange(count))
    torch.testing.assert_close(found, whitening_of(plain)(plain)[sources], atol=1e-3, rtol=1e-3)


def test_relation_heads_must_divide_both_widths(prepared: Run, teacher: Run, tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"relation_heads=3 does not divide shape\.hidden_size=16"):
        replace(CONFIG, relation_heads=3)
    with pytest.raises(EdgeError, match=r"relation_heads=16 does not divide .*shape\.hidden_size=24"):
        train_ranking_student(prepared, teacher, tmp_path / "wide", replace(CONFIG, relation_heads=16))
    with pytest.raises(EdgeError, match="teacher_share"):
        replace(CONFIG, teacher_share=1.5)
    with pytest.raises(EdgeError, match="word_dropout is 1"):
        replace(CONFIG, word_dropout=1.0)


def test_a_teacher_of_other_data_is_refused(
    prepared: Run, teacher: Run, teacher_config: RankerConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = prepared.path.parent / "edge.toml"
    assert edge("prepare", "--data", toml, "--out", tmp_path / "data", "--set", "max_users=10") == 0
    parents = ("--parent", tmp_path / "data", "--parent", teacher.path)
    assert edge("distill", *parents, "--out", tmp_path / "student") == 2
    assert f"{teacher.path} (ranker) was not made from {tmp_path / 'data'}" in capsys.readouterr().err


def test_the_command_takes_settings_and_presets_of_the_student(
    prepared: Run, teacher: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("distill", "--parent", prepared.path, "--parent", teacher.path, "--out", tmp_path / "student")
    passes = [f"passes.{phase}=0" for phase in ("summaries", "relations", "scores")]
    small = ("shape.hidden_size=16", "shape.embedding_size=8")
    assert edge(*command, *(part for change in (*passes, *small) for part in ("--set", change))) == 0
    assert "| test | 1 | 2 |" in capsys.readouterr().out
    assert Run.open(tmp_path / "student").stage == "ranker-student"
    assert edge(*command, "--set", "model.layers=2") == 2
    assert "model.layers" in capsys.readouterr().err
    assert edge(*command, "--preset", "tokens") == 2
    assert "unknown preset 'tokens'" in capsys.readouterr().err


def test_the_full_shape_has_about_ten_million_weights() -> None:
    shape = replace(RANKING_STUDENTS["m6-edge"].shape, vocabulary_size=24_000, numbers=12, positions=64)
    with torch.device("meta"):
        count = sum(parameter.numel() for parameter in RankingModel(shape).parameters())
    assert (shape.hidden_size, shape.heads, shape.encode_layers + shape.interact_layers) == (768, 16, 24)
    assert 9_500_000 < count < 11_000_000
