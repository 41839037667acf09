"""Run directories: never taken for another, checked when read, also when damaged or of an older version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small_runs import CONFIG, FILES, files_in, interrupt, make, target

from cloud.runs.directory import DamagedRunError, Run, Stage, parent
from edge.errors import EdgeError


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


def test_an_interrupted_run_is_not_finished(tmp_path: Path) -> None:
    interrupt(target(tmp_path / "run"))
    with pytest.raises(EdgeError, match="not a finished run") as refused:
        Run.open(tmp_path / "run")
    assert refused.value.evidence == "it was interrupted"


@pytest.mark.parametrize("change", [lambda path: path.write_text("x"), lambda path: path.unlink()])
def test_a_file_altered_since_is_not_handed_out(tmp_path: Path, change: Any) -> None:
    run = make(tmp_path / "run")
    change(run.path / "weights")
    with pytest.raises(EdgeError, match=r"weights (is missing|was altered since the run was written)"):
        Run.open(run.path).file("weights")


DAMAGES = {
    "a byte less": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "a byte more": lambda path: path.write_bytes(path.read_bytes() + b" "),
    "another byte": lambda path: path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]),
    "nothing left": lambda path: path.write_bytes(b""),
    "removed": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["weights", "metrics.jsonl", "config.json"])
def test_damage_is_seen_whether_anything_reads_the_file_or_not(tmp_path: Path, name: str, damage: Any) -> None:
    run = make(tmp_path / "run", **{"metrics.jsonl": "{}"})
    damage(run.path / name)
    child = target(tmp_path / "child", "student", (run,))
    for refusing in (run.check, target(run.path).finished, child.finished):
        with pytest.raises(DamagedRunError, match=f"^{run.path / name} (is missing|was altered)") as refused:
            refusing()
        assert refused.value.fix == f"restore it from a copy, or make {run.path} again with --restart"
    assert not child.out.exists() and not child.partial.exists()
    with target(run.path, restart=True).writing() as workspace:
        (workspace.path / "weights").write_text("w")
    Run.open(run.path).check()


def test_a_figure_changed_in_a_manifest_is_damage_and_can_be_started_over(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    path = run.path / "manifest.json"
    assert "0.75" in path.read_text()
    path.write_text(path.read_text().replace("0.75", "0.95"))
    for refusing in (lambda: Run.open(run.path), target(run.path).finished):
        with pytest.raises(DamagedRunError, match=r"manifest\.json was altered since the run was written"):
            refusing()
    with target(run.path, restart=True).writing():
        pass


def test_the_digest_of_a_manifest_is_that_of_what_is_read_back(tmp_path: Path) -> None:
    """Depths are integers before they are written, and sort otherwise."""
    with target(tmp_path / "run").writing() as workspace:
        workspace.summary |= {"quality": {depth: {"auc": depth / 3} for depth in (2, 10)}, "ü": (1, None, 1e-300)}
    assert Run.open(tmp_path / "run").summary["quality"]["10"] == {"auc": 10 / 3}


def damaged(tmp_path: Path, **changes: Any) -> Path:
    """A finished run whose manifest has other values; None takes a key out."""
    run = make(tmp_path / "run")
    manifest = dict(run.manifest) | {"digest": ()} | changes
    (run.path / "manifest.json").write_text(json.dumps({key: value for key, value in manifest.items() if value != ()}))
    return run.path


def test_a_manifest_from_before_stages_had_schemas_is_read_and_its_run_skipped(tmp_path: Path) -> None:
    path = damaged(tmp_path, stage_schema=(), code="0.0.9")
    assert "stage_schema" not in Run.open(path).manifest and Run.open(path).hash == make(tmp_path / "new").hash
    assert target(path).finished()
    with pytest.raises(EdgeError, match="was made by another version of the stage"):
        target(path, schema=2).finished()


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "3", '"text"', "\xff\xfe", "[" * 100_000, '{"schema": 1, "schema": 2}',
        '{"schema": "edge-ranker/run/9"}', '{"schema": "edge-ranker/run/1"}', '{"schema": ["edge-ranker/run/1"]}',
    ],
)  # fmt: skip
def test_what_is_not_a_manifest_is_refused_by_its_path_and_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    for refusing in (lambda: Run.open(tmp_path), lambda: target(tmp_path).finished()):
        with pytest.raises(EdgeError, match=r"manifest\.json"):
            refusing()
    assert (tmp_path / "manifest.json").read_text(encoding="latin-1") == text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"files": []}, "files"),
        ({"config": None}, "config"),
        ({"stage": 3}, "stage"),
        ({"parents": {}}, "parents"),
        ({"parents": ["teacher"]}, "parents"),
        ({"parents": [{"stage": "teacher"}]}, "parents"),
        ({"summary": "good", "protocol": 1}, "protocol, summary"),
        ({"stage_schema": "new"}, "stage_schema"),
    ],
)
def test_a_manifest_with_a_value_of_another_type_names_it(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    path = damaged(tmp_path, **changes)
    with pytest.raises(EdgeError, match=r"manifest\.json is damaged") as refused:
        Run.open(path)
    assert refused.value.evidence == f"missing or of another type: {named}"
    assert files_in(path) == {"weights", "config.json", "manifest.json"}


def test_a_directory_without_a_manifest_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="is not a finished run") as refused:
        Run.open(tmp_path)
    assert refused.value.evidence == "it has no manifest.json"


@pytest.mark.parametrize("path", [".", "..", "/", "no/such", "x" * 300])
def test_a_path_that_names_no_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    with pytest.raises(EdgeError, match="is not a finished run"):
        Run.open(Path(path))


def test_a_stage_knows_what_it_writes() -> None:
    stage = Stage("export", 1, ("models/", "*.edge", "model.onnx"))
    for name in ("models/a", "models/b/c", "movies.edge", "model.onnx", "config.json"):
        assert stage.writes(name), name
    for name in ("models", "model.onnx.old", "mine/movies.edge", "notes.txt", "scratch/x.edge", "mine/config.json"):
        assert not stage.writes(name), name


def test_the_parent_of_a_stage_must_be_there_once(tmp_path: Path) -> None:
    teacher, student = make(tmp_path / "t"), make(tmp_path / "s", "student")
    pruned, trained = (Stage(name, 1, FILES) for name in ("pruned", "student"))
    assert parent([teacher, student], trained).path == student.path
    assert parent([student], pruned, trained).path == student.path
    for runs in ([], [teacher], [student, student]):
        with pytest.raises(EdgeError, match="need exactly one --parent that is a 'student' run"):
            parent(runs, trained)


def test_a_parent_that_an_older_version_of_its_stage_made_is_refused(tmp_path: Path) -> None:
    old = make(tmp_path / "t")
    with pytest.raises(EdgeError, match=f"^{old.path} was made by another version of the stage 'teacher'") as refused:
        parent([old], Stage("teacher", 2, FILES))
    assert refused.value.evidence == f"it has schema 1 (edge-ranker {old.manifest['code']}), this version has 2"
