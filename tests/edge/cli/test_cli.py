"""Help is instant: it loads nothing heavy, whatever the command; misuse ends with exit code 2."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edge.cli.bench import main as bench_cli
from edge.cli.command import parser_for
from edge.cli.main import commands, main

HEAVY = (
    "torch", "transformers", "onnx", "onnxruntime", "coremltools", "jax", "tensorflow", "pyarrow", "pandas",
    "tokenizers", "safetensors", "matplotlib", "ai_edge_litert", "flatbuffers", "numpy",
)  # fmt: skip
REPORT = f"""
import atexit, sys
atexit.register(lambda: print("HEAVY", *(name for name in {HEAVY!r} if name in sys.modules)))
"""
COMMANDS = sorted(commands())


def heavy_after(code: str) -> list[str]:
    """The heavy packages a fresh interpreter has loaded when `code` has run, and that it exited with 0."""
    done = subprocess.run([sys.executable, "-c", REPORT + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.rsplit("HEAVY", 1)[1].split()


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_no_help_of_edge_loads_anything_heavy(name: str | None) -> None:
    arguments = [name, "--help"] if name else ["--help"]
    assert heavy_after(f"sys.argv = ['edge', *{arguments!r}]\nimport edge.cli.main\nedge.cli.main.main()") == []


@pytest.mark.parametrize("name", [None, *bench_cli.commands()])
def test_no_help_of_edge_bench_loads_anything_heavy(name: str | None) -> None:
    arguments = [name, "--help"] if name else ["--help"]
    code = f"sys.argv = ['edge-bench', *{arguments!r}]\nimport edge.cli.bench.main\nedge.cli.bench.main.main()"
    assert heavy_after(code) == []


def test_importing_edge_and_what_opens_a_bundle_loads_nothing_heavy_but_numpy() -> None:
    assert heavy_after("import edge") == []
    opening = "import edge.bundle.bundle, edge.bundle.install, edge.inspect.describe, edge.bench.gate"
    assert heavy_after(opening) == ["numpy"]  # which decodes the weights


def test_the_check_for_heavy_packages_sees_one() -> None:
    assert heavy_after("import numpy") == ["numpy"]


def test_every_help_opens_with_commands_that_parse() -> None:
    found = {f"edge {name}": load() for name, load in commands().items()}
    found |= {f"edge-bench {name}": load() for name, load in bench_cli.commands().items()}
    for program, command in found.items():
        parser = parser_for(program, command)
        assert parser.format_help().startswith(f"usage: {program} [options]\n\nexamples:\n  {program}")
        for example in command.examples.strip().splitlines():
            words = example.split("#")[0].split("<")[0].split()
            assert " ".join(words[: len(program.split())]) == program
            parser.parse_args(words[len(program.split()) :])


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["--help"], 0),
        (["-h"], 0),
        (["--version"], 0),
        (["rnk"], 2),
        (["rank"], 2),
        (["inspect", "absent"], 2),
    ],
)
def test_exit_codes(monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int) -> None:
    monkeypatch.setattr(sys, "argv", ["edge", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == status


@pytest.mark.parametrize("arguments", ["--help", "rank --help", "--version"])
def test_a_reader_that_has_seen_enough_is_no_error(arguments: str) -> None:
    command = (
        f"{sys.executable} -c 'from edge.cli.main import main; main()' {arguments} | true; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_package_that_is_not_installed_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "edge.inspect.describe", None)
    monkeypatch.setattr(sys, "argv", ["edge", "inspect", __file__])
    with pytest.raises(SystemExit):
        main()
    assert "pip install 'edge-ranker[" in capsys.readouterr().err
