"""The ranking model loses weights while it learns on: how many, which, and the same ones after an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_rankers import make_ranker
from torch import Tensor, nn

from cloud.ranking.measure import load_ranker
from cloud.ranking.timelines import Timelines
from cloud.runs.directory import Run
from compress.magnitude import MagnitudePruner, PruneSchedule
from compress.parts import part_of, pruned_weights
from compress.pruned import RANKER_PRUNINGS, Pruning, RankerPruning, prune_ranker
from edge.errors import EdgeError

OFTEN = replace(RankerPruning().fit, checkpoint_seconds=0.0)
CONFIG = replace(  # 8 steps over texts, then those over rows
    RankerPruning(), text_passes=8, together=1_000, rounds=0, passes=5, users=10, every=3, fit=OFTEN
)
SCHEDULE = PruneSchedule(sparsity=0.8, end=20, every=5)


@pytest.fixture(scope="module")
def pruned(club: Run, ranker: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return prune_ranker(club, ranker, ranker, tmp_path_factory.mktemp("pruned") / "run", CONFIG)


def test_every_table_and_layer_ends_at_the_sparsity_to_the_nearest_weight(pruned: Run, ranker: Run) -> None:
    model, before = load_ranker(pruned), load_ranker(ranker)
    weights = dict(pruned_weights(model))
    assert set(weights) == set(pruned.summary["sparsity"])
    assert {part_of(name) for name in weights} == {"token", "position", "widen", "layers", "match", "numbers"}
    for name, weight in weights.items():
        assert int((weight == 0).sum()) == round(0.8 * weight.numel()), name
        assert pruned.summary["sparsity"][name] == pytest.approx(0.8, abs=1 / weight.numel())
    for name, value in model.named_parameters():
        if name not in weights and before.get_parameter(name).all():
            assert value.all(), name
    removed = sum(round(0.8 * weight.numel()) for weight in weights.values())
    assert pruned.summary["parameters"] - pruned.summary["nonzero"] >= removed > 9_000


def test_the_pruned_model_learned_on(pruned: Run, ranker: Run) -> None:
    model, before = load_ranker(pruned), load_ranker(ranker)
    assert not torch.equal(model.match.of_event.weight, before.match.of_event.weight)
    kept = model.layer(0).feed_forward_in.weight
    assert not torch.equal(kept, torch.where(kept == 0, 0.0, before.layer(0).feed_forward_in.weight))


def test_a_ranking_model_without_another_teacher_is_its_own(pruned: Run, club: Run, ranker: Run) -> None:
    assert [one["hash"] for one in pruned.manifest["parents"]] == [club.hash, ranker.hash]
    assert pruned.config["history"] == ranker.config["history"] == 30
    assert pruned.config["shape"] == ranker.config["shape"]


@pytest.mark.parametrize("changes", [{}, {"shared": False}, {"interact_layers": 0}, {"embedding_size": 32}])
def test_sparsity_follows_the_schedule_and_zeros_stay_zero(timelines: Timelines, changes: dict[str, Any]) -> None:
    model = make_ranker(timelines, **changes)
    pruner = MagnitudePruner(model, SCHEDULE, pruned_weights)
    zeros: dict[str, Tensor] = {}

    def loss(model: nn.Module, batch: None, step: int) -> tuple[Tensor, dict[str, float]]:
        for name, weight in pruned_weights(model):
            gone = weight == 0
            assert int(gone.sum()) == round(SCHEDULE.at(step - step % 5) * gone.numel()), (name, step)
            assert bool((gone | ~zeros.get(name, gone)).all()), (name, step)
            zeros[name] = gone
        return torch.zeros(()), {}

    pruning = Pruning(pruner, loss)
    for step in range(28):
        assert pruning(model, None, step)[1] == {"sparsity": SCHEDULE.at(step)}
        with torch.no_grad():
            for _, weight in pruned_weights(model):
                weight.add_(0.01 * torch.randn_like(weight))
    assert all(value.dtype == torch.bool for value in pruning.state_dict().values())
    assert len(pruning.state_dict()) == len(zeros)


@pytest.mark.parametrize(("calls", "resumed_at"), [(5, 0), (13, 8), (22, 18)])
def test_an_interrupted_pruning_ends_with_the_same_run(
    calls: int, resumed_at: int, club: Run, ranker: Run, pruned: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_at, steps = MagnitudePruner.apply_at, []

    def interrupted(self: MagnitudePruner, model: nn.Module, step: int) -> None:
        steps.append(step)
        if len(steps) == calls:
            raise KeyboardInterrupt
        apply_at(self, model, step)

    with monkeypatch.context() as patch:
        patch.setattr(MagnitudePruner, "apply_at", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prune_ranker(club, ranker, ranker, tmp_path / "cut", CONFIG)
        assert not (tmp_path / "cut").exists()
        assert prune_ranker(club, ranker, ranker, tmp_path / "cut", CONFIG).hash == pruned.hash
    assert steps[calls] == resumed_at  # where the checkpoint stands, or the phase begins


KILLED = """
import os, signal, sys
from pathlib import Path
from test_ranker_pruning import CONFIG, MagnitudePruner, Run, prune_ranker

def killed(self, model, step, apply_at=MagnitudePruner.apply_at):
    if step == 12:
        os.kill(os.getpid(), signal.SIGKILL)
    apply_at(self, model, step)

MagnitudePruner.apply_at = killed
club, ranker, out = map(Path, sys.argv[1:])
prune_ranker(Run.open(club), Run.open(ranker), Run.open(ranker), out, CONFIG)
"""


@pytest.mark.slow
def test_a_killed_pruning_ends_with_the_same_run(club: Run, ranker: Run, pruned: Run, tmp_path: Path) -> None:
    places = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-c", KILLED, str(club.path), str(ranker.path), str(tmp_path / "cut")]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": places}, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-3000:]
    assert (tmp_path / "cut.partial").is_dir()
    assert prune_ranker(club, ranker, ranker, tmp_path / "cut", CONFIG).hash == pruned.hash


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sparsity": 1.0}, "sparsity is 1.0"),
        ({"sparsity": -0.1}, "sparsity is -0.1"),
        ({"every": 0}, "every is 0"),
        ({"passes": 0}, "passes is 0"),
        ({"rise": 0.0}, "rise is 0"),
        ({"rise": 1.1}, "rise is 1.1"),
        ({"teacher_share": 2.0}, "teacher_share is 2"),
        ({"dropout": 1.0}, "dropout is 1"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(EdgeError) as refused:
        replace(RANKER_PRUNINGS["quickstart"], **changes)
    assert refused.value.problem.startswith(named)


def test_the_schedule_ends_at_its_share_of_the_steps() -> None:
    assert replace(CONFIG, rise=0.6).schedule(100).end == 60
    assert replace(CONFIG, rise=0.1).schedule(1).end == 1


def test_a_model_of_other_data_is_refused(ranker: Run, tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"was not made from"):
        prune_ranker(ranker, ranker, ranker, tmp_path / "run", CONFIG)
