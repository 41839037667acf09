"""Help is instant: it loads nothing heavy, whatever the command; every way to end has its exit code and one message."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from commands import edge, edge_bench

from edge.cli.bench import main as bench_main
from edge.cli.command import Command
from edge.cli.group import CommandGroup
from edge.cli.main import commands
from edge.cli.main import edge as program

ROOT = Path(__file__).parents[3]
HEAVY = (
    "torch", "transformers", "onnx", "onnxruntime", "coremltools", "jax", "tensorflow", "pyarrow", "pandas",
    "tokenizers", "safetensors", "matplotlib", "ai_edge_litert", "flatbuffers", "numpy",
)  # fmt: skip
REPORT = f"""
import atexit, sys
atexit.register(lambda: print("HEAVY", *(name for name in {HEAVY!r} if name in sys.modules)))
"""
EDGE = "from edge.cli.main import main; main()"
PROGRAMS = {"edge": program, "edge-bench": bench_main.edge_bench}


def heavy_after(code: str) -> list[str]:
    """The heavy packages a fresh interpreter has loaded when `code` has run, and that it exited with 0."""
    done = subprocess.run([sys.executable, "-c", REPORT + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.rsplit("HEAVY", 1)[1].split()


@pytest.mark.parametrize("name", [None, *commands()])
def test_no_help_of_edge_loads_anything_heavy(name: str | None) -> None:
    arguments = [name, "--help"] if name else ["--help"]
    assert heavy_after(f"sys.argv = ['edge', *{arguments!r}]\n{EDGE}") == []


@pytest.mark.parametrize("name", [None, *bench_main.commands()])
def test_no_help_of_edge_bench_loads_anything_heavy(name: str | None) -> None:
    arguments = [name, "--help"] if name else ["--help"]
    code = f"sys.argv = ['edge-bench', *{arguments!r}]\nfrom edge.cli.bench.main import main; main()"
    assert heavy_after(code) == []


def test_importing_edge_and_what_opens_a_bundle_loads_nothing_heavy_but_numpy() -> None:
    assert heavy_after("import edge") == []
    opening = "import edge.bundle.bundle, edge.bundle.install, edge.inspect.describe, edge.bench.gate"
    assert heavy_after(opening) == ["numpy"]  # which decodes the weights


def test_the_check_for_heavy_packages_sees_one() -> None:
    assert heavy_after("import numpy") == ["numpy"]


@pytest.mark.parametrize(("name", "group"), PROGRAMS.items())
def test_every_help_opens_with_commands_that_parse(name: str, group: CommandGroup) -> None:
    own = {command: load() for command, load in group.loaders().items()}
    shown = [(command, example) for command, one in own.items() if isinstance(one, Command) for example in one.examples]
    assert {command for command, _ in shown} == set(own) and group.examples
    for named, example in [*shown, *((None, example) for example in group.examples)]:
        program, command, *words = example.split("#")[0].split("<")[0].split()
        assert program == name and named in (None, command)
        own[command].make_context(command, words)


@pytest.mark.parametrize("arguments", [("--help",), ("rank", "-h"), ("compress", "--help")])
def test_help_shows_usage_then_examples_then_options(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert edge(*arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"Usage: {' '.join(['edge', *arguments[:-1]])} [OPTIONS]")
    assert lines[2] == "Examples:" and lines[3].startswith("  edge ")
    assert "Options:" in lines[5:]


def test_help_shows_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    edge_bench("run", "--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert "[default: litert]" in shown and "[default: 5]" in shown


def test_the_help_of_a_program_says_what_each_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    for run, group in ((edge, program), (edge_bench, bench_main.edge_bench)):
        run("--help")
        shown = capsys.readouterr().out
        for name in group.list_commands(click.Context(group)):
            (line,) = (line for line in shown.splitlines() if line.split()[:1] == [name])
            assert len(line.split()) > 3 and "..." not in line


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
@pytest.mark.parametrize("start", [("-c", EDGE), ("-m", "edge.cli")])
def test_exit_codes(arguments: list[str], status: int, start: tuple[str, str]) -> None:
    done = subprocess.run([sys.executable, *start, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert done.stdout == "" if status else done.stderr == ""
    assert done.stderr.startswith("error: " if arguments else "Usage: ") or not status


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert (edge("--version"), edge_bench("--version")) == (0, 0)
    assert capsys.readouterr().out == "edge-ranker 0.1.0\n" * 2


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [
        (["rnk"], "edge has no command 'rnk'", "did you mean 'rank'? known: run, init, "),
        (["--hepl"], "edge: no option --hepl", "did you mean '--help'?"),
        (["rank", "m.edge", "--reqest", "r.json"], "edge rank: no option --reqest", "did you mean '--request'?"),
        (["rank", "m.edge", "--top"], "edge rank: option '--top' requires an argument", "run edge rank --help"),
        (["rank"], "edge rank: missing argument 'BUNDLE'", "run edge rank --help"),
        (["slim", "m.edge", "--out", "o"], "edge slim: missing option '--engine'", "run edge slim --help"),
        (["rank", "m.edge", "n.edge"], "edge rank: got unexpected extra argument (n.edge)", "run edge rank --help"),
        (["rank", "m.edge", "--json=1"], "edge rank: option '--json' does not take a value", "run edge rank --help"),
        (
            ["compress", "--to", "int2"],
            "edge compress: invalid value for '--to': 'int2' is not one of ",
            "run edge comp",
        ),
        (["rank", "m.edge", "--top", "2.5"], "edge rank: invalid value for '--top': '2.5' is not ", "run edge rank"),
        (["rank", "m.edge", "--budget-ms", "abc"], "edge rank: invalid value for '--budget-ms': 'abc' is", "run edge"),
    ],
)
def test_a_wrong_command_line_is_told_in_the_style_of_every_error(
    capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str, fix: str
) -> None:
    assert edge(*arguments) == 2
    shown = capsys.readouterr()
    first, last = shown.err.splitlines()
    assert first.startswith(f"error: {problem}") and last.startswith(f"fix: {fix}") and shown.out == ""


def failing(error: BaseException) -> Callable[[], dict[str, Callable[[], click.Command]]]:
    @click.command()
    def fail() -> None:
        click.echo("so far")
        raise error

    return lambda: {"fail": lambda: fail}


def test_an_interruption_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(program, "loaders", failing(KeyboardInterrupt()))
    assert edge("fail") == 130
    assert capsys.readouterr().err == "interrupted: run the same command again to continue\n"


def test_a_package_that_is_not_installed_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "edge.inspect.describe", None)
    assert edge("inspect", __file__) == 2
    assert "pip install '.[export]'" in capsys.readouterr().err
    for module, what in (
        ("torch.nn", "'.[train]'"),
        ("pyarrow", "'.[train]'"),
        ("onnx", "'.[export]'"),
        ("coremltools.models", "'.[export]'"),
        ("cryptography", "'.[sign]'"),
        ("onnxruntime", "."),
    ):
        monkeypatch.setattr(program, "loaders", failing(ImportError(name=module)))
        assert edge("fail") == 2
        assert capsys.readouterr().err == (
            f"error: this command needs packages that are not installed ({module})\nfix: pip install {what} "
            "(in a checkout of edge-ranker)\n"
        )


@pytest.mark.parametrize("arguments", ["--help", "rank --help", "--version"])
def test_a_reader_that_has_seen_enough_is_no_error(arguments: str) -> None:
    command = f"{sys.executable} -c '{EDGE}' {arguments} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_broken_pipe_ends_with_141() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", EDGE, "--help"], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_result_that_finds_no_room_is_an_error_and_no_failed_gate() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", EDGE, "--version"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    room = "fix: make room there, then run the same command again\n"
    assert done.stderr == f"error: the result cannot be written: No space left on device\n{room}"


def test_what_a_disk_refuses_names_the_file_and_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "loaders", failing(NotADirectoryError(20, "Not a directory", "events.csv/x")))
    assert edge("fail") == 2
    assert capsys.readouterr().err == (
        "error: events.csv/x: Not a directory\nfix: choose another path: a parent of this one is a file\n"
    )


def test_what_the_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    command = [sys.executable, "-c", EDGE, "init", "--out", str(tmp_path / "film \U0001f3ac.toml")]
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"wrote {tmp_path}/film \\U0001f3ac.toml" in done.stdout
