"""The ranking model over entries: who sees whom, what a batch shares, what training makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import edge

from cloud.data.rows import Prepared
from cloud.ranking.batches import WindowBatches
from cloud.ranking.layers import MASKED, attend, dropped
from cloud.ranking.losses import depth_of_step, exit_weights, order_loss, ranking_loss
from cloud.ranking.measure import load_ranker, scores_of
from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import LONGER, TimelineBatch, Timelines
from cloud.ranking.train import RANKERS, train_ranker
from cloud.runs.directory import Run
from edge.errors import EdgeError

CONFIG = replace(RANKERS["quickstart"], repeats=1, passes=1, users=8, collaborative=False)


@pytest.fixture(scope="module")
def timelines(prepared: Run) -> Timelines:
    return Timelines(Prepared(prepared), history=100, targets=16, most_tokens=24)


def model_for(timelines: Timelines, **changes: object) -> RankingModel:
    torch.manual_seed(0)
    shape = RankingShape(
        vocabulary_size=2_000, numbers=timelines.numbers.shape[1], hidden_size=16, embedding_size=8, heads=2,
        interact_layers=2, positions=24,
    )  # fmt: skip
    model = RankingModel(replace(shape, **changes)).double()  # type: ignore[arg-type]
    for parameter in model.parameters():  # nothing is zero, so that everything counts
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def batch_of(timelines: Timelines, count: int = 3) -> TimelineBatch:
    windows = timelines.windows(np.arange(60 * 3))[1::2][:count]
    return doubled(timelines.batch(windows))


def doubled(batch: TimelineBatch) -> TimelineBatch:
    names = ("numbers", "offered_numbers", "labels")
    tables = (replace(table, **{name: getattr(table, name).double() for name in names}) for table in batch.tables)
    return replace(batch, tables=tuple(tables))


def with_table(batch: TimelineBatch, **columns: torch.Tensor) -> TimelineBatch:
    """Its only table with other columns."""
    (table,) = batch.tables
    return replace(batch, tables=(replace(table, **columns),))  # type: ignore[arg-type]


def gradient(model: RankingModel, batch: TimelineBatch) -> torch.Tensor:
    model.zero_grad()
    ranking_loss(model, batch, 0.5)[0].backward()  # type: ignore[no-untyped-call]
    return torch.cat([parameter.grad.ravel() for parameter in model.parameters() if parameter.grad is not None])


def test_a_batch_holds_the_rows_of_its_windows(timelines: Timelines) -> None:
    windows = timelines.windows(np.arange(120))[:5]
    batch = timelines.batch(windows)
    rows = np.concatenate([window.rows for window in windows])
    assert sorted(batch.rows.tolist()) == rows.tolist()
    assert batch.labels.tolist() == timelines.columns["label"][batch.rows].tolist()
    earlier = timelines.columns["earlier"][batch.rows]
    seen = batch.targets(table.sees.sum(-1) for table in batch.tables)
    assert seen.tolist() == np.minimum(earlier, timelines.history).tolist()
    places = sum(table.item.numel() + table.offered.numel() for table in batch.tables)
    assert sum(map(len, batch.segments)) < places  # each text once


@pytest.mark.parametrize("history", [3, 100])
def test_a_candidate_sees_the_newest_events_before_it_and_no_other(prepared: Run, history: int) -> None:
    timelines = Timelines(Prepared(prepared), history, targets=16, most_tokens=24)
    batch, model = batch_of(timelines), model_for(timelines)
    (table,), (before,) = batch.tables, model(batch)
    unseen = ~table.sees.any(1)  # (user, event) that no candidate sees
    spoiled = with_table(
        batch, item=torch.where(unseen, 0, table.item), numbers=torch.where(unseen[..., None], 9.0, table.numbers)
    )
    assert torch.equal(model(spoiled)[0], before)
    last = int(table.place[0, 0])
    changed = table.phrase.clone()
    changed[0, last - 1] = (changed[0, last - 1] + 1) % len(batch.phrases)
    (moved,) = model(with_table(batch, phrase=changed))
    assert not torch.equal(moved[:, 0, 0], before[:, 0, 0])
    assert torch.equal(moved[:, 1:], before[:, 1:])


def test_later_events_and_other_candidates_never_change_a_score(timelines: Timelines) -> None:
    batch, model = batch_of(timelines), model_for(timelines)
    (table,), (before,), row = batch.tables, model(batch), 5
    later = torch.arange(table.item.shape[1]) >= table.place[:, row, None]
    others = torch.arange(table.offered.shape[1]) != row
    spoiled = with_table(
        batch,
        item=torch.where(later, 1, table.item),
        phrase=torch.where(later, 0, table.phrase),
        offered=torch.where(others, 0, table.offered),
        offered_numbers=torch.where(others[None, :, None], -3.0, table.offered_numbers),
    )
    assert torch.allclose(model(spoiled)[0][:, :, row], before[:, :, row], atol=1e-12, rtol=0)


def test_a_user_who_grew_equals_one_computed_whole(timelines: Timelines) -> None:
    """The same target at the end of a short window and within a long one."""
    model = model_for(timelines)
    rows = np.arange(40)
    whole = scores_of(model.float(), timelines, rows)
    alone = np.concatenate([scores_of(model, timelines, rows[[row]]) for row in range(len(rows))], axis=1)
    assert np.abs(whole - alone).max() < 1e-4


def test_gradients_of_distinct_texts_equal_those_of_every_text_apart(timelines: Timelines) -> None:
    batch, model = batch_of(timelines), model_for(timelines)
    texts = [row for group in batch.segments for row in group]
    longest = max(map(len, texts))
    padded = torch.stack([torch.nn.functional.pad(row, (0, longest - len(row))) for row in texts])
    (table,) = batch.tables
    places = torch.cat([table.profile.ravel(), table.item.ravel(), table.offered.ravel()])
    number = torch.arange(len(places))
    ends = [table.profile.numel(), table.profile.numel() + table.item.numel()]
    apart = with_table(
        batch,
        profile=number[: ends[0]].view_as(table.profile),
        item=number[ends[0] : ends[1]].view_as(table.item),
        offered=number[ends[1] :].view_as(table.offered),
    )
    naive = replace(apart, segments=(padded[places],))
    found = [gradient(model, one) for one in (batch, naive)]
    assert found[0].abs().max() > 1e-3
    assert (found[0] - found[1]).abs().max() < 1e-9


def test_gradients_of_tables_equal_those_of_all_windows_in_one(
    timelines: Timelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, windows = model_for(timelines), timelines.windows(np.arange(60 * 3))[:9]
    losses, found = [], []
    for groups in ([[*range(9)]], [[4, 0, 1], [8], [5, 2, 3, 6, 7]]):
        monkeypatch.setattr("cloud.ranking.timelines.of_like_length", lambda lengths, groups=groups: groups)
        batch = doubled(timelines.batch(windows))
        assert len(batch.tables) == len(groups)
        losses.append(ranking_loss(model, batch, 0.5)[0].item())
        found.append(gradient(model, batch))
    assert losses[0] == pytest.approx(losses[1], abs=1e-12)
    assert found[0].abs().max() > 1e-3
    assert (found[0] - found[1]).abs().max() < 1e-9


def test_attention_equals_that_of_torch() -> None:
    queries, keys, values = torch.randn(3, 2, 4, 5, 8).double().unbind(0)
    mask = torch.where(torch.rand(2, 1, 5, 5) < 0.3, MASKED, 0.0).double()
    expected = torch.nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
    assert torch.allclose(attend(queries, keys, values, mask), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("share", [0.25, 0.999])
def test_dropout_drops_its_share_and_keeps_the_mean(share: float) -> None:
    torch.manual_seed(0)
    left = dropped(torch.ones(999, 1_001), share)
    assert float((left == 0).double().mean()) == pytest.approx(share, abs=0.004)
    assert float(left.double().mean()) == pytest.approx(1.0, abs=0.06)
    assert left.unique().tolist() == pytest.approx([0, 256 / (256 - min(round(share * 256), 255))])


def test_a_pass_has_every_window_once_in_an_order_of_its_own(timelines: Timelines) -> None:
    rows = np.arange(60 * 24)
    batches = WindowBatches(timelines, rows, users=8, seed=3)
    first, second = ([batches(number + turn * batches.of_pass) for number in range(batches.of_pass)] for turn in (0, 1))
    labels = sorted(float(label) for batch in first for label in batch.labels)
    assert labels == sorted(timelines.columns["label"][rows].tolist())
    assert [batch.labels.tolist() for batch in first] != [batch.labels.tolist() for batch in second]
    assert all(torch.equal(batches(number).rows, batch.rows) for number, batch in enumerate(first))  # also later


def test_segments_of_a_group_are_of_like_length(timelines: Timelines) -> None:
    batch = batch_of(timelines, 20)
    assert len(batch.segments) > 1
    for group in batch.segments:
        assert group.shape[1] < LONGER * int((group > 0).sum(1).min())


def test_an_early_encode_depth_is_trained_measured_and_scored(prepared: Run, tmp_path: Path) -> None:
    shape = replace(CONFIG.shape, hidden_size=16, embedding_size=8, encode_layers=3, early_encode=1, interact_layers=1)
    run = train_ranker(prepared, tmp_path / "ranker", replace(CONFIG, shape=shape))
    assert {encode: set(exits) for encode, exits in run.summary["quality"]["test"].items()} == {
        "encode 1": {"0", "1"},
        "encode 3": {"0", "1"},
    }
    model, timelines = load_ranker(run), Timelines(Prepared(prepared), 100, 64, 24)
    rows = np.arange(20)
    assert np.array_equal(scores_of(model, timelines, rows), scores_of(model, timelines, rows, 3))
    assert not np.allclose(scores_of(model, timelines, rows, 1), scores_of(model, timelines, rows, 3))
    assert [depth_of_step((1, 3), step) for step in range(6)] == [3, 3, 1, 3, 3, 1]
    assert {depth_of_step((3,), step) for step in range(6)} == {3}


def test_a_missing_number_is_told_by_its_flag_and_not_by_a_value(timelines: Timelines) -> None:
    batch, model = batch_of(timelines), model_for(timelines)
    numbers = batch.tables[0].offered_numbers.clone()
    numbers[..., 0] = float("nan")
    (missing,) = model(with_table(batch, offered_numbers=numbers))
    numbers[..., 0] = 0.0
    assert missing.isfinite().all()
    assert not torch.allclose(missing, model(with_table(batch, offered_numbers=numbers))[0])


def test_a_user_without_events_has_scores(timelines: Timelines) -> None:
    first = np.unique(timelines.columns["user"], return_index=True)[1][:2]
    scores = scores_of(model_for(timelines).float(), timelines, first)
    assert scores.shape == (3, 2) and np.isfinite(scores).all()


def test_weights_of_the_exits_grow_with_depth_and_sum_to_one() -> None:
    weights = exit_weights(3)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights[1:] / weights[1]).tolist() == pytest.approx([1.0, 2.0, 3.0])


def test_what_is_added_to_all_candidates_of_a_window_leaves_the_order_loss_alone(timelines: Timelines) -> None:
    scores, labels = torch.randn(2, 3, 4), torch.tensor([[1.0, 0, 1, 0], [1, 1, 1, 1], [0, 0, 1, 0]])
    (table,) = batch_of(timelines).tables
    table = replace(table, labels=labels, real=torch.ones(3, 4, dtype=torch.bool))
    moods = torch.tensor([5.0, -2.0, 9.0])[None, :, None]
    assert torch.allclose(order_loss([scores], [table]), order_loss([scores + moods], [table]), atol=1e-5)
    one = torch.nn.functional.softplus(scores[:, 2, [0, 1, 3]] - scores[:, 2, [2]])
    table.real[:2] = False
    assert torch.allclose(order_loss([scores], [table]), one.mean(1))


def test_a_shape_that_cannot_be_is_refused() -> None:
    with pytest.raises(EdgeError, match="heads=3 does not divide hidden_size=16"):
        RankingShape(vocabulary_size=10, numbers=0, hidden_size=16, heads=3)
    with pytest.raises(EdgeError, match="dropout is 1"):
        replace(CONFIG, dropout=1.0)


def test_an_interrupted_training_ends_with_the_same_run(
    prepared: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(CONFIG, passes=8, fit=replace(CONFIG.fit, checkpoint_seconds=0.0))
    whole = train_ranker(prepared, tmp_path / "whole", config)
    real_loss, calls = ranking_loss, []

    def interrupted(*given: object) -> object:
        calls.append(1)
        if len(calls) == 13:
            raise KeyboardInterrupt
        return real_loss(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("cloud.ranking.train.ranking_loss", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_ranker(prepared, tmp_path / "cut", config)
    assert not (tmp_path / "cut").exists()
    assert train_ranker(prepared, tmp_path / "cut", config).hash == whole.hash
    assert set(whole.summary["quality"]["test"]["encode 1"]) == {"0", "1", "2"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_model_beats_the_item_mean_of_the_film_club(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge("init", "--example", "--out", tmp_path / "edge.toml") == 0
    assert edge("prepare", "--data", tmp_path / "edge.toml", "--out", tmp_path / "data") == 0
    command = ("train", "--parent", tmp_path / "data", "--out", tmp_path / "ranker", "--preset", "quickstart")
    assert edge(*command, "--set", "passes=8") == 0
    assert "| test | 1 | 2 |" in capsys.readouterr().out
    reached = Run.open(tmp_path / "ranker").summary["quality"]["test"]["encode 1"]["2"]["auc"]
    assert reached > Run.open(tmp_path / "data").summary["baselines"]["test"]["item mean"]["auc"] + 0.02


def test_a_small_log_is_trained_on_in_smaller_batches(prepared: Run) -> None:
    timelines = Timelines(Prepared(prepared), 100, targets=1, most_tokens=24)

    def sizes(count: int, users: int = 0) -> tuple[int, int]:
        batches = WindowBatches(timelines, np.arange(count), users, seed=0)
        return batches.users, batches.of_pass

    assert [sizes(30), sizes(100), sizes(1_440)] == [(1, 30), (2, 50), (16, 90)]
    assert sizes(30, users=8) == (8, 4)  # as the settings say


def test_a_small_log_is_gone_over_more_often_and_a_large_one_as_often_as_was_asked(timelines: Timelines) -> None:
    batches = WindowBatches(timelines, np.arange(60), 8, 0)
    assert batches.steps(4, 1) == 4 * batches.of_pass
    for rows, often in ((10, 3), (21_000, 3), (32_000, 2), (32_001, 1), (64_000, 1), (10**6, 1)):
        batches.rows = rows
        assert batches.steps(4, 0) == 4 * often * batches.of_pass
    assert batches.steps(4, 5) == 20 * batches.of_pass
