"""All stages in one directory: restarted from any of them, refused as a whole, never by two processes at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import edge
from small_runs import Killed, files_in, make

from cloud.runs.directory import Run
from cloud.runs.target import Target
from edge.config import override, setting
from edge.errors import EdgeError
from edge.files import write_atomically
from export import settings
from pipeline import stages, steps
from pipeline.settings import ROADS
from pipeline.stages import LOCK, alone_in, run_road
from pipeline.steps import road_of

MAKERS = {
    "data": (steps, "prepare"), "teacher": (steps, "train_ranker"), "student": (steps, "train_ranking_student"),
    "pruned": (steps, "prune_ranker"), "int8": (steps, "quantise_run"), "rivals": (steps, "measure_beside"),
    "export": (steps, "export_ranker"),
}  # fmt: skip
NAMES = list(MAKERS)


class SmallRoad:
    """The stages of `edge run`, each making a run of one file in a blink; `made` tells which did."""

    def __init__(self) -> None:
        self.config = ROADS["quickstart"]("ml-100k")
        self.stages = {step.name: step.stage for step in road_of("ml-100k", self.config).steps}
        self.names = list(self.stages)
        self.made: list[str] = []
        self.settings: dict[str, dict[str, Any]] = {name: {"steps": 1} for name in self.names}
        self.stop_in = ""

    def maker(self, name: str) -> Callable[..., Run]:
        def make(*given: Any, restart: bool = False) -> Run:
            restart = restart or given[-1] is True
            parents = [part for part in given if isinstance(part, Run)]
            (out,) = (part for part in given if isinstance(part, Path))
            target = Target(out, self.stages[name], parents, self.settings[name], restart=restart)
            if not target.finished():
                if self.stop_in == f"{name} at its door":
                    raise EdgeError("bad rows", fix=f"--set {setting('steps')}=1")
                with target.writing() as workspace:
                    write_atomically(workspace.path / "report.md", name)
                    write_atomically(workspace.scratch / "checkpoint", name)
                    if self.stop_in == name:
                        raise Killed
                self.made.append(name)
            return Run.open(out, self.stages[name].name)

        return make

    def run(self, out: Path, restart: str | None = None) -> list[str]:
        """Which stages were made."""
        self.made = []
        road = road_of("ml-100k", self.config)
        with alone_in(out, road, restart):
            run_road(road, out, restart)
        return self.made


@pytest.fixture
def road(monkeypatch: pytest.MonkeyPatch) -> SmallRoad:
    made = SmallRoad()
    for name, (module, function) in MAKERS.items():
        monkeypatch.setattr(module, function, made.maker(name))
    monkeypatch.setattr(steps, "rivals_installed", lambda: True)
    return made


def test_every_stage_is_made_once_and_nothing_else_stays_behind(road: SmallRoad, tmp_path: Path) -> None:
    assert road.run(tmp_path / "out") == road.names
    assert road.run(tmp_path / "out") == []
    assert {name.split("/")[0] for name in files_in(tmp_path / "out")} == set(road.names)


@pytest.mark.parametrize("first", NAMES)
def test_restart_makes_a_stage_and_all_that_follow_it_again(
    road: SmallRoad, tmp_path: Path, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    road.run(tmp_path)
    over = road.names[road.names.index(first) :]
    assert road.run(tmp_path, restart=first) == over
    said = re.findall(r"^--restart: removing (\S+),", capsys.readouterr().err, re.MULTILINE)
    assert sorted(said) == sorted(str(tmp_path / name) for name in over)
    assert road.run(tmp_path) == []


@pytest.mark.parametrize("damage", ["cut", "removed"])
@pytest.mark.parametrize("file", ["report.md", "config.json", "manifest.json"])
@pytest.mark.parametrize("name", NAMES)
def test_damage_is_told_before_any_stage_is_said_to_be_as_it_should(
    road: SmallRoad, tmp_path: Path, name: str, file: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    road.run(tmp_path)
    capsys.readouterr()
    path = tmp_path / name / file
    path.write_bytes(path.read_bytes()[:-2])
    if damage == "removed":
        path.unlink()
    before = files_in(tmp_path)
    with pytest.raises(EdgeError, match=f"^{tmp_path / name}") as refused:
        road.run(tmp_path)
    assert capsys.readouterr().err == "" and files_in(tmp_path) == before and not road.made
    if file != "manifest.json":
        assert refused.value.fix == f"restore it from a copy, or make {tmp_path / name} again with --restart {name}"
        assert road.run(tmp_path, restart=name) == road.names[road.names.index(name) :]
    assert refused.value.fix


WIDE, DEEP = "hidden_size=16384", "layers=512"
TOO_LARGE = {name: [f"{name}.shape.{key}" for key in (WIDE, f"encode_{DEEP}")] for name in ("teacher", "student")}
TOO_LARGE["teacher"].append("teacher.shape.shared=false")
TOO_LARGE["student"].append("student.shape.feed_forward=64")


@pytest.mark.parametrize(("name", "restart"), [("teacher", "data"), ("student", "student")])
def test_a_model_that_cannot_fit_is_refused_before_a_restart_removes_anything(
    road: SmallRoad, tmp_path: Path, name: str, restart: str, capsys: pytest.CaptureFixture[str]
) -> None:
    road.run(tmp_path)
    capsys.readouterr()
    before = files_in(tmp_path)
    road.config = override(road.config, TOO_LARGE[name])
    with pytest.raises(EdgeError, match=rf"^{name}\.shape cannot be trained here"):
        road.run(tmp_path, restart=restart)
    assert files_in(tmp_path) == before and capsys.readouterr().err == ""
    road.run(tmp_path)  # what is finished needs no memory any more


def test_a_bundle_that_could_not_be_written_is_refused_before_anything_is_trained(
    road: SmallRoad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda name: None if name == "coremltools" else object())
    with pytest.raises(EdgeError, match=r"not installed \(coremltools\)") as refused:
        road.run(tmp_path)
    assert "'.[export]'" in refused.value.fix
    assert road.made == [] and files_in(tmp_path) == set() and capsys.readouterr().err == ""


def test_a_restart_removes_nothing_where_a_stage_that_stays_is_damaged(road: SmallRoad, tmp_path: Path) -> None:
    road.run(tmp_path)
    (tmp_path / "data" / "report.md").write_text("cut")
    before = files_in(tmp_path)
    with pytest.raises(EdgeError, match=r"report\.md was altered") as refused:
        road.run(tmp_path, restart="student")
    assert refused.value.fix.endswith("--restart data") and files_in(tmp_path) == before


@pytest.mark.parametrize("stopped", NAMES)
@pytest.mark.parametrize("first", NAMES)
def test_a_restart_that_is_interrupted_goes_on_without_restart(
    road: SmallRoad, tmp_path: Path, first: str, stopped: str
) -> None:
    """Everything old is out of the way by then, whatever settings it was made with."""
    road.run(tmp_path)
    road.settings = {name: {"steps": 1 + (road.names.index(name) >= road.names.index(first))} for name in road.names}
    road.stop_in = stopped
    if road.names.index(stopped) < road.names.index(first):
        assert road.run(tmp_path, restart=first) == road.names[road.names.index(first) :]
        return
    with pytest.raises(Killed):
        road.run(tmp_path, restart=first)
    road.stop_in = ""
    if stopped == "data":  # the rest is removed once the new data is there
        with pytest.raises(EdgeError, match="teacher was made from other parents"):
            road.run(tmp_path)
        assert road.run(tmp_path, restart="teacher") == road.names[1:]
    else:
        assert road.run(tmp_path) == road.names[road.names.index(stopped) :]


def test_a_log_that_cannot_be_read_ends_a_restart_before_anything_is_removed(road: SmallRoad, tmp_path: Path) -> None:
    road.run(tmp_path)
    before = files_in(tmp_path)
    road.stop_in = "data at its door"
    with pytest.raises(EdgeError, match="bad rows") as refused:
        road.run(tmp_path, restart="data")
    assert refused.value.fix == "--set prepare.steps=1"
    assert files_in(tmp_path) == before


def test_other_settings_name_the_stage_to_restart_from_and_what_differs_as_run_calls_it(
    road: SmallRoad, tmp_path: Path
) -> None:
    road.run(tmp_path)
    groups = {"data": "prepare", "teacher": "teacher", "student": "student", "pruned": "prune", "export": "export"}
    for name, group in groups.items():
        road.settings = {each: {"steps": 1 + (each == name)} for each in road.names}
        with pytest.raises(EdgeError, match=f"^{tmp_path / name} was made with other settings") as refused:
            road.run(tmp_path)
        assert refused.value.evidence == f"{group}.steps: 1 -> 2"
        start_over = f"choose another --out, or start over with --restart {name}"
        assert refused.value.fix == f"give the old settings again, {start_over}"


@pytest.mark.parametrize("place", ["data", "student", "int8"])
def test_restart_removes_nothing_at_all_if_one_directory_is_not_ours(
    road: SmallRoad, tmp_path: Path, place: str
) -> None:
    road.run(tmp_path)
    (tmp_path / place / "notes.txt").write_text("mine")
    before = files_in(tmp_path)
    with pytest.raises(EdgeError, match="did not write"):
        road.run(tmp_path, restart="data")
    assert files_in(tmp_path) == before and road.made == []


def test_restart_knows_its_stages(road: SmallRoad, tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="there is no stage 'prune'") as refused:
        road.run(tmp_path, restart="prune")
    assert refused.value.fix == f"did you mean 'pruned'? known: {', '.join(road.names)}"


def test_what_others_keep_in_the_directory_stays(road: SmallRoad, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    road.run(tmp_path)
    road.run(tmp_path, restart="data")
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["report.html", "report.md", "plots"])
def test_a_report_that_no_run_wrote_is_not_overwritten(road: SmallRoad, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(EdgeError, match=f"holds {name}, which no run wrote"):
        road.run(tmp_path)
    assert files_in(tmp_path) == {name}
    (tmp_path / name).rename(tmp_path / "kept")
    road.run(tmp_path)
    (tmp_path / name).write_text("of the run")
    assert road.run(tmp_path) == []


def test_one_run_at_a_time_is_at_work_in_a_directory(road: SmallRoad, tmp_path: Path) -> None:
    with alone_in(tmp_path, road_of("ml-100k", road.config)):
        assert (tmp_path / LOCK).exists()
        with pytest.raises(EdgeError, match=f"^{tmp_path} is being written by process"):
            road.run(tmp_path)
    assert files_in(tmp_path) == set()
    assert road.run(tmp_path) == road.names


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_place_that_is_no_directory_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str) -> None:
    (tmp_path / "file").write_text("mine")
    assert edge("run", "--out", tmp_path / out) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert files_in(tmp_path) == {"file"}


def test_the_stages_of_the_help_are_those_of_the_road(capsys: pytest.CaptureFixture[str]) -> None:
    edge("run", "--help")
    words = " ".join(capsys.readouterr().out.split())
    assert words.partition("from STAGE on: ")[2].startswith(", ".join(NAMES))


def test_restart_takes_a_stage_or_none(road: SmallRoad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(stages, "run_road", lambda *given: asked.append(given[-1]) or exit_quietly())

    def exit_quietly() -> None:
        raise EdgeError("far enough")

    for words in (["--restart"], ["--restart", "pruned"], ["--restart=int8"], []):
        assert edge("run", *words, "--out", tmp_path) == 2
        assert edge("run", "--out", tmp_path, *words) == 2
    assert asked == ["data", "data", "pruned", "pruned", "int8", "int8", None, None]


def test_a_run_of_another_stage_is_refused_as_it_is(road: SmallRoad, tmp_path: Path) -> None:
    make(tmp_path / "teacher", "teacher")
    before = files_in(tmp_path)
    for restart in (None, "student"):
        with pytest.raises(EdgeError, match="is a 'teacher' run, edge run makes a 'ranker' run there") as refused:
            road.run(tmp_path, restart)
        assert refused.value.fix == "choose another --out"
    assert files_in(tmp_path) == before


def test_a_step_that_is_left_out_is_said_and_not_made(
    road: SmallRoad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(steps, "rivals_installed", lambda: False)
    assert road.run(tmp_path) == [name for name in road.names if name != "rivals"]
    assert "== rivals: not measured, which needs pip install '.[rivals]'" in capsys.readouterr().err
