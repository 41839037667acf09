"""The first phase: whitened targets, changed texts, and a map that is no part of the student."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import PaddedTexts, Timelines
from distill.summaries import SummaryBatches, SummaryLoss, augmented, summary_targets
from distill.whitening import shrinkage, whitening_of

SHAPE = RankingShape(vocabulary_size=300, numbers=2, hidden_size=8, embedding_size=4, heads=2, encode_layers=2)
CHANCE = np.random.default_rng(0)
TEXTS = PaddedTexts([CHANCE.integers(1, 300, size).tolist() for size in CHANCE.integers(1, 12, 90)], 16)


def model(seed: int = 0, shape: RankingShape = SHAPE) -> RankingModel:
    torch.manual_seed(seed)
    return RankingModel(shape).eval()


def sample(count: int, width: int = 6) -> Tensor:
    chance = torch.Generator().manual_seed(1)
    mixing = (torch.randn(width, width, generator=chance) + 4 * torch.eye(width)) * torch.logspace(0, 0.5, width)
    return torch.randn(count, width, generator=chance) @ mixing + 7


def test_whitened_values_have_mean_zero_and_unit_covariance() -> None:
    values = sample(20_000)
    white = whitening_of(values)(values).double()
    assert white.mean(0).abs().max() < 1e-5
    assert torch.allclose(torch.cov(white.T, correction=0), torch.eye(6, dtype=torch.float64), atol=0.02)
    assert torch.linalg.cond(torch.cov(values.T)) > 20


def test_whitening_keeps_the_axes_it_need_not_turn() -> None:
    values = torch.randn(5_000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 10, 0.1])
    white = whitening_of(values)(values)
    assert all(torch.corrcoef(torch.stack([values[:, i], white[:, i]]))[0, 1] > 0.99 for i in range(3))


def test_few_texts_are_shrunk_towards_a_sphere_and_stay_finite() -> None:
    few = sample(4, width=40)
    share = shrinkage(torch.cov(few.double().T, correction=0), 4)
    assert 0.1 < share <= 1.0
    assert whitening_of(few)(few).abs().max() < 10
    assert whitening_of(few[:1])(few[:1]).abs().max() == 0
    assert shrinkage(torch.cov(sample(20_000).double().T), 20_000) < 0.01


def test_a_direction_without_variance_stays_finite() -> None:
    values = sample(500)
    values[:, 2] = 3.0
    assert whitening_of(values)(values).abs().max() < 100


def test_the_map_recovers_a_teacher_that_is_linear_in_the_student() -> None:
    student, loss = model().requires_grad_(False), SummaryLoss(8, 5)
    own = student.summaries(torch.from_numpy(TEXTS.tokens), 2)
    targets = whitening_of(own)(own) @ torch.randn(8, 5, generator=torch.Generator().manual_seed(3)) + 1
    batch = SummaryBatches(TEXTS, targets, 90, 0)(0)
    optimizer = torch.optim.LBFGS(loss.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimizer.zero_grad()
        value = loss(student, batch, 0)[0]
        value.backward()
        return float(value.detach())

    before = optimizer.step(closure)
    assert before > 1 and closure() < 1e-4
    assert torch.allclose(loss.map(own), targets, atol=0.05)


def test_a_batch_pairs_each_text_with_its_own_target() -> None:
    targets = torch.arange(90, dtype=torch.float32)[:, None]
    batches = SummaryBatches(TEXTS, targets, 40, seed=5)
    assert batches.of_pass == 3
    seen = []
    for number in range(3):
        batch = batches(number)
        rows = [row for group in batch.segments for row in group.tolist()]
        for place, target in zip(batch.places.tolist(), batch.targets[:, 0].int().tolist(), strict=True):
            assert [token for token in rows[place] if token] == [
                token for token in TEXTS.tokens[target].tolist() if token
            ]
            seen.append(target)
    assert sorted(seen) == list(range(90))


def test_every_tensor_of_the_encoder_and_the_map_gets_a_gradient() -> None:
    student, loss = model().train(), SummaryLoss(8, 5)
    batch = SummaryBatches(TEXTS, torch.randn(90, 5), 30, 0)(0)
    loss(student, batch, 0)[0].backward()
    encoder = ("token", "position", "embedding_norm", "widen", "layers", "summary_norm")
    for name, parameter in [*student.named_parameters(), *loss.named_parameters()]:
        wanted = name.startswith((*encoder, "map"))
        assert (parameter.grad is not None and parameter.grad.abs().max() > 0) == wanted, name


def test_an_early_depth_is_taught_in_its_turn() -> None:
    student = model(shape=RankingShape(300, 2, 8, 4, 2, encode_layers=3, early_encode=1))
    loss, batch = SummaryLoss(8, 5), SummaryBatches(TEXTS, torch.randn(90, 5), 30, 0)(0)
    losses = [loss(student, batch, step)[0].item() for step in range(3)]
    assert losses[0] == losses[1] != losses[2]


def test_changed_texts_are_made_of_words_of_the_catalogue_and_are_the_same_every_time(timelines: Timelines) -> None:
    texts, items = timelines.texts, timelines.texts.tokens.shape[0] - 16
    more, sources = augmented(texts, items, rounds=3, drop=0.3, seed=2)
    count = len(texts.lengths)
    assert np.array_equal(more.tokens, augmented(texts, items, 3, 0.3, 2)[0].tokens)
    assert len(more.lengths) == 4 * count
    assert np.array_equal(more.tokens[:count], texts.tokens)
    changed = more.tokens[count:] != np.tile(texts.tokens, (3, 1))
    assert changed.any(1).mean() > 0.5
    assert set(np.unique(more.tokens)) <= set(np.unique(texts.tokens))
    of_one = np.flatnonzero(sources >= 0)
    assert 0 < (sources < 0).sum() <= 3 * items / 2
    assert all(set(more.tokens[row]) <= {0, *texts.tokens[sources[row]]} for row in of_one)


def test_halves_of_two_items_meet_in_a_changed_text() -> None:
    texts = PaddedTexts([(1, 2, 3, 4), (5, 6, 7, 8), (9, 10)], 8)
    more, _ = augmented(texts, items=2, rounds=8, drop=0.0, seed=0)
    found = {tuple(row[row > 0].tolist()) for row in more.tokens}
    assert found == {(1, 2, 3, 4), (5, 6, 7, 8), (9, 10), (5, 6, 3, 4)}


def test_the_teachers_summaries_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, cache = model(1), tmp_path / "targets.safetensors"
    first = summary_targets(teacher, TEXTS, 90, cache)
    with torch.no_grad():
        alone = torch.stack([teacher.summaries(torch.from_numpy(row[row > 0])[None], 2)[0] for row in TEXTS.tokens])
    assert torch.allclose(first, whitening_of(alone)(alone), atol=1e-3)
    monkeypatch.setattr("distill.summaries._summaries", None)
    assert torch.equal(summary_targets(teacher, TEXTS, 90, cache), first)
