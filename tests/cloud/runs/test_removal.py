"""--restart removes what its stage wrote, says so, and refuses to remove anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_runs import files_in, interrupt, make, target

from cloud.runs.directory import Run, Stage
from cloud.runs.removal import start_over
from edge.errors import EdgeError


def test_an_unfinished_run_is_started_over_with_other_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    partial = interrupt(target(tmp_path / "run"))
    wanted = target(tmp_path / "run", config={"steps": 4}, restart=True)
    assert not wanted.finished() and (partial / "scratch" / "checkpoint").exists()
    with wanted.writing() as workspace:
        assert list(workspace.scratch.iterdir()) == []
    what = "an unfinished 'teacher' run, with its checkpoints (2 files, 0.0 MB)"
    assert capsys.readouterr().err == f"--restart: removing {partial}, {what}\n"
    assert Run.open(tmp_path / "run").config == {"steps": 4}


def test_a_finished_run_is_started_over_even_with_the_same_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make(tmp_path / "run", **{"metrics.jsonl": "old"})
    wanted = target(tmp_path / "run", restart=True)
    assert not wanted.finished() and first.file("weights").exists()
    with wanted.writing() as workspace:
        assert files_in(workspace.path) == {"identity.json"}
        assert not (tmp_path / "run").exists()
    assert capsys.readouterr().err == (
        f"--restart: removing {tmp_path / 'run'}, a finished 'teacher' run (4 files, 0.0 MB)\n"
    )
    assert files_in(tmp_path) == {"run/config.json", "run/manifest.json"}


def test_a_run_of_another_schema_and_of_an_older_version_is_started_over(tmp_path: Path) -> None:
    make(tmp_path / "run")
    newer = Stage("teacher", 2, ("model",))
    start_over(tmp_path / "run", newer)  # its weights stand in the manifest, not in this stage's patterns
    assert list(tmp_path.iterdir()) == []


def test_restart_where_nothing_is_makes_the_run(tmp_path: Path) -> None:
    with target(tmp_path / "deep" / "run", restart=True).writing():
        pass
    start_over(tmp_path / "none", target(tmp_path).stage)
    assert files_in(tmp_path) == {"deep/run/config.json", "deep/run/manifest.json"}


@pytest.mark.parametrize("place", ["run/notes.txt", "run/mine/weights", "run.partial/notes.txt", "run.partial/x.tmp"])
def test_a_directory_with_a_file_of_somebody_else_stays_as_it_is(tmp_path: Path, place: str) -> None:
    make(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "kept")
    interrupt(target(tmp_path / "run"))
    (tmp_path / "kept").rename(tmp_path / "run")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("mine")
    before = files_in(tmp_path)
    wanted = target(tmp_path / "run", restart=True)
    for refusing in (wanted.finished, lambda: interrupt(wanted)):
        with pytest.raises(EdgeError, match="holds files that the stage 'teacher' did not write") as refused:
            refusing()
        assert refused.value.evidence == place.partition("/")[2]
        assert files_in(tmp_path) == before


@pytest.mark.parametrize("name", ["run", "run.partial"])
@pytest.mark.parametrize("kind", ["file", "directory", "link", "manifest"])
def test_what_is_not_a_run_is_never_removed(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_text("mine")
    path = tmp_path / name
    if kind == "file":
        path.write_text("mine")
    elif kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.mkdir()
        (path / ("manifest.json" if kind == "manifest" else "mine")).write_text('{"name": "a web app"}')
    before = files_in(tmp_path)
    wanted = target(tmp_path / "run", restart=True)
    for refusing in (wanted.finished, lambda: interrupt(wanted)):
        with pytest.raises(EdgeError, match=str(path)):
            refusing()
        assert files_in(tmp_path) == before


def test_a_link_in_a_run_is_not_followed_and_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "mine").write_text("mine")
    partial = interrupt(target(tmp_path / "run"))
    for link in ("linked", "scratch/linked"):
        (partial / link).symlink_to(tmp_path / "precious")
    with pytest.raises(EdgeError, match="did not write") as refused:
        start_over(tmp_path / "run", target(tmp_path).stage)
    assert refused.value.evidence == "linked"
    (partial / "linked").unlink()
    start_over(tmp_path / "run", target(tmp_path).stage)  # what is in scratch goes, links as links
    assert files_in(tmp_path) == {"precious/mine"}


def test_the_run_of_another_stage_is_not_removed(tmp_path: Path) -> None:
    make(tmp_path / "run")
    interrupt(target(tmp_path / "begun"))
    before = files_in(tmp_path)
    for name in ("run", "begun"):
        with pytest.raises(EdgeError, match="is a 'teacher' run: --restart of the stage 'student' does not remove it"):
            target(tmp_path / name, "student", restart=True).finished()
    assert files_in(tmp_path) == before
