"""`edge rank` answers a request as the API does, and refuses in one line what it cannot mean."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import edge
from runnable_bundles import REQUEST, make_runnable

from edge.bundle.archive import write as write_archive
from edge.bundle.listing import MANIFEST
from edge.runtime.ranker import Ranker
from edge.runtime.wish import Wish, exit_of
from edge.text.request import request_to_json

ENGINE = ("--engine", "reference")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where m.edge is a bundle, and r.json a request."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    make_runnable(tmp_path / "m.edge")
    (tmp_path / "r.json").write_text(json.dumps(request_to_json(REQUEST)))
    return tmp_path


def test_the_command_ranks_as_the_api_does_at_the_moment_of_the_request(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ranker.open("m.edge", "reference") as ranker:
        user = ranker.user(REQUEST.user, REQUEST.events)
        wanted = ranker.rank(user, REQUEST.candidates, time_s=REQUEST.time)
    assert edge("rank", "m.edge", *ENGINE, "--request", "r.json", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in found["ranked"]] == [item.id for item in wanted.items]
    assert [one["score"] for one in found["ranked"]] == pytest.approx(wanted.scores, abs=1e-5)
    assert found["exit"] == found["explanation"]["exit"] == "2/2" and found["explanation"]["met"] is None
    assert found["ranked"][0]["title"] == wanted.items[0].attributes["title"]


def test_a_request_comes_from_a_file_or_from_stdin_and_the_best_come_first(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert edge("rank", "m.edge", *ENGINE, "--request", "r.json", "--exit", "1/0") == 0
    from_file = capsys.readouterr().out
    assert "blue film" in from_file and "exit 1/0, " in from_file and ", test AUC 0.7000\n" in from_file
    content = (folder / "r.json").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert edge("rank", "m.edge", *ENGINE, "--top", 1, "--min-auc", 0.75, "--json", "--threads", 2) == 0
    result = json.loads(capsys.readouterr().out)
    assert len(result["ranked"]) == 1 and result["exit"] == "2/0" and result["explanation"]["met"] is True


def test_a_budget_that_is_missed_is_said_and_is_no_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge("rank", "m.edge", *ENGINE, "--request", "r.json", "--budget-ms", 1e-6) == 0
    assert "; missed: " in capsys.readouterr().out
    assert edge("rank", "m.edge", *ENGINE, "--request", "r.json", "--budget-ms", 1e-6, "--json") == 0
    why = json.loads(capsys.readouterr().out)["explanation"]
    assert why["met"] is False and len(why["missed"]) == 1 and 0 < why["late_ms"] < why["spent_ms"]
    assert edge("rank", "m.edge", *ENGINE, "--request", "r.json", "--budget-ms", 1e6) == 0
    assert "; within the limits" in capsys.readouterr().out


def test_attributes_cannot_pass_for_the_score_or_the_id(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = request_to_json(REQUEST)
    asked["candidates"] = [{"id": "a", "title": "blue film", "score": 99}]
    (folder / "r.json").write_text(json.dumps(asked))
    assert edge("rank", "m.edge", *ENGINE, "--request", "r.json", "--json") == 0
    (only,) = json.loads(capsys.readouterr().out)["ranked"]
    assert only["id"] == "a" and only["score"] != 99


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--budget-ms", "nan"), "budget_ms is nan, it must be a finite float, above 0"),
        (("--budget-ms", "1e400"), "budget_ms is inf, it must be a finite float, above 0"),
        (("--budget-ms", "-1"), "budget_ms is -1.0, it must be above 0"),
        (("--budget-ms=-1",), "budget_ms is -1.0, it must be above 0"),
        (("--budget-ms", ""), "'' is not a valid float"),
        (("--budget-ms", "20ms"), "'20ms' is not a valid float"),
        (("--min-auc", "75"), "min_auc is 75.0, it must be from 0 to 1\nfix: it is a share: did you mean 0.75?"),
        (("--min-auc", "0"), "min_auc is 0, which every exit reaches"),
        (("--top", "0"), "top is 0, it must be 1 or more\nfix: leave it out for all"),
        (("--top", "9" * 5000), "is not a valid integer"),
        (("--exit", "2"), "exit is '2', which is not an exit\nfix: write encode depth and interact depth: \"1/2\""),
        (("--exit", "1/x"), "exit is '1/x'"),
        (("--exit", "99999/0"), "exit is '99999/0'"),
        (("--exit", "1/2", "--budget-ms", "5"), "an exit excludes budget_ms and min_auc"),
    ],
)
def test_the_command_line_refuses_it_by_the_check_of_the_api_before_it_reads_anything(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], problem: str
) -> None:
    assert edge("rank", "absent.edge", "--request", "absent.json", *options) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ") and problem in told.err and told.out == ""


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--exit", "3/0"), "the bundle has no exit 3/0\nfix: use one of: (1, 0), (1, 1), "),
        (("--threads", "0"), "threads is 0, it must be from 1 to 256"),
        (("--engine", "litr"), "there is no engine 'litr'"),
        (("--engine", "litert"), "the bundle carries no litert model"),
        (("--request", "absent.json"), "absent.json cannot be read: No such file or directory\nfix: check the path"),
        (("--request", "m.edge"), "the request is not UTF-8 text"),
    ],
)
def test_what_the_bundle_cannot_do_is_refused_with_what_it_can(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], problem: str
) -> None:
    assert edge("rank", "m.edge", *ENGINE, "--request", "r.json", *options) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ") and problem in told.err and told.out == ""


@pytest.mark.parametrize("command", [("rank", "--request", "r.json"), ("verify",), ("encode", "i.jsonl", "--bundle")])
def test_a_bundle_of_an_older_version_is_refused_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    (folder / "i.jsonl").write_text('{"id": "1", "title": "red"}\n')
    older = b'{"schema": "edge-ranker/bundle/4", "name": "movies"}'
    write_archive(folder / "old.edge", {MANIFEST: older}, first=MANIFEST)
    after = ("--out", "s.jsonl") if command[0] == "encode" else ()
    assert edge(*command, "old.edge", *after) == 2
    told = capsys.readouterr()
    problem, fix = told.err.splitlines()
    reads = "this version reads 'edge-ranker/bundle/6' alone"
    assert problem == f"error: old.edge refused: its schema is 'edge-ranker/bundle/4', {reads}"
    assert fix == "fix: train and export the model again with this version: edge run --help"
    assert told.out == "" and not (folder / "cache").exists()


def test_numbers_of_numpy_are_numbers() -> None:
    assert Wish(budget_ms=float(np.float32(20))).limited and Wish(min_auc=np.float64(0.75)).limited
    with pytest.raises(Exception, match="exit is"):
        exit_of((1, True))  # type: ignore[arg-type]
