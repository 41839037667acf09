"""`python -m` of any module of ours that looks like a command runs it or fails loudly: none passes by doing nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from imports import ORDER

from edge.cli.bench import main as bench_main
from edge.cli.main import commands

ROOT = Path(__file__).parents[3]
NAMES = {*commands(), *bench_main.commands()}
PROGRAMS = {
    "edge": "edge",
    "edge.cli": "edge",
    "edge.cli.main": "edge",
    "edge.cli.bench": "edge-bench",
    "edge.cli.bench.main": "edge-bench",
}


def lookalikes() -> Iterator[str]:
    """Modules that have the name of a command, define one, or have a `main`; packages run their `__main__`."""
    for package in ORDER:
        for file in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
            functions = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
            decorators = {name for one in functions for part in one.decorator_list for name in _names(part)}
            named = module.rpartition(".")[2] in NAMES or any(one.name == "main" for one in functions)
            if file.stem == "__main__" or named or "command" in decorators:
                yield module.removesuffix(".__init__")


def _names(node: ast.AST) -> Iterator[str]:
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", sorted({*lookalikes(), *PROGRAMS}))
def test_no_module_that_looks_like_a_command_passes_by_doing_nothing(module: str) -> None:
    done = run(module, "gate", "nope.edge", "--max-download", "1")
    assert done.returncode == 2
    assert (done.stderr.startswith("error: ") and "fix: " in done.stderr) or "nope.edge" in done.stderr
    assert done.stdout == ""


def test_the_kind_is_found() -> None:
    found = set(lookalikes())
    assert {"edge", "edge.cli", "edge.cli.main", "edge.cli.bench.gate", "edge.bench.gate", "cloud.cli"} <= found
    assert {"edge.conformance.verify", "cloud.data.prepare", "pipeline.cli"} <= found


@pytest.mark.parametrize(("module", "program"), PROGRAMS.items())
def test_every_way_to_start_a_program_is_the_same_program(module: str, program: str) -> None:
    assert run(module, "--help").stdout.startswith(f"Usage: {program} [OPTIONS] COMMAND")
    assert run(module, "--version").returncode == 0


NOT_RUNNABLE = ["edge.bench", "edge.bench.cli", "edge.inspect", "edge.bench.profiles", "cloud", "export"]


@pytest.mark.parametrize("module", NOT_RUNNABLE)
def test_what_cannot_be_run_says_so(module: str) -> None:
    done = run(module, "gate", "nope.edge")
    assert done.returncode == 1 and module in done.stderr
