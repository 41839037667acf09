"""`python -m` of a module of ours runs a program or fails loudly: none passes by doing nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from imports import ORDER

from edge.cli.runnable import PROGRAMS, refuse_library

ROOT = Path(__file__).parents[3]
PROBES = ("edge.bench.probe", "edge.bench.compare_probe")
COMMANDS = {name: "edge-bench" if name.startswith("edge.cli.bench") else "edge" for name in {*PROGRAMS} - {*PROBES}}
GATE = ("gate", "nope.edge", "--max-download", "1")


def modules() -> Iterator[tuple[str, str]]:
    """Every module's name as `python -m` takes it, and its source."""
    for package in ORDER:
        for file in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            yield module.removesuffix(".__init__"), file.read_text()


def run(module: str, *arguments: str, given: str = "", options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False)


def test_what_is_listed_is_what_can_be_run() -> None:
    runnable = {name for name, source in modules() if '\nif __name__ == "__main__":' in source}
    assert {name.removesuffix(".__main__") for name in runnable} == set(PROGRAMS)


@pytest.mark.parametrize("module", [name for name, _ in modules() if name.removesuffix(".__main__") not in PROGRAMS])
def test_every_other_module_is_refused(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["-m", *GATE])  # as they are while Python looks for the module
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "utf8", "-m", module, *GATE])
    with pytest.raises(SystemExit) as ended:
        refuse_library(module.partition(".")[0])
    assert ended.value.code == 2


@pytest.mark.parametrize("package", ORDER)
def test_every_package_refuses(package: str) -> None:
    done = run("edge.errors" if package == "edge" else package, *GATE)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"error: {package}") and "is no command" in done.stderr and "\nfix: " in done.stderr


@pytest.mark.parametrize(
    "module", ["edge.bench.check", "edge.bench.gate", "edge.cli.bench.gate", "edge.cli.verify", "cloud.data.prepare"]
)
@pytest.mark.parametrize("arguments", [(), GATE, ("-m", "edge.cli")])
def test_a_name_that_looks_like_a_command_passes_nothing(module: str, arguments: tuple[str, ...]) -> None:
    done = run(module, *arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"error: {module} is no command")


def test_pythons_own_options_change_nothing() -> None:
    for options in (["-X", "utf8"], ["-W", "ignore"], ["-u"]):
        assert run("edge.bench.check", options=options).returncode == 2
    joined = subprocess.run([sys.executable, "-umedge.bench.check"], cwd=ROOT, capture_output=True, check=False)
    assert joined.returncode == 2


def test_another_program_may_import_what_it_likes() -> None:
    code = f"import {', '.join(ORDER)}, edge.bench.check; print('done')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert run("json.tool", given="[]").returncode == 0


def test_a_package_of_somebody_else_may_import_ours_while_it_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "__init__.py").write_text("import edge, cloud")
    (tmp_path / "theirs" / "tool.py").write_text("print('ran')")
    code = [sys.executable, "-m", "theirs.tool"]
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": ""}
    done = subprocess.run(code, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ran\n")


@pytest.mark.parametrize(("module", "program"), sorted(COMMANDS.items()))
def test_every_way_to_start_a_program_is_the_same_program(module: str, program: str) -> None:
    assert run(module, "--help").stdout.startswith(f"Usage: {program} [OPTIONS] COMMAND")
    assert run(module, "--version").returncode == 0
    assert run(module, *GATE).returncode == 2


@pytest.mark.parametrize("module", PROBES)
@pytest.mark.parametrize("given", ["", "{", "[]", "{}", '{"job": {}}'])
def test_a_measuring_process_without_a_job_says_who_starts_it(module: str, given: str) -> None:
    done = run(module, given=given)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: there is no job on stdin") and "\nfix: " in done.stderr
