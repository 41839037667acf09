"""`edge run`, killed in every stage and run again, ends with the files of a run that nothing disturbed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_road import SETTINGS, options

# Dies, as by SIGKILL from outside, when it is about to open a file of that name for the nth time.
DRIVER = """
import os, sys
target, times = sys.argv[1], int(sys.argv[2])
def hook(event, arguments):
    global times
    if event == "open" and target and str(arguments[0]).endswith(target):
        times -= 1
        if not times:
            os.kill(os.getpid(), 9)
sys.addaudithook(hook)
sys.argv = ["edge", *sys.argv[3:]]
from edge.cli.main import main
main()
"""
SMALL = [
    *SETTINGS, "teacher.passes=2", "student.passes.scores=2", "prune.text_passes=2", "prune.passes=2",
    *(f"{phase}.checkpoint_seconds=0" for phase in ("teacher.fit", "student.summaries", "student.relations")),
    "student.scores.checkpoint_seconds=0", "prune.fit.checkpoint_seconds=0", "export.golden_requests=3",
]  # fmt: skip
KILLS = [
    ("data.partial/requests.jsonl.tmp", 1),
    ("teacher.partial/scratch/fit/checkpoint.safetensors.tmp", 2),
    ("teacher.partial/scores.safetensors.tmp", 1),
    ("student.partial/scratch/summaries/checkpoint.safetensors.tmp", 2),
    ("student.partial/scratch/relations/metrics.jsonl.tmp", 1),
    ("student.partial/scratch/scores/checkpoint.safetensors.tmp", 2),
    ("pruned.partial/scratch/prune/checkpoint.safetensors.tmp", 2),
    ("pruned.partial/manifest.json.tmp", 1),
    ("int8.partial/report.md.tmp", 1),
    ("rivals.partial/rivals.json.tmp", 1),
    ("export.partial/models/onnx/append.onnx", 1),
    ("export.partial/movies.edge.tmp", 1),
    ("export.partial/report.md.tmp", 1),
]
SAME = (  # files that must be among those compared
    "teacher/weights.safetensors", "int8/weights.safetensors", "int8/scores.safetensors", "export/movies.edge",
)  # fmt: skip
STAGES = ("data", "teacher", "student", "pruned", "int8", "export")


def run(out: Path, target: str = "", times: int = 1) -> int:
    words = ["run", "--out", str(out), "--json", *options(SMALL)]
    command = [sys.executable, "-c", DRIVER, target, str(times), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-3000:]
    return done.returncode


def files_of(out: Path) -> dict[str, str]:
    """Of all stages but the rivals, whose files hold how long they took."""
    manifests: dict[str, Any] = {stage: json.loads((out / stage / "manifest.json").read_text()) for stage in STAGES}
    return {f"{stage}/{name}": digest for stage in STAGES for name, digest in manifests[stage]["files"].items()}


def undated(out: Path) -> list[str]:
    """The lines of the run's report but for the two that name its minute and its folder."""
    lines = (out / "report.md").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("- Date (UTC): ", "- Command: "))]
    assert len(kept) == len(lines) - 2
    return kept


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_a_run_killed_in_every_stage_ends_with_the_very_files_of_an_undisturbed_one(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run(whole) == 0
    for target, times in KILLS:
        assert run(broken, target, times) == -signal.SIGKILL, target
        stage = target.partition(".")[0]
        assert (broken / f"{stage}.partial").is_dir() and not (broken / stage).exists(), target
        assert (broken / f"{stage}.partial.lock").is_file()  # left behind, and held by nobody
    assert run(broken) == 0
    wanted, found = files_of(whole), files_of(broken)
    assert {name for name in wanted if wanted[name] != found.get(name)} == set()
    assert set(found) == set(wanted) and set(SAME) <= set(wanted)
    made = {path.name for path in broken.iterdir()}
    assert made == {*STAGES, "rivals", "plots", "report.html", "report.md"}
    assert not list(broken.rglob("scratch"))
    assert undated(broken) == undated(whole)
