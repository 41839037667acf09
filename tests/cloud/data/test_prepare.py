import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import edge
from logs import initialised, make_rows, make_source, write_csv

from cloud.data.examples import request_of
from cloud.data.log import TRAIN, Log
from cloud.data.number_columns import known_at
from cloud.data.prepare import PrepareConfig, config_for, open_source, prepare
from cloud.data.requests import blocks_of_history, load_requests
from cloud.data.rows import Prepared
from cloud.data.samples import load_samples
from cloud.data.schema import Attribute, Entities, Source
from cloud.runs.directory import Run
from cloud.stage import text_encoder
from edge.errors import EdgeError
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER


def small(source: Source) -> PrepareConfig:
    return replace(config_for(source), vocabulary=300, requests=10, candidates_per_request=4)


@pytest.fixture
def run(source: Source, tmp_path: Path) -> Run:
    return prepare(source, tmp_path / "run", small(source))


def test_a_prepared_run_holds_what_the_model_reads(run: Run, log: Log) -> None:
    encoder, known = text_encoder(run), known_at(log)
    requests = load_requests(run, "train")
    rows = np.flatnonzero(log.events.part == TRAIN)
    cut = list(blocks_of_history(log.events.user[rows], known.earlier[rows], 4))
    assert len(requests) == len(cut)
    for request, (first, last) in zip(requests, cut, strict=True):
        plain = request_of(known, rows[first:last].tolist(), encoder.spec.max_events)
        assert request.segments == encoder.user(plain.user, plain.events)
        assert request.candidates == tuple(map(encoder.candidate, plain.candidates))
        assert request.items == tuple(item.id for item in plain.candidates)
        assert request.labels.dtype == np.int8
        assert request.labels.tolist() == log.events.liked[rows[first:last]].astype(int).tolist()
        assert (request.user, request.time) == (log.user_ids[log.events.user[rows[first]]], int(plain.time or 0))


def test_candidates_of_one_request_look_back_on_about_as_much(log: Log) -> None:
    known = known_at(log)
    first_of: dict[int, int] = {}
    for first, last in blocks_of_history(log.events.user, known.earlier, 16):
        earlier = known.earlier[first:last]
        assert earlier.max() <= earlier[0] + max(1, earlier[0] // 2)
        first_of[first] = last
    assert list(first_of.values())[:-1] == list(first_of)[1:]  # every row once, in order
    without = sum(last - first for first, last in first_of.items() if known.earlier[first] == 0)
    assert without < 0.15 * len(log.events)


def test_every_row_of_the_log_is_stored_once_and_points_into_its_users_timeline(run: Run, log: Log) -> None:
    prepared, events = Prepared(run), log.events
    assert prepared.items.names == tuple(item.id for item in log.items)
    assert prepared.users.names == log.user_ids
    for name, column in (("user", events.user), ("item", events.item), ("time", events.time), ("label", events.liked)):
        assert np.array_equal(prepared.column(name), column)
    for row in range(0, len(events), 5):
        mine = events.select(events.user == events.user[row])
        assert prepared.column("earlier")[row] == (mine.time < events.time[row]).sum()
    assert prepared.numbers.shape == (len(events), len(text_encoder(run).spec.numbers))
    with pytest.raises(EdgeError, match="no split 'tests'"):
        prepared.part("tests")


def test_segments_are_framed_by_special_tokens(run: Run) -> None:
    for split in ("train", "validation", "test"):
        for request in load_requests(run, split):
            assert request.segments[0][0] == BOS_USER
            assert request.segments[-1] == (EOS_USER,)
            assert all(candidate[0] == BOS and candidate[-1] == EOS for candidate in request.candidates)


def test_the_manifest_names_dataset_protocol_and_counts(run: Run, log: Log) -> None:
    dataset = run.manifest["dataset"]
    assert re.fullmatch("[0-9a-f]{64}", dataset["fingerprint"])
    assert sum(dataset["rows"].values()) == len(log.events)
    assert "rating >= 4" in run.manifest["protocol"]
    assert "the last 10% of rows" in run.manifest["protocol"]
    assert str(run.path.parent) not in json.dumps(run.manifest)  # nothing about this machine
    assert run.summary["tokens"]["train"]["unknown_share"] == 0
    assert "| item mean | test |" in run.file("report.md").read_text()


def test_the_same_log_gives_the_same_run(source: Source, run: Run, tmp_path: Path) -> None:
    other = prepare(source, tmp_path / "other", small(source))
    assert other.hash == run.hash


def test_an_interrupted_run_ends_like_an_undisturbed_one(
    source: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("cloud.data.prepare.baselines", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare(source, tmp_path / "other", small(source))
    assert not (tmp_path / "other").exists()
    assert prepare(source, tmp_path / "other", small(source)).hash == run.hash


def test_a_finished_run_is_not_made_again_and_another_log_is_noticed(source: Source, run: Run, tmp_path: Path) -> None:
    before = (run.path / "manifest.json").stat().st_mtime_ns
    assert prepare(source, run.path, small(source)).hash == run.hash
    assert (run.path / "manifest.json").stat().st_mtime_ns == before
    write_csv(tmp_path / "events.csv", make_rows(users=9))
    with pytest.raises(EdgeError, match="made with other settings"):
        prepare(source, run.path, small(source))


def test_samples_replay_and_cover_the_odd_cases(run: Run) -> None:
    samples = load_samples(run)
    assert len(samples) == len({name for name, _ in samples}) == 8
    assert any(not request.events for _, request in samples)
    assert any(len(request.candidates) == 1 for _, request in samples)


def test_a_share_that_leaves_a_part_empty_is_refused(tmp_path: Path) -> None:
    source = make_source(write_csv(tmp_path / "events.csv", make_rows(moments=4)))
    with pytest.raises(EdgeError, match="the validation split is empty"):
        prepare(source, tmp_path / "run", small(source))


@pytest.mark.parametrize(
    ("field", "template", "problem"),
    [
        ("item", "{titel}", "names 'titel', which the data does not have"),
        ("item", "{title} {year}", "'year' may be absent"),
        ("item", "{title} [[{views_rank|top}]]", "template 'text.item' names 'views_rank'"),
        ("event", "{title}", "names 'title'"),
        ("context", "{views_rank|top}", "'views_rank' may be absent"),
        ("profile", "[[{age}]]", "names 'age'"),
    ],
)
def test_a_template_the_data_cannot_fill_is_refused_before_reading(
    source: Source, tmp_path: Path, field: str, template: str, problem: str
) -> None:
    config = small(source)
    with pytest.raises(EdgeError, match=problem):
        prepare(source, tmp_path / "run", replace(config, text=replace(config.text, **{field: template})))


def test_a_refused_template_leaves_nothing_that_would_refuse_the_corrected_one(source: Source, tmp_path: Path) -> None:
    config = small(source)
    wrong = replace(config, text=replace(config.text, item="{title|number}"))
    with pytest.raises(EdgeError, match="filter 'number' of 'title' needs a number"):
        prepare(source, tmp_path / "run", wrong)
    assert not (tmp_path / "run.partial").exists()
    assert prepare(source, tmp_path / "run", config).summary["rows"]["train"] > 0


def test_init_writes_a_file_that_works_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = initialised(tmp_path)
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run"), "--json") == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["rows"] == {"train": 27, "validation": 3, "test": 3}
    assert summary["users"] == 3
    request = load_samples(Run.open(tmp_path / "run"))[0][1]
    assert request.candidates[0].attributes["genres"] == ("Action", "Sci-Fi")
    assert request.user.attributes["age"] == 24


def test_what_is_odd_is_warned_of_on_the_terminal_and_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = initialised(tmp_path)
    path = tmp_path / "events.csv"
    path.write_text(path.read_text().replace("Film 3,", "Film of another name,", 1))
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run"), "--json") == 0
    told = capsys.readouterr()
    changed = "1 of 12 items have more than one 'title' in events.csv; that of the first row is used"
    few = "the log has only 3 users: too few for reliable figures"
    summary = json.loads(told.out.splitlines()[-1])
    assert [warning.split("\n")[0] for warning in summary["warnings"]][::2] == [changed, few]
    assert (
        f"warning: {changed}\n'3' has 'Film of another name' in events.csv:5 and 'Film 3' in events.csv:15\n"
        in told.err
    )
    report = Run.open(tmp_path / "run").file("report.md").read_text()
    assert f"## Warnings\n\n- {changed}; '3' has" in report and few in report
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run")) == 0  # finished, and told again
    assert f"warning: {changed}\n" in capsys.readouterr().err


def test_what_was_left_out_is_told_where_too_little_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml, path = initialised(tmp_path), tmp_path / "events.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *rows[::-1]]))
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run"), "--skip-bad-rows") == 2
    error = capsys.readouterr().err
    assert "the validation split is empty" in error
    assert 'warning: 30 of 33 rows are left out (30 unsorted)\nfix: order = "any" in [log]' in error


def test_a_log_of_one_label_is_refused_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = initialised(tmp_path)
    toml.write_text(toml.read_text().replace("threshold = 4", "threshold = 40"))
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run")) == 2
    assert "'rating' runs from 1 to 5, the threshold is 40" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edge.toml", "events.csv"]


def full(*rest: object) -> None:
    raise OSError(28, "No space left on device")


def full_for(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """No room for a file of that name; others can be written."""
    whole = Path.open

    def opened(path: Path, *rest: Any, **more: Any) -> Any:
        if path.name == f"{name}.tmp":
            path.touch()
            full()
        return whole(path, *rest, **more)

    monkeypatch.setattr(Path, "open", opened)
    if name.endswith(".arrow"):
        monkeypatch.setattr("cloud.data.write_rows.numbers_of", full)


@pytest.mark.parametrize(
    "name", ["vocab.txt", "rows.arrow", "requests.jsonl", "report.md", "report.html", "manifest.json"]
)
def test_a_full_disk_is_an_error_that_leaves_no_half_file_and_the_run_can_be_made_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    toml = initialised(tmp_path)
    command = ("prepare", "--data", str(toml), "--out", str(tmp_path / "run"))
    with monkeypatch.context() as patch:
        full_for(patch, name)
        assert edge(*command) == 2
    error = capsys.readouterr().err
    assert "No space left on device" in error and str(tmp_path / "run.partial" / name) in error
    assert "make room" in error and "run the same command again" in error
    assert not (tmp_path / "run").exists()
    left = [path.name for path in (tmp_path / "run.partial").iterdir()]
    assert not [file for file in left if file.startswith(name) or file.endswith(".tmp")]
    assert edge(*command) == 0
    whole = prepare(open_source(str(toml)), tmp_path / "other", config_for(open_source(str(toml))))
    assert Run.open(tmp_path / "run").hash == whole.hash


def test_an_out_that_leads_through_a_file_is_refused_before_the_log_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = initialised(tmp_path)
    monkeypatch.setattr("cloud.data.prepare.read_log", None)
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "events.csv" / "x")) == 2
    assert f"{tmp_path / 'events.csv' / 'x'} cannot be written: Not a directory" in capsys.readouterr().err


def test_a_title_with_line_separators_stays_one_line_in_every_file(tmp_path: Path) -> None:
    odd = "Two\u2028lines\x85or\u2029more"
    rows = [[*row[:2], row[2] if row[1] != "i3" else odd, *row[3:]] for row in make_rows()]
    source = make_source(write_csv(tmp_path / "events.csv", rows))
    run = prepare(source, tmp_path / "run", small(source))
    titles = {item.attributes["title"] for _, request in load_samples(run) for item in request.candidates}
    assert odd in titles
    assert len(text_encoder(run).wordpiece) == run.summary["vocabulary"]


def test_init_does_not_overwrite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    initialised(tmp_path)
    assert edge("init", "--out", str(tmp_path / "edge.toml")) == 2
    assert "exists already" in capsys.readouterr().err


def test_bad_rows_refuse_the_run_and_leave_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = initialised(tmp_path)
    with (tmp_path / "events.csv").open("a") as file:
        file.write("9,9,,1999,Drama,20,F,1,5\n9,9,Film 9,1999,Drama,20,F,soon,5\n")
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run")) == 2
    error = capsys.readouterr().err
    assert "2 bad rows of 35 (1 empty title, 1 wrong type)" in error
    assert "events.csv:35: column 'title': empty title" in error
    assert "Traceback" not in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edge.toml", "events.csv"]


def test_bad_rows_may_be_skipped_counted_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = initialised(tmp_path)
    with (tmp_path / "events.csv").open("a") as file:
        file.write("9,9,,1999,Drama,20,F,1,5\n")
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run"), "--skip-bad-rows") == 0
    assert "1 bad rows left out" in capsys.readouterr().err
    run = Run.open(tmp_path / "run")
    assert run.summary["bad_rows"] == {"total": 1, "kinds": {"empty title": 1}}
    listed = [json.loads(line) for line in run.file("bad_rows.jsonl").read_text().splitlines()]
    assert [(row["line"], row["column"], row["problem"]) for row in listed] == [(35, "title", "empty title")]
    assert run.summary["users"] == 3
    assert "| empty title | 1 |" in run.file("report.md").read_text()


def test_more_than_a_request_may_hold_is_refused_before_reading(source: Source, tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="evaluation_candidates is 1001, it must be from 1 to 1000"):
        replace(small(source), evaluation_candidates=1001)
    for count in (0, 1001, 10**11):
        with pytest.raises(EdgeError, match=f"candidates_per_request is {count}, it must be from 1 to 1000"):
            replace(small(source), candidates_per_request=count)
    many = {f"a{number}": Attribute("year", "integer") for number in range(98)}
    crowded = replace(source, items=Entities(attributes=source.items.attributes | many))
    with pytest.raises(EdgeError, match=r"\[items.attributes\] has 100 attributes, 96 at most"):
        prepare(crowded, tmp_path / "run", small(source))


def test_an_unknown_data_set_or_setting_names_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge("prepare", "--data", "ml-20m", "--out", str(tmp_path / "run")) == 2
    assert "ml-100k, ml-1m or an edge.toml" in capsys.readouterr().err
    toml = str(initialised(tmp_path))
    assert edge("prepare", "--data", toml, "--out", str(tmp_path / "run"), "--set", "vocabulry=9") == 2
    assert "did you mean 'vocabulary'" in capsys.readouterr().err


def test_the_verbs_are_declared_without_loading_anything_heavy() -> None:
    code = "import sys, cloud.data.cli; print({'numpy', 'pyarrow', 'tokenizers', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
