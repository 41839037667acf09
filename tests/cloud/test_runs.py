"""Run directories: whole or not at all, never taken for another, checked when read."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloud.runs import Run, Workspace, finished, parent, writing
from edge.errors import EdgeError
from edge.files import write_atomically

CONFIG = {"steps": 3}


def make(out: Path, stage: str = "teacher", parents: tuple[Run, ...] = (), **content: str) -> Run:
    with writing(out, stage, parents, CONFIG) as workspace:
        for name, text in ({"weights": "w"} | content).items():
            write_atomically(workspace.path / name, text)
        workspace.summary["auc"] = 0.75
    return Run.open(out)


def files_in(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_a_finished_run_lists_its_files_with_their_hashes(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    assert run.stage == "teacher" and run.config == CONFIG and run.summary == {"auc": 0.75}
    assert files_in(run.path) == {"weights", "config.json", "manifest.json"}
    assert set(run.manifest["files"]) == {"weights", "config.json"}
    assert run.file("weights").read_text() == "w"
    assert list(tmp_path.iterdir()) == [run.path]
    with pytest.raises(EdgeError, match="lists no file 'other'"):
        run.file("other")


def test_equal_content_has_an_equal_hash(tmp_path: Path) -> None:
    one, two, other = make(tmp_path / "1"), make(tmp_path / "2"), make(tmp_path / "3", weights="v")
    assert one.hash == two.hash != other.hash
    assert make(tmp_path / "4", "student", (one,)).hash == make(tmp_path / "5", "student", (two,)).hash
    assert make(tmp_path / "6", "student", (other,)).hash != make(tmp_path / "7", "student", (one,)).hash


def test_nothing_appears_until_the_block_ends_and_it_resumes_with_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(RuntimeError), writing(out, "teacher", [], CONFIG) as workspace:
        (workspace.scratch / "checkpoint").write_text("half")
        raise RuntimeError
    assert not out.exists()
    with pytest.raises(EdgeError, match="not a finished run") as refused:
        Run.open(out)
    assert refused.value.evidence == "it was interrupted"
    with writing(out, "teacher", [], CONFIG) as workspace:
        assert (workspace.scratch / "checkpoint").read_text() == "half"
    assert files_in(out) == {"config.json", "manifest.json"}


@pytest.mark.parametrize(("stage", "config"), [("teacher", {"steps": 4}), ("student", CONFIG)])
def test_what_another_stage_or_other_settings_left_is_not_gone_on_from(
    tmp_path: Path, stage: str, config: dict[str, int]
) -> None:
    with pytest.raises(RuntimeError), writing(tmp_path / "run", "teacher", [], CONFIG) as workspace:
        (workspace.scratch / "checkpoint").write_text("half")
        raise RuntimeError
    with writing(tmp_path / "run", stage, [], config) as workspace:
        assert list(workspace.scratch.iterdir()) == []


def test_what_a_killed_write_left_is_no_part_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), writing(tmp_path / "run", "teacher", [], CONFIG) as workspace:
        (workspace.path / "models").mkdir()
        for name in ("weights.tmp", "models/model.tmp", "manifest.json"):
            (workspace.path / name).write_text("torn")
        raise RuntimeError
    assert files_in(make(tmp_path / "run").path) == {"weights", "config.json", "manifest.json"}


def test_a_run_killed_between_its_rename_and_its_sweep_is_whole_and_swept_later(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    (run.path / "scratch").mkdir()
    (run.path / "scratch" / "checkpoint").write_text("big")
    assert Run.open(run.path).hash == run.hash
    assert finished(run.path, "teacher", [], CONFIG)
    assert not (run.path / "scratch").exists()


def test_sigkill_at_any_moment_leaves_a_whole_run_or_one_that_resumes(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from cloud import runs
left = int(sys.argv[2])
def dying(original):
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return original(*arguments, **named)
    return call
for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink"), (runs.shutil, "rmtree")):
    setattr(owner, name, dying(getattr(owner, name)))
with runs.writing(Path(sys.argv[1]), "teacher", [], {"steps": 3}) as workspace:
    resumed = (workspace.scratch / "checkpoint").exists()
    runs.write_atomically(workspace.scratch / "checkpoint", "half")
    runs.write_atomically(workspace.path / "weights", "w")
print(resumed)
"""
    whole = make(tmp_path / "whole").hash
    for moment in range(20):
        out = tmp_path / str(moment)
        first = subprocess.run([sys.executable, "-c", code, out, str(moment)], capture_output=True, check=False)
        if first.returncode == 0:
            break
        assert first.returncode == -signal.SIGKILL
        if not finished(out, "teacher", [], CONFIG):
            again = subprocess.run([sys.executable, "-c", code, out, "999"], capture_output=True, text=True, check=True)
            assert again.stdout.strip() == str(moment > 3), moment  # the checkpoint's own two writes come third
        assert Run.open(out).hash == whole
        assert files_in(out) == {"weights", "config.json", "manifest.json"}
    assert moment > 8


def test_a_finished_run_is_skipped_and_other_settings_are_refused(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    assert finished(run.path, "teacher", [], CONFIG)
    assert not finished(tmp_path / "none", "teacher", [], CONFIG)
    with pytest.raises(EdgeError, match="other settings \\(config differ\\)") as refused:
        finished(run.path, "teacher", [], {"steps": 4})
    assert f"delete {run.path}" in refused.value.fix
    with pytest.raises(EdgeError, match="\\(parents differ\\)"):
        finished(run.path, "teacher", [run], CONFIG)
    with pytest.raises(EdgeError, match="is a 'teacher' run, a 'student' run is needed"):
        finished(run.path, "student", [], CONFIG)
    with pytest.raises(EdgeError, match="exists already"), writing(run.path, "teacher", [], CONFIG):
        pass


@pytest.mark.parametrize("change", [lambda path: path.write_text("x"), lambda path: path.unlink()])
def test_a_file_altered_since_is_not_handed_out(tmp_path: Path, change: Any) -> None:
    run = make(tmp_path / "run")
    change(run.path / "weights")
    with pytest.raises(EdgeError, match="is missing or was altered"):
        Run.open(run.path).file("weights")


def test_figures_that_are_not_defined_are_null(tmp_path: Path) -> None:
    with writing(tmp_path / "run", "teacher", [], CONFIG) as workspace:
        workspace.summary |= {"quality": {"4": {"auc": math.nan, "rows": 3}}, "list": [math.inf, 1.5], "none": None}
    text = (tmp_path / "run" / "manifest.json").read_text()
    manifest = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert manifest["summary"] == {"quality": {"4": {"auc": None, "rows": 3}}, "list": [None, 1.5], "none": None}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"schema": "edge-ranker/run/9"}', '{"schema": "edge-ranker/run/1"}']
)
def test_what_is_not_a_manifest_is_refused_by_its_path(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(EdgeError, match=r"manifest\.json"):
        Run.open(tmp_path)


def test_a_directory_without_a_manifest_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="is not a finished run") as refused:
        Run.open(tmp_path)
    assert refused.value.evidence == "it has no manifest.json"


def test_the_parent_of_a_stage_must_be_there_once(tmp_path: Path) -> None:
    teacher, student = make(tmp_path / "t"), make(tmp_path / "s", "student")
    assert parent([teacher, student], "student").path == student.path
    assert parent([student], "pruned", "student").path == student.path
    for runs in ([], [teacher], [student, student]):
        with pytest.raises(EdgeError, match="need exactly one --parent that is a 'student' run"):
            parent(runs, "student")


def test_metrics_of_phases_are_joined_and_a_phase_without_steps_has_none(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for phase in ("a", "b"):
        (workspace.scratch / phase).mkdir()
        (workspace.scratch / phase / "metrics.jsonl").write_text('{"step": 10}\n')
    workspace.keep_metrics("b", "none", "a")
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"phase": "b", "step": 10}, {"phase": "a", "step": 10}]
