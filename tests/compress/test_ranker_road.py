"""The road of a ranking model as one table, and the commands that walk it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import edge
from safetensors.torch import load_file

from cloud.checkpoint import WEIGHTS
from cloud.data.rows import Prepared
from cloud.ranking.kept_scores import kept_scores
from cloud.ranking.measure import scores_of
from cloud.runs.directory import Run
from compress.integers import load_quantised_ranker
from compress.pruned import RANKER_PRUNINGS, prune_ranker
from compress.quantised import quantise_run
from compress.road import Step, kept_lift, road, road_table
from compress.windows import timelines_of
from edge.bundle.weights.packed import pack
from edge.errors import EdgeError

FAST = ("--set", "passes=1", "--set", "repeats=1", "--set", "users=24")


def figures(auc: float | None, user_auc: float) -> dict[str, float | None]:
    return {"auc": auc, "user_auc": user_auc}


def alike(exits: dict[str, dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """On validation rows and on test rows."""
    return {"validation": exits, "test": exits}


def test_a_line_stands_for_each_step_and_exit_and_says_what_is_kept() -> None:
    first = Step(
        "ranker", 1_000, 1_000, 3_500, 4_000, alike({"encode 2": {"0": figures(0.6, 0.5), "1": figures(0.8, 0.7)}})
    )
    exits = {
        "encode 12": {"0": figures(0.61, 0.55), "10": figures(0.74, 0.7), "9": figures(0.7, 0.6)},
        "encode 3": {"0": figures(0.6, 0.5)},
    }
    last = Step("ranker-int8", 1_000, 200, 300, 1_100, alike(exits))
    assert kept_lift(last, first) == pytest.approx(0.8)
    assert kept_lift(last, first, "user_auc") == pytest.approx(1.0)
    lines = road_table([first, last]).splitlines()
    assert lines[2] == "| ranker | 1,000 | 1,000 | 3,500 | 4,000 | encode 2, interact 0 | 0.6000 | 0.5000 |  |"
    assert lines[3] == "|  |  |  |  |  | encode 2, interact 1 | 0.8000 | 0.7000 | 100.0 % / 100.0 % |"
    assert len(lines) == 2 + 2 + 4
    assert {line.count("|") for line in lines} == {10}


def test_an_auc_that_is_not_defined_keeps_nothing_and_says_so() -> None:
    first = Step("ranker", 1, 1, 1, 1, alike({"encode 1": {"0": figures(None, 0.5)}}))
    assert math.isnan(kept_lift(first, first))
    assert math.isnan(kept_lift(first, first, "user_auc"))
    assert road_table([first]).splitlines()[2].endswith("| encode 1, interact 0 | - | 0.5000 | - / - |")


def test_the_commands_walk_the_road_and_report_it(
    club: Run, ranker: Run, student: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--parent", club.path, "--parent", student.path, "--parent", ranker.path)
    pruned, int8 = tmp_path / "pruned", tmp_path / "int8"
    assert edge("compress", "--to", "pruned", *given, "--out", pruned, *FAST) == 0
    capsys.readouterr()
    assert edge("compress", "--to", "int8", *given, "--parent", pruned, "--out", int8) == 0
    printed = capsys.readouterr().out
    runs = [ranker, student, Run.open(pruned), Run.open(int8)]
    steps = road(runs)
    assert [step.name for step in steps] == ["ranker", "ranker-student", "ranker-pruned", "ranker-int8"]
    assert road_table(steps) in printed
    hashes = [run.hash for run in (club, *runs)]
    assert [[one["hash"] for one in run.manifest["parents"]] for run in runs[2:]] == [hashes[:3], hashes[:4]]
    assert runs[2].config["shape"] == student.config["shape"] and runs[3].config["history"] == 20
    tensors = load_file(int8 / WEIGHTS)
    assert steps[3].download == len(pack({name: value.numpy() for name, value in tensors.items()}))
    assert steps[3].nonzero <= steps[2].nonzero < steps[1].nonzero < steps[0].nonzero
    assert {name for name, value in tensors.items() if value.dtype == torch.int8} < set(runs[2].summary["sparsity"])


@pytest.mark.parametrize("to", ["int8", "int4"])
def test_a_model_in_integers_is_loaded_as_it_was_measured(club: Run, ranker: Run, tmp_path: Path, to: str) -> None:
    words = ("--parent", club.path, "--parent", ranker.path, "--out", tmp_path / to)
    assert edge("compress", "--to", to, *words) == 0
    run, rows = Run.open(tmp_path / to, f"ranker-{to}"), Prepared(club)
    scores = scores_of(load_quantised_ranker(run), timelines_of(run, rows), rows.part("test"))
    assert np.array_equal(scores[-1], kept_scores(run, "test"))


@pytest.mark.parametrize("changes", [("--set", "passes=1"), ("--preset", "m6-edge")])
def test_integers_have_no_settings(
    club: Run, ranker: Run, tmp_path: Path, changes: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--parent", club.path, "--parent", ranker.path, "--out", tmp_path / "int8")
    assert edge("compress", "--to", "int8", *words, *changes) == 2
    assert "--to int8 has no settings" in capsys.readouterr().err


def test_a_model_that_reads_what_no_phone_can_compute_is_refused(club: Run, ranker: Run, tmp_path: Path) -> None:
    teacher = replace(ranker, manifest={**ranker.manifest, "config": {**ranker.config, "collaborative": True}})
    for make in (
        partial(prune_ranker, club, teacher, config=RANKER_PRUNINGS["quickstart"]),
        partial(quantise_run, club),
    ):
        with pytest.raises(EdgeError, match="no phone can compute all that it reads"):
            make(teacher, out=tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_a_model_of_other_data_is_refused_before_any_work(
    ranker: Run, club: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = ("--set", "passes=0", "--set", "nothing=1")
    words = ("--parent", club.path, "--parent", ranker.path, "--out", tmp_path / "pruned")
    assert edge("compress", "--to", "pruned", *words, *other) == 2
    assert "unknown setting 'nothing'" in capsys.readouterr().err
    assert edge("compress", "--to", "pruned", *words[:2], "--out", tmp_path / "pruned", "--parent", tmp_path) == 2
    assert not (tmp_path / "pruned").exists()
