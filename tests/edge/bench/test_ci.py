"""The GitHub Action, the pre-commit hook and the worked example of both do what they say, whatever they are given."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from bench_bundles import make

from edge.bench.budget_file import parse_budget
from edge.bundle.sizes import sizes
from edge.cli.bench.gate import gate

ROOT = Path(__file__).parents[3]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = [step for step in ACTION["runs"]["steps"] if "run" in step]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)
PROGRAM = f"#!{sys.executable}\nfrom edge.cli.bench.main import main\nmain()\n"


def options() -> set[str]:
    return {name for option in gate.params for name in option.opts}


def edge_bench(folder: Path) -> Path:
    """The command as a program in `folder`."""
    folder.mkdir(parents=True)
    program = folder / "edge-bench"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return program


def run_gate_step(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The action's own script as a runner starts it, with inputs that the workflow gives."""
    step = next(step for step in STEPS if step["name"] == "Gate")
    given = {name: str(value.get("default", "")) for name, value in ACTION["inputs"].items()} | inputs
    taken = {name: re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value) for name, value in step["env"].items()}
    environment = {name: given[match[1]] for name, match in taken.items() if match}
    assert environment.keys() == step["env"].keys()
    files = {"GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "GITHUB_OUTPUT": str(folder / "output.txt")}
    (folder / "step.sh").write_text(step["run"])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "step.sh"],
        cwd=folder,
        env=os.environ | environment | files | {"RUNNER_TEMP": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A folder as a job has it: the command installed, a bundle, a budget that it keeps and one that it breaks."""
    edge_bench(tmp_path / "edge-ranker" / "bin")
    download = sizes(make(tmp_path / "m.edge"), "litert").download
    (tmp_path / "kept.toml").write_text(f"download = {download}\n")
    (tmp_path / "broken.toml").write_text(f"download = {download - 1}\n")
    return tmp_path


def test_the_action_passes_a_bundle_within_its_budget_and_fails_one_over_it(runner: Path) -> None:
    for budget, code in (("kept.toml", 0), ("broken.toml", 1)):
        done = run_gate_step(runner, bundle="m.edge", budget=budget)
        assert done.returncode == code, done.stderr
        assert ("::error file=m.edge," in done.stdout) is bool(code)
    summary = (runner / "summary.md").read_text()
    assert summary.count("### edge-bench gate: m.edge (litert)") == 2 and "1 byte over its limit" in summary
    outputs = dict(line.split("=", 1) for line in (runner / "output.txt").read_text().splitlines())
    assert Path(outputs["report"]).is_file() and Path(outputs["junit"]).is_file()


def test_an_action_that_cannot_tell_fails_and_says_why(runner: Path) -> None:
    done = run_gate_step(runner, bundle="absent.edge", budget="kept.toml")
    assert done.returncode == 2
    assert "::error title=edge-bench gate cannot tell::absent.edge" in done.stdout
    assert not (runner / "output.txt").exists()


@pytest.mark.parametrize("text", ["$(touch owned)", "`touch owned`", "m.edge; touch owned", '"; touch owned; "', "-h"])
def test_no_input_of_the_action_is_run_or_read_as_an_option(runner: Path, text: str) -> None:
    done = run_gate_step(runner, **dict.fromkeys(ACTION["inputs"], text))
    assert not (runner / "owned").exists()
    assert "usage:" not in done.stdout
    assert done.returncode == 2
    assert f"{text} cannot be read" in done.stderr


def test_the_action_pastes_no_input_into_a_script() -> None:
    assert len(STEPS) == 2
    for step in STEPS:
        assert "${{" not in step["run"] and step["shell"] == "bash"


def test_every_option_of_the_action_exists() -> None:
    script = next(step["run"] for step in STEPS if step["name"] == "Gate")
    used = set(re.findall(r"--[a-z][a-z-]+", script))
    assert used >= {"--budget", "--baseline", "--junit", "--markdown", "--annotations"}
    assert used <= options()


def test_the_hook_gates_every_staged_bundle(runner: Path) -> None:
    make(runner / "second.edge")
    program, *subcommand = HOOK["entry"].split()
    assert (program, subcommand) == ("edge-bench", ["gate"])
    staged = [name for name in ("m.edge", "second.edge", "notes.md") if re.search(HOOK["files"], name)]
    assert staged == ["m.edge", "second.edge"]
    for budget, code in (("kept.toml", 0), ("broken.toml", 1)):
        command = [runner / "edge-ranker" / "bin" / program, *subcommand, "--budget", budget, *staged]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=runner, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert [line for line in done.stdout.splitlines() if line.endswith("(litert)")] == [
            "m.edge (litert)",
            "second.edge (litert)",
        ]


def test_the_worked_example_names_what_exists() -> None:
    found = {language: [text for kind, text in BLOCKS if kind == language] for language in ("toml", "yaml")}
    (budget,) = found["toml"]
    assert not parse_budget(tomllib.loads(budget), "docs/ci.md").growth.empty
    workflow, hooks = map(yaml.safe_load, found["yaml"])
    used = workflow["jobs"]["gate"]["steps"][-1]["with"]
    required = {name for name, value in ACTION["inputs"].items() if value.get("required")}
    assert required <= used.keys() <= ACTION["inputs"].keys()
    (hook,) = hooks["repos"][0]["hooks"]
    assert hook["id"] == HOOK["id"] and hook["args"][0] in options()
