"""Runs being made: whole or not at all, gone on from, and refused where that would destroy another."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_runs import CONFIG, files_in, interrupt, make, target

from cloud.runs.directory import Run
from cloud.runs.target import Workspace
from edge.config import settings_in
from edge.errors import EdgeError


def everything_in(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in files_in(directory)}


def test_nothing_appears_until_the_block_ends_and_it_resumes_with_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "run"
    interrupt(target(out))
    assert not out.exists()
    with target(out).writing() as workspace:
        assert (workspace.scratch / "checkpoint").read_text() == "half"
    assert files_in(tmp_path) == {"run/config.json", "run/manifest.json"}


CHANGED: list[tuple[dict[str, Any], list[str]]] = [
    ({"steps": 4}, ["steps: 3 -> 4"]),
    ({"click": {"rate": 0.5, "seed": 1}}, ["click.seed: 0 -> 1"]),
    ({"steps": 9, "click": {"rate": 0.25, "seed": 0}}, ["steps: 3 -> 9", "click.rate: 0.5 -> 0.25"]),
    ({"new": "x"}, ['new: absent -> "x"']),
    ({"steps": "x" * 100}, [f'steps: 3 -> "{"x" * 47}...']),
    ({f"a{number}": number for number in range(9)}, [*(f"a{n}: absent -> {n}" for n in range(5)), "and 4 more"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "lines"), CHANGED)
def test_an_unfinished_run_of_other_settings_stays_and_names_them_with_both_values(
    tmp_path: Path, changes: dict[str, Any], lines: list[str]
) -> None:
    partial = interrupt(target(tmp_path / "run"))
    before = everything_in(tmp_path)
    other = target(tmp_path / "run", config=CONFIG | changes)
    for refusing in (other.finished, lambda: interrupt(other)):
        with pytest.raises(EdgeError, match=f"^{partial} was begun with other settings") as refused:
            refusing()
        assert refused.value.evidence.splitlines() == lines
        assert refused.value.fix == "give the old settings again, choose another --out, or start over with --restart"
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize(("changes", "lines"), CHANGED)
def test_a_finished_run_of_other_settings_names_them_with_both_values(
    tmp_path: Path, changes: dict[str, Any], lines: list[str]
) -> None:
    run = make(tmp_path / "run")
    assert target(run.path).finished()
    with pytest.raises(EdgeError, match=f"^{run.path} was made with other settings") as refused:
        target(run.path, config=CONFIG | changes).finished()
    assert refused.value.evidence.splitlines() == lines


def test_long_values_that_differ_late_are_shown_where_they_differ(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    interrupt(target(tmp_path / "other", config=CONFIG | {"text": "a" * 200 + "old"}))
    with pytest.raises(EdgeError) as refused:
        target(tmp_path / "other", config=CONFIG | {"text": "a" * 200 + "new"}).finished()
    assert refused.value.evidence == f'text: ...{"a" * 12}old" -> ...{"a" * 12}new"'
    assert target(run.path).finished()


def test_settings_of_a_group_are_named_as_the_user_types_them(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    with settings_in("teacher"), pytest.raises(EdgeError) as refused:
        target(run.path, config=CONFIG | {"steps": 4}).finished()
    assert refused.value.evidence == "teacher.steps: 3 -> 4"


def test_other_parents_and_another_schema_are_refused_by_name(tmp_path: Path) -> None:
    data, other = make(tmp_path / "data", "prepare"), make(tmp_path / "other", "prepare", weights="v")
    run = make(tmp_path / "run", "teacher", (data,))
    with pytest.raises(EdgeError, match="was made from other parents") as refused:
        target(run.path, parents=(other,)).finished()
    assert refused.value.evidence == f"parent: prepare run {data.hash[:12]} -> prepare run {other.hash[:12]}"
    with pytest.raises(EdgeError, match="was made from other parents") as refused:
        target(run.path).finished()
    assert refused.value.evidence == f"parent: prepare run {data.hash[:12]} -> none"
    with pytest.raises(EdgeError, match="was made by another version of the stage") as refused:
        target(run.path, parents=(data,), schema=2).finished()
    assert refused.value.evidence.startswith("schema of the stage 'teacher': 1 -> 2")


def test_another_stage_is_refused_by_name(tmp_path: Path) -> None:
    make(tmp_path / "run")
    interrupt(target(tmp_path / "begun"))
    for name in ("run", "begun"):
        with pytest.raises(EdgeError, match="by the stage 'teacher', this is 'student'"):
            target(tmp_path / name, "student").finished()


def test_the_package_version_is_recorded_and_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    partial = interrupt(target(tmp_path / "begun"))
    run = make(tmp_path / "run")
    monkeypatch.setattr("cloud.runs.target.version", lambda package: "99.0")
    assert target(run.path).finished() and Run.open(run.path).manifest["code"] != "99.0"
    with target(tmp_path / "begun").writing() as workspace:
        assert (workspace.scratch / "checkpoint").read_text() == "half"
    assert not partial.exists() and Run.open(tmp_path / "begun").manifest["code"] == "99.0"


def test_what_an_older_version_began_is_gone_on_from_while_the_stage_computes_the_same(tmp_path: Path) -> None:
    """Before stages had schemas, an unfinished run said the version of the package instead."""
    identity = interrupt(target(tmp_path / "run")) / "identity.json"
    old = {name: value for name, value in json.loads(identity.read_text()).items() if name != "stage_schema"}
    identity.write_text(json.dumps(old | {"code": "0.0.9"}))
    with pytest.raises(EdgeError, match="was begun by another version of the stage"):
        target(tmp_path / "run", schema=2).finished()
    with target(tmp_path / "run").writing() as workspace:
        assert (workspace.scratch / "checkpoint").read_text() == "half"


def test_what_is_not_a_run_is_never_written_to(tmp_path: Path) -> None:
    for name in ("file", "full", "linked"):
        out = tmp_path / name
        if name == "file":
            out.write_text("mine")
        elif name == "full":
            out.mkdir()
            (out / "mine").write_text("mine")
        else:
            out.symlink_to(tmp_path / "full")
        with pytest.raises(EdgeError, match=f"^{out} exists and is not a run") as refused:
            target(out).finished()
        held = {"file": "it is a file", "full": "it holds mine", "linked": "it is a symbolic link"}
        assert refused.value.evidence == held[name] and refused.value.fix.startswith("choose another --out")
        with pytest.raises(EdgeError, match="exists and is not a run"), target(out).writing():
            pass
    assert files_in(tmp_path) == {"file", "full/mine"}


def test_an_empty_directory_becomes_the_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert make(tmp_path / "run").file("weights").is_file()


@pytest.mark.parametrize(
    "identity",
    [
        None, "", "{", "[]", "null", '{"schema": "edge-ranker/run/1"}', '{"schema": "edge-ranker/run/9"}',
        "[" * 100_000,
        '{"schema": "edge-ranker/run/1", "stage": 3, "parents": [], "config": {}}',
        '{"schema": "edge-ranker/run/1", "stage": "teacher", "parents": [3], "config": {}}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("restart", [False, True])
def test_an_unfinished_run_with_a_damaged_identity_is_refused_and_stays(
    tmp_path: Path, identity: str | None, restart: bool
) -> None:
    partial = interrupt(target(tmp_path / "run"))
    (partial / "identity.json").unlink()
    if identity is not None:
        (partial / "identity.json").write_text(identity)
    before = everything_in(tmp_path)
    wanted = target(tmp_path / "run", restart=restart)
    for refusing in (wanted.finished, lambda: interrupt(wanted)):
        with pytest.raises(EdgeError, match=r"run\.partial"):
            refusing()
    assert everything_in(tmp_path) == before


def test_a_run_killed_before_it_said_what_it_is_begins_again(tmp_path: Path) -> None:
    (tmp_path / "run.partial").mkdir()
    (tmp_path / "run.partial" / "identity.json.tmp").write_text("{")
    assert files_in(make(tmp_path / "run").path) == {"weights", "config.json", "manifest.json"}


def test_what_a_killed_write_left_is_no_part_of_the_run_and_what_others_put_there_stays(tmp_path: Path) -> None:
    partial = interrupt(target(tmp_path / "run"))
    (partial / "models").mkdir()
    (partial / "mine").mkdir()
    for name in ("weights.tmp", "models/model.tmp", "manifest.json"):
        (partial / name).write_text("torn")
    for name in ("notes.txt", "notes.tmp", "mine/weights"):
        (partial / name).write_text("mine")
    run = make(tmp_path / "run")
    kept = {"notes.txt", "notes.tmp", "mine/weights"}
    assert files_in(run.path) == {"weights", "config.json", "manifest.json"} | kept
    assert set(run.manifest["files"]) == {"weights", "config.json"}
    assert run.hash == make(tmp_path / "clean").hash


def test_a_run_killed_between_its_rename_and_its_sweep_is_whole_and_swept_later(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    (run.path / "scratch").mkdir()
    (run.path / "scratch" / "checkpoint").write_text("big")
    assert Run.open(run.path).hash == run.hash
    assert target(run.path).finished()
    assert not (run.path / "scratch").exists()


DYING = f"""
import fcntl, os, shutil, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from small_runs import target, write_atomically
left = int(sys.argv[2])
def dying(original):
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return original(*arguments, **named)
    return call
dies = [(os, "fsync"), (os, "ftruncate"), (os, "write"), (fcntl, "flock"), (shutil, "rmtree")]
for owner, name in dies + [(Path, name) for name in ("replace", "rename", "unlink", "rmdir", "mkdir")]:
    setattr(owner, name, dying(getattr(owner, name)))
with target(Path(sys.argv[1]), restart=sys.argv[3:] == ["restart"]).writing() as workspace:
    resumed = (workspace.scratch / "checkpoint").exists()
    write_atomically(workspace.scratch / "checkpoint", "half")
    write_atomically(workspace.path / "weights", "w")
print(resumed)
"""


def die(out: Path, moment: int, *restart: str) -> tuple[int, str]:
    command = [sys.executable, "-c", DYING, str(out), str(moment), *restart]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode, done.stdout.strip()


def test_sigkill_at_any_moment_leaves_a_whole_run_or_one_that_resumes(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole").hash
    resumed = []
    for moment in range(40):
        out = tmp_path / str(moment) / "run"
        out.parent.mkdir()
        status, _ = die(out, moment)
        if status == 0:
            break
        if not target(out).finished():
            status, had_checkpoint = die(out, 999)
            assert status == 0
            resumed.append(had_checkpoint == "True")
        assert target(out).finished() and Run.open(out).hash == whole
        assert files_in(out.parent) <= {"run/weights", "run/config.json", "run/manifest.json", "run.partial.lock"}
    assert moment > 20 and sorted(resumed) == resumed and 0 < sum(resumed) < len(resumed)


def test_sigkill_at_any_moment_of_a_restart_never_leaves_half_of_the_old_run_as_whole(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole").hash
    for moment in range(60):
        out = tmp_path / str(moment) / "run"
        out.parent.mkdir()
        make(out)
        status, _ = die(out, moment, "restart")
        if status == 0:
            break
        assert not out.exists() or Run.open(out).file("weights").read_text() == "w"
        if not target(out).finished():
            assert die(out, 999, *(["restart"] if moment % 2 else []))[0] == 0
        assert target(out).finished() and Run.open(out).hash == whole
        assert files_in(out.parent) <= {"run/weights", "run/config.json", "run/manifest.json", "run.partial.lock"}
    assert moment > 25


def test_figures_that_are_not_defined_are_null(tmp_path: Path) -> None:
    with target(tmp_path / "run").writing() as workspace:
        workspace.summary |= {"quality": {"4": {"auc": math.nan, "rows": 3}}, "list": [math.inf, 1.5], "none": None}
    text = (tmp_path / "run" / "manifest.json").read_text()
    manifest = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert manifest["summary"] == {"quality": {"4": {"auc": None, "rows": 3}}, "list": [None, 1.5], "none": None}


def test_metrics_of_phases_are_joined_and_a_phase_without_steps_has_none(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for phase in ("a", "b"):
        (workspace.scratch / phase).mkdir()
        (workspace.scratch / phase / "metrics.jsonl").write_text('{"step": 10}\n')
    workspace.keep_metrics("b", "none", "a")
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"phase": "b", "step": 10}, {"phase": "a", "step": 10}]


@pytest.mark.parametrize("refused", [1, 2, 3, 4])
def test_a_full_disk_is_an_error_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    """Refused: the identity, the weights, the configuration, the manifest."""
    left, fsync = [refused], os.fsync

    def full(descriptor: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EdgeError) as stopped:
        make(tmp_path / "run")
    assert stopped.value.problem == f"{tmp_path / 'run'} was not completed: No space left on device"
    again = f"run the same command again: it continues from {tmp_path / 'run.partial'}"
    assert stopped.value.fix == f"make room on the disk and {again}"
    assert files_in(tmp_path) <= {f"run.partial/{name}" for name in ("identity.json", "weights", "config.json")}
    assert make(tmp_path / "run").hash


def test_a_file_beyond_the_limit_of_the_system_is_an_error_and_the_same_command_goes_on(tmp_path: Path) -> None:
    code = DYING.replace('"w")', '"w" * 100_000)')
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n{code}"
    command = [sys.executable, "-c", limited, str(tmp_path / "run"), "999"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "EdgeError" in done.stderr and "was not completed: File too large" in done.stderr
    assert (tmp_path / "run.partial/scratch/checkpoint").read_text() == "half"
    assert files_in(tmp_path / "run.partial") == {"identity.json", "scratch/checkpoint"}
    assert die(tmp_path / "run", 999) == (0, "True")


@pytest.mark.parametrize("out", ["file/run", "file/deeper/run", "x" * 300])
def test_a_place_where_no_directory_can_be_is_refused_at_the_door(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("mine")
    for refusing in (target(tmp_path / out).finished, lambda: interrupt(target(tmp_path / out))):
        with pytest.raises(EdgeError, match="cannot be written") as refused:
            refusing()
        assert "choose another --out" in refused.value.fix
    assert files_in(tmp_path) == {"file"}


def test_a_complete_run_that_cannot_be_renamed_says_how_to_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, other: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(EdgeError, match="is complete and cannot be renamed") as refused:
        make(tmp_path / "run")
    monkeypatch.undo()
    assert refused.value.fix == f"mv {tmp_path / 'run.partial'} {tmp_path / 'run'}"
    subprocess.run(refused.value.fix.split(), check=True)
    assert target(tmp_path / "run").finished()
    assert files_in(tmp_path / "run") == {"weights", "config.json", "manifest.json"}


def test_the_current_directory_can_hold_runs_and_not_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    make(Path("run"))
    assert files_in(tmp_path) == {"here/run/config.json", "here/run/manifest.json", "here/run/weights"}
    for out in (".", "..", "/"):
        with pytest.raises(EdgeError, match="exists and is not a run"):
            target(Path(out)).finished()


def test_looking_at_a_place_makes_nothing_there(tmp_path: Path) -> None:
    assert not target(tmp_path / "a" / "b").finished()
    assert list(tmp_path.iterdir()) == []
