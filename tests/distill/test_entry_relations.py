"""The second phase: relations between entries and between tokens, whatever the widths, heads and depths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import TimelineBatch, Timelines
from distill.relations import (
    divergence,
    entry_vectors,
    real_entries,
    real_texts,
    relation_loss,
)

SHAPE = RankingShape(vocabulary_size=2_000, numbers=1, hidden_size=24, embedding_size=8, heads=3)


@pytest.fixture
def teacher(timelines: Timelines) -> RankingModel:
    return model_for(timelines, 1, encode_layers=2).requires_grad_(False)


def model_for(timelines: Timelines, seed: int, **changes: object) -> RankingModel:
    torch.manual_seed(seed)
    shape = replace(SHAPE, numbers=timelines.numbers.shape[1], positions=24, **changes)  # type: ignore[arg-type]
    model = RankingModel(shape, dropout=0.3, word_dropout=0.3)
    for parameter in model.parameters():  # nothing is zero, so that everything counts
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def test_a_student_that_is_its_teacher_has_nothing_to_learn(teacher: RankingModel, batch: TimelineBatch) -> None:
    assert relation_loss(teacher, 4, 1.0, teacher.train(), batch, 0)[0].item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("heads", [1, 8])
@pytest.mark.parametrize(
    "changes", [{}, {"hidden_size": 16, "heads": 2}, {"hidden_size": 48, "interact_layers": 3, "encode_layers": 3}]
)
def test_gradients_reach_all_that_a_relation_depends_on(
    changes: dict[str, object], heads: int, teacher: RankingModel, timelines: Timelines, batch: TimelineBatch
) -> None:
    student = model_for(timelines, 2, **changes).train()
    loss, figures = relation_loss(teacher, heads, 0.5, student, batch, 0)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.isfinite() and loss.item() == pytest.approx(figures["entries"] + 0.5 * figures["tokens"], rel=1e-5)
    scoring = ("match.", "matched.", "head", "wide.", "deep.")
    for name, parameter in student.named_parameters():
        wanted = not name.startswith(scoring)
        assert (parameter.grad is not None and parameter.grad.abs().max() > 0) == wanted, name
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_padding_and_candidates_are_no_part_of_the_loss(
    teacher: RankingModel, timelines: Timelines, batch: TimelineBatch
) -> None:
    student = model_for(timelines, 3)
    before = relation_loss(teacher, 4, 0.0, student, batch, 0)[0].item()
    (table,) = batch.tables
    padding = ~real_entries(table)[:, 1:]
    assert padding.any()
    changed = replace(
        table,
        item=torch.where(padding, 0, table.item),
        phrase=torch.where(padding, 1, table.phrase),
        numbers=torch.where(padding[..., None], 9.0, table.numbers),
        offered=torch.zeros_like(table.offered),
        offered_numbers=table.offered_numbers + 1,
    )
    spoilt = replace(batch, tables=(changed,))
    assert relation_loss(teacher, 4, 0.0, student, spoilt, 0)[0].item() == pytest.approx(before, rel=1e-5)
    moved = replace(batch, tables=(replace(table, phrase=torch.where(padding, table.phrase, 1)),))
    assert relation_loss(teacher, 4, 0.0, student, moved, 0)[0].item() != pytest.approx(before, rel=1e-5)


def test_texts_that_fill_up_a_group_are_no_part_of_the_loss(
    teacher: RankingModel, timelines: Timelines, batch: TimelineBatch
) -> None:
    student, used = model_for(timelines, 3), real_texts(batch).split([len(group) for group in batch.segments])
    assert not torch.cat(used).all()
    spoilt = [torch.where(some[:, None], group, 5) for group, some in zip(batch.segments, used, strict=True)]
    losses = [
        relation_loss(teacher, 4, 1.0, student, one, 0)[1]["tokens"]
        for one in (batch, replace(batch, segments=tuple(spoilt)))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_windows_together_weigh_as_many_entries_as_they_have(
    teacher: RankingModel, timelines: Timelines, batch: TimelineBatch
) -> None:
    student, real = model_for(timelines, 3), real_entries(batch.tables[0])
    (made,), (targets,) = (entry_vectors(one, batch, 1) for one in (student, teacher))
    together = divergence(targets, made, real, 4, causal=True)
    total = torch.zeros(())
    for user, count in enumerate(real.sum(1).tolist()):
        alone = [tuple(part[user : user + 1, :count] for part in vectors) for vectors in (targets, made)]
        total = total + count * divergence(alone[0], alone[1], real[user : user + 1, :count], 4, causal=True)
    assert together.item() == pytest.approx((total / real.sum()).item(), rel=1e-5)


def test_tables_together_weigh_as_many_entries_as_they_have(
    teacher: RankingModel, timelines: Timelines, batch: TimelineBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = [timelines.windows(np.arange(60 * 3))[number] for number in (0, 3, 6)]  # those of the batch
    monkeypatch.setattr("cloud.ranking.timelines.of_like_length", lambda lengths: [[2, 0], [1]])
    tables, student = timelines.batch(windows), model_for(timelines, 3)
    one, two = (relation_loss(teacher, 4, 0.0, student, each, 0)[0].item() for each in (batch, tables))
    assert len(tables.tables) == 2 and two == pytest.approx(one, rel=1e-5)


def test_the_divergence_is_that_of_masked_relations_by_hand(batch: TimelineBatch) -> None:
    chance, heads = torch.Generator().manual_seed(0), 2
    targets, made = ([torch.randn(1, 5, width, generator=chance) for _ in range(3)] for width in (8, 12))
    expected = []
    for target, own in zip(targets, made, strict=True):
        for head in range(heads):
            for place in range(5):
                logits = []
                for vectors in (target[0], own[0]):
                    width = vectors.shape[1] // heads
                    part = vectors[:, head * width : (head + 1) * width]
                    logits.append((part[: place + 1] @ part[place] / width**0.5).log_softmax(0))
                expected.append((logits[0].exp() * (logits[0] - logits[1])).sum())
    found = divergence(tuple(targets), tuple(made), torch.ones(1, 5, dtype=torch.bool), heads, causal=True)
    assert found.item() == pytest.approx(torch.stack(expected).mean().item(), rel=1e-5)


def test_the_vectors_are_the_last_interact_layers_own(teacher: RankingModel, batch: TimelineBatch) -> None:
    (table,) = batch.tables
    *_, (timeline, _), _ = teacher.states(table, teacher.entries(table, teacher.summarised(batch)))
    projected = teacher.layer(3).attention_in(teacher.layer(3).attention_norm(timeline))
    assert torch.allclose(torch.cat(entry_vectors(teacher, batch, 2)[0], -1), projected, atol=1e-5)
