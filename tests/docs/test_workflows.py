"""The workflows run commands that are there, on actions of a fixed version, and publish nothing unasked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_has_a_fixed_version(path: Path) -> None:
    actions = [step["uses"] for step in steps(path) if "uses" in step]
    assert actions and all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", action) for action in actions)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_command_is_a_target_of_make_or_a_program_that_is_there(path: Path) -> None:
    said = [step["run"] for step in steps(path) if "run" in step]
    matrix = [
        target for job in jobs(path).values() for target in job.get("strategy", {}).get("matrix", {}).get("target", [])
    ]
    made = [*re.findall(r"make ([a-z-]+)", "\n".join(said)), *matrix]
    assert made and set(made) <= TARGETS
    assert all((ROOT / program).is_file() for program in re.findall(r"\.ci/\w+", "\n".join(said)))


def test_ci_runs_what_the_gate_runs() -> None:
    gate = set(re.findall(r"make ([a-z-]+)", (ROOT / ".ci" / "run").read_text()))
    found = jobs(ROOT / ".github" / "workflows" / "ci.yml")
    targets = [target for name in ("linux", "ports") for target in found[name]["strategy"]["matrix"]["target"]]
    assert sorted(targets) == sorted(gate)


def test_a_release_needs_a_tag_and_publishing_an_environment() -> None:
    of_release = jobs(ROOT / ".github" / "workflows" / "release.yml")
    for name in set(of_release) - {"build"}:
        assert (
            of_release[name]["if"] == "startsWith(github.ref, 'refs/tags/v')" and of_release[name]["needs"] == "build"
        )
    publishing = [
        name for name, job in of_release.items() if any("pypi" in step.get("uses", "") for step in job["steps"])
    ]
    assert publishing and all(of_release[name]["environment"] == "pypi" for name in publishing)


def test_hooks_before_a_commit_run_programs_of_the_environment_or_of_the_checkout() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    programs = [hook["entry"].split()[0] for hook in local["hooks"]]
    assert {"ruff", "mypy", "edge-bench"} <= {Path(program).name for program in programs}
    assert all(program.startswith(".venv/bin/") for program in programs)
    named = {word for hook in local["hooks"] for word in hook["entry"].split()[1:] if "/" in word}
    assert named and all((ROOT / word).is_file() for word in named)
