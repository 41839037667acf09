"""The stages as commands, on a small log: what they refuse, how they start over, what they say when stopped."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from commands import edge
from small_runs import files_in

from cloud.data.example_log import example_log
from cloud.fit import learning_rate
from cloud.runs.directory import Run

SMALL_DATA = ["vocabulary=200", "max_users=20", "requests=5"]
SMALL = [
    "model.hidden_size=16", "model.embedding_size=16", "model.layers=1", "infill.steps=0", "click.steps=12",
    "click.checkpoint_seconds=0", "batch_tokens=1024",
]  # fmt: skip


def changed(settings: list[str]) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


TOKENS = ["--preset", "tokens", *changed(SMALL)]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Here and in processes of their own: sums of another number of threads round differently."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared run, and the edge.toml and the log that it was made from beside it."""
    folder = tmp_path_factory.mktemp("log")
    assert edge("init", "--example", "--out", folder / "edge.toml") == 0
    assert (folder / "events.csv").read_text() == example_log()
    assert edge("prepare", "--data", folder / "edge.toml", "--out", folder / "data", *changed(SMALL_DATA)) == 0
    return folder / "data"


@pytest.fixture(scope="module")
def teacher(data: Path) -> Path:
    assert train(data, data.parent / "teacher") == 0
    return data.parent / "teacher"


def train(data: Path, out: Path, *options: str) -> int:
    return edge("train", "--parent", data, "--out", out, *TOKENS, *options)


def refusal(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_the_same_command_again_does_nothing_and_another_one_says_what_differs(
    teacher: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in teacher.rglob("*")}
    assert train(data, teacher) == 0
    capsys.readouterr()
    assert train(data, teacher, "--set", "click.steps=13", "--set", 'splits=["validation"]') == 2
    assert refusal(capsys) == [
        f"error: {teacher} was made with other settings",
        "click.steps: 12 -> 13",
        'splits: ["test"] -> ["validation"]',
        "fix: give the old settings again, choose another --out, or start over with --restart",
    ]
    assert {path: path.stat().st_mtime_ns for path in teacher.rglob("*")} == before


def test_a_log_that_has_changed_is_named_like_a_setting(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, toml = data.parent / "events.csv", data.parent / "edge.toml"
    text = log.read_text()
    try:
        log.write_text("\n".join(text.splitlines()[:-1]) + "\n")
        assert edge("prepare", "--data", toml, "--out", data, *changed(SMALL_DATA), "--skip-bad-rows") == 2
        said = refusal(capsys)
    finally:
        log.write_text(text)
    assert said[0] == f"error: {data} was made with other settings"
    assert re.fullmatch(r'data: "[0-9a-f.]+ -> "[0-9a-f.]+', said[1]) and said[2] == "skip_bad_rows: false -> true"


def test_restart_makes_the_run_again_with_other_settings_and_says_what_it_removes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "teacher"
    assert train(data, out) == 0
    first = Run.open(out).hash
    capsys.readouterr()
    assert train(data, out, "--set", "click.seed=5", "--restart") == 0
    assert f"--restart: removing {out}, a finished 'teacher' run (5 files" in capsys.readouterr().err
    assert Run.open(out).hash != first and Run.open(out).config["click"]["seed"] == 5
    assert train(data, out, "--restart") == 0
    assert Run.open(out).hash == first


def test_a_setting_that_cannot_work_is_refused_before_restart_removes_anything(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "teacher"
    assert train(data, out) == 0
    before = files_in(out)
    for setting in ("click.steps=-1", "clik.steps=3", "model.heads=3"):
        assert train(data, out, "--set", setting, "--restart") == 2
    assert edge("prepare", "--data", data.parent / "edge.toml", "--out", out, *changed(SMALL_DATA), "--restart") == 2
    assert files_in(out) == before
    assert "is a 'teacher' run: --restart of the stage 'prepare' does not remove it" in capsys.readouterr().err


def test_training_that_diverges_names_the_rate_to_lower(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path / "teacher", "--set", "click.learning_rate=10", "--set", "click.weight_decay=100") == 2
    assert refusal(capsys)[-1] == "fix: lower click.learning_rate"


STOPPED = """
import os, signal, sys, time
def hook(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith(sys.argv[1]):
        HOW
sys.addaudithook(hook)
from edge.cli.main import edge
from edge.cli.program import run
sys.exit(run(edge, sys.argv[2:]))
"""


def stopped(how: str, at: str, *words: object) -> subprocess.Popen[str]:
    """The command in a process of its own, which does `how` when it has written the file `at`."""
    command = [sys.executable, "-c", STOPPED.replace("HOW", how), at, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("number", "status", "options"),
    [
        (signal.SIGINT, 130, ["--restart"]),
        (signal.SIGTERM, -signal.SIGTERM, []),
        (signal.SIGKILL, -signal.SIGKILL, []),
    ],
)
def test_a_signal_keeps_the_checkpoints_and_what_is_said_goes_on_to_the_same_result(
    data: Path, teacher: Path, tmp_path: Path, number: signal.Signals, status: int, options: list[str]
) -> None:
    words = ["train", "--parent", data, "--out", tmp_path / "teacher", *TOKENS, *options]
    process = stopped(f"signal.raise_signal({int(number)})", "checkpoint.safetensors", *words)
    _, said = process.communicate()
    assert process.returncode == status
    if options:
        assert said.splitlines()[-1] == "interrupted: run the same command again without --restart to continue"
    assert (tmp_path / "teacher.partial").is_dir() and not (tmp_path / "teacher").exists()
    assert train(data, tmp_path / "teacher") == 0
    assert Run.open(tmp_path / "teacher").hash == Run.open(teacher).hash
    assert [path.name for path in tmp_path.iterdir()] == ["teacher"]


def test_two_equal_commands_at_once_end_in_one_run_and_one_refusal(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "data"
    words = ["prepare", "--data", data.parent / "edge.toml", "--out", out, *changed(SMALL_DATA)]
    first = stopped("os.kill(os.getpid(), signal.SIGSTOP)", "vocab.txt", *words)
    os.waitpid(first.pid, os.WUNTRACED)
    for options in ([], ["--restart"], ["--set", "requests=6"]):
        assert edge(*words, *options) == 2
        assert refusal(capsys)[0].startswith(f"error: {out} is being written by process {first.pid} on ")
    first.send_signal(signal.SIGCONT)
    first.communicate()
    assert first.returncode == 0
    assert edge(*words) == 0 and Run.open(out).hash == Run.open(data).hash
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.fixture(scope="module")
def unfinished(data: Path) -> Path:
    """A run that was killed when its training was done."""
    words = ["train", "--parent", data, "--out", data.parent / "unfinished", *TOKENS]
    process = stopped("os.kill(os.getpid(), signal.SIGKILL)", "report.md", *words)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    partial = data.parent / "unfinished.partial"
    (partial / "report.md.tmp").unlink()  # a torn write, which the next command sweeps
    return partial


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'{"schema": "edge-ranker/run/1"}'])
@pytest.mark.parametrize(
    "name", ["identity.json", "scratch/click/checkpoint.safetensors", "scratch/click/metrics.jsonl"]
)
def test_a_damaged_file_of_an_unfinished_run_is_named_and_stays(
    data: Path, unfinished: Path, tmp_path: Path, name: str, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(unfinished, tmp_path / "teacher.partial")
    (tmp_path / "teacher.partial" / name).write_bytes(content)
    before = {path: (tmp_path / path).read_bytes() for path in files_in(tmp_path)}
    assert train(data, tmp_path / "teacher") == 2
    assert any(line.startswith("error: ") and name in line for line in refusal(capsys))
    assert {path: (tmp_path / path).read_bytes() for path in files_in(tmp_path)} == before


def test_a_run_that_was_killed_goes_on_and_with_restart_it_does_not(
    data: Path, unfinished: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    monkeypatch.setattr(
        "cloud.fit.learning_rate", lambda config, step: steps.append(step) or learning_rate(config, step)
    )
    for options, trained in (((), set()), (("--restart",), set(range(12)))):
        steps.clear()
        shutil.copytree(unfinished, tmp_path / "teacher.partial")
        assert train(data, tmp_path / "teacher", *options) == 0
        assert set(steps) == trained
        assert Run.open(tmp_path / "teacher").hash == Run.open(teacher).hash
        (tmp_path / "teacher").rename(tmp_path / f"first{len(trained)}")


def test_a_file_too_large_for_the_system_ends_a_stage_in_one_message_and_it_goes_on(
    data: Path, teacher: Path, tmp_path: Path
) -> None:
    """As a full disk does: the checkpoint finds no room."""
    words = ["train", "--parent", str(data), "--out", str(tmp_path / "teacher"), *TOKENS]
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))"
    code = f"{limit}\nfrom edge.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"error: {tmp_path / 'teacher'} was not completed: File too large" in done.stderr
    assert f"it continues from {tmp_path / 'teacher.partial'}" in done.stderr
    assert train(data, tmp_path / "teacher") == 0
    assert Run.open(tmp_path / "teacher").hash == Run.open(teacher).hash


def test_integer_weights_take_no_settings(teacher: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compress", "--to", "int8", "--parent", data, "--parent", teacher, "--out", data.parent / "int8"]
    for options in (["--set", "bits=4"], ["--preset", "m6-edge"]):
        assert edge(*words, *options) == 2
        assert "--to int8 has no settings" in capsys.readouterr().err


def test_a_student_is_not_made_of_the_full_model(teacher: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("distill", "--parent", data, "--parent", teacher, "--out", data.parent / "student")
    assert edge(*words) == 2
    assert refusal(capsys)[0] == "error: need exactly one --parent that is a 'ranker' run, got 0"


def test_a_parent_of_an_older_stage_is_refused(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "data"
    old.mkdir()
    for path in data.iterdir():
        (old / path.name).write_bytes(path.read_bytes())
    manifest = json.loads((old / "manifest.json").read_text()) | {"stage_schema": 0}
    del manifest["digest"]
    (old / "manifest.json").write_text(json.dumps(manifest))
    assert train(old, tmp_path / "teacher") == 2
    assert refusal(capsys)[0] == f"error: {old} was made by another version of the stage 'prepare'"
