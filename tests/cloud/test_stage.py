"""What stages share: shapes from the data, and models that belong to the data they are given."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from small_runs import target

from cloud.runs.directory import Run
from cloud.stage import check_same_data, stage_report
from edge.errors import EdgeError


def make(out: Path, stage: str, *parents: Run, **config: int) -> Run:
    with target(out, stage, parents, config).writing():
        pass
    return Run.open(out)


def test_a_model_made_from_other_data_is_refused(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one", "prepare", users=1), make(tmp_path / "other", "prepare", users=2)
    teacher = make(tmp_path / "teacher", "teacher", one)
    student = make(tmp_path / "student", "student", other, teacher)
    check_same_data(one, teacher)
    check_same_data(other, student)
    with pytest.raises(EdgeError, match=r"student \(student\) was not made from .*one"):
        check_same_data(one, teacher, student)


def test_the_report_has_a_line_per_split_even_where_a_figure_is_not_defined() -> None:
    row = {"auc": 0.75, "user_auc": math.nan, "ndcg@10": 0.5, "log_loss": 0.6}
    rows = {("validation",): row, ("test",): row}
    text = stage_report("Teacher", {"parameters": 12_345, "nonzero": 99}, "by time", ["split"], rows)
    assert "12,345 parameters, 99 not zero." in text
    assert "| test | 0.7500 | nan | 0.5000 | 0.6000 |" in text
