"""The report of a small road: verdict first, then tables and pictures, with rivals and without."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from commands import edge
from page_structure import check_structure, command_of

from cloud.runs.directory import Run
from pipeline.report import report
from pipeline.results import MODELS, Results
from pipeline.road import Runs

SMALL = [
    "prepare.max_users=24", "prepare.vocabulary=200", "prepare.requests=5",
    *(f"{stage}.shape.{size}" for stage in ("teacher", "student") for size in ("hidden_size=16", "embedding_size=8")),
    "teacher.passes=4", "teacher.users=8", "teacher.targets=16", "teacher.shape.match_size=8",
    "student.passes.summaries=1", "student.rounds=1", "student.passes.scores=1", "student.users=8",
    "student.targets=16", "prune.passes=1", "prune.repeats=1", "prune.users=8",
    "teacher.repeats=1", "student.repeats=1",
    "export.golden_requests=2", "export.parity.requests=20", "export.parity.simulated=5",
]  # fmt: skip
NAMES = ("data", "teacher", "student", "pruned", "int8", "export", "rivals")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The film club's road, with its report."""
    folder, before = tmp_path_factory.mktemp("road"), torch.get_num_threads()
    torch.set_num_threads(1)
    assert edge("init", "--example", "--out", folder / "edge.toml") == 0
    settings = [part for setting in SMALL for part in ("--set", setting)]
    assert edge("run", "--data", folder / "edge.toml", "--out", folder / "out", "--json", *settings) == 0
    yield folder / "out"
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def runs(out: Path) -> Runs:
    return {name: Run.open(out / name) for name in NAMES}


def headings(page: str) -> list[str]:
    return re.findall(r"<h[12]>(.*?)</h[12]>", page)


def test_the_page_has_the_verdict_before_tables_and_pictures(out: Path, runs: Runs) -> None:
    page, results = (out / "report.html").read_text(), Results(runs)
    said = page.index("teacher: AUC "), page.index("int8 student: AUC "), page.index("<img"), page.index("Each step")
    assert list(said) == sorted(said)
    assert ("Warnings" in headings(page)) == bool(results.warnings)
    tables = headings(page)[headings(page).index("The teacher and each rival") :]
    assert tables[:3] == ["The teacher and each rival", "The int8 student and each rival", "Each step"]
    of_export = ["The bundle on each engine", "Bytes by part", "Exits of the bundle"]
    assert tables[3:6] == of_export and tables[6] == "Test requests on each engine, compared with torch"
    assert tables[7] == "Plain files, a request in one call" and tables[8].startswith("Quality on all ")
    check_structure(page)


def test_pictures_stand_in_the_page_and_beside_the_markdown(out: Path) -> None:
    page, text = (out / "report.html").read_text(), (out / "report.md").read_text()
    names = sorted(path.name for path in (out / "plots").iterdir())
    assert {"auc.svg", "user_auc.svg", "rivals.svg", "exits.svg", "bytes.svg", "histories.svg", "training.svg"} <= set(
        names
    )
    assert page.count("<img") == len(names) == text.count("![")
    assert all(f"](plots/{name})" in text for name in names)


def test_the_bundle_is_verified_measured_and_named(out: Path, runs: Runs, tmp_path: Path) -> None:
    outcome, bundle = report(runs, tmp_path), out / "export" / "movies.edge"
    assert f"bundle: {bundle}\nreport: " in outcome.text and bundle.is_file()
    told = outcome.values["bundle"]
    assert told["bundle"]["bytes"] == bundle.stat().st_size and set(told["sizes"]) == {"litert", "onnx", "coreml"}
    assert {row["engine"] for row in told["verified"] if row["passed"]} == {
        "text", "reference", "litert", "onnx", "coreml",
    }  # fmt: skip
    download = f"litert {told['sizes']['litert']['download']:,} to download"
    assert download in outcome.values["verdict"]["sentences"][-1] and download in (out / "report.html").read_text()


def test_an_engine_that_is_not_near_torch_is_a_warning(runs: Runs, tmp_path: Path) -> None:
    export = runs["export"]
    rows = {"int8": [export.summary["rows"]["int8"][0] | {"passed": False, "max_difference": 0.5}]}
    altered = Run(export.path, {**export.manifest, "summary": export.summary | {"rows": rows}})
    outcome = report({**runs, "export": altered}, tmp_path)
    line = "The bundle is not near torch on litert, int8 weights, at exit 1/0: logits up to 0.5 from torch int8"
    assert any(warning.startswith(line) for warning in outcome.values["verdict"]["warnings"])
    assert line in (tmp_path / "report.html").read_text()


def test_every_step_and_exit_has_a_line(runs: Runs) -> None:
    results = Results(runs)
    assert [step.name for step in results.steps] == list(MODELS.values())
    assert [len(step.quality["test"]["encode 1"]) for step in results.steps] == [3, 3, 3, 3]
    assert [row["name"] for row in results.rows][-4:] == list(MODELS)
    assert results.rows[-1]["download"] < results.rows[-2]["download"] < results.rows[-3]["download"]
    best = results.steps[-1].best
    assert results.rows[-1]["auc"] == best["auc"] == pytest.approx(results.verdict.last.figures["auc"].value)


def test_json_has_rows_and_verdict_and_no_nan(out: Path, runs: Runs) -> None:
    values = json.loads(json.dumps(Results(runs).plain(), allow_nan=False))
    assert {"rows", "verdict", "groups", "dataset", "protocol", "bundle"} <= set(values)
    assert [one["name"] for one in values["verdict"]["models"]] == ["teacher", "int8 student"]
    assert len(values["verdict"]["models"][0]["against"]) == 12


def test_without_rivals_the_baselines_take_their_place_and_the_page_says_so(runs: Runs, tmp_path: Path) -> None:
    outcome = report({name: run for name, run in runs.items() if name != "rivals"}, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "without intervals" in page and "LightGBM" not in page and "item+user bias" in page
    assert "without intervals" in outcome.text
    assert [row["name"] for row in outcome.values["rows"]][-4:] == list(MODELS)


def test_an_equal_road_writes_an_equal_report(out: Path, runs: Runs, tmp_path: Path) -> None:
    command = command_of((out / "report.html").read_text())
    assert command.startswith("edge run ") and str(out) in command
    report(runs, tmp_path, command)
    for name in ("report.html", "report.md"):
        assert (tmp_path / name).read_text() == (out / name).read_text()
