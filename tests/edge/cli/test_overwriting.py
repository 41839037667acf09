"""No command writes over what it reads, writes two results to one file, or takes an empty path for the folder it is
in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from bundles import make
from commands import edge, edge_bench

from edge.cli.arguments import Named, Output
from edge.cli.bench import main as bench_main
from edge.cli.main import commands

Program = Callable[..., int]
GATE = ("gate", "m.edge", "--max-download", "9MB")
WRITERS: list[tuple[Program, tuple[str, ...], str]] = [
    (edge, ("inspect", "{}", "--picture"), "m.edge"),
    (edge, ("inspect", "m.edge", "--picture", "{out}", "--public-key", "{}"), "key.pem"),
    (edge, ("slim", "{}", "--engine", "litert", "--out"), "m.edge"),
    (edge, ("sign", "{}", "--key", "private.pem", "--out"), "m.edge"),
    (edge, ("sign", "m.edge", "--key", "{}", "--out"), "private.pem"),
    (edge, ("encode", "{}", "--bundle", "m.edge", "--out"), "requests.jsonl"),
    (edge, ("encode", "requests.jsonl", "--bundle", "{}", "--out"), "m.edge"),
    (edge, ("rivals", "--data", "{}", "--out"), "edge.toml"),
    (edge, ("rivals", "--data", "{}", "--page"), "edge.toml"),
    (edge, ("rivals", "--data", "edge.toml", "--page"), "events.csv"),
    (edge_bench, ("run", "{}", "--out"), "m.edge"),
    (edge_bench, ("run", "m.edge", "--requests", "{}", "--out"), "requests.jsonl"),
    (edge_bench, ("run", "m.edge", "--profile", "{}", "--out"), "device.toml"),
    (edge_bench, ("gate", "{}", "--max-download", "9MB", "--junit"), "m.edge"),
    (edge_bench, (*GATE, "--budget", "{}", "--markdown"), "b.toml"),
    (edge_bench, (*GATE, "--baseline", "{}", "--markdown"), "old.edge"),
    (edge_bench, (*GATE, "--requests", "{}", "--junit"), "requests.jsonl"),
    (edge_bench, ("compare", "m.edge", "{}", "--markdown"), "old.edge"),
    (edge_bench, ("report", "{}", "--out"), "m.json"),
    (edge_bench, ("report", "m.json", "--baseline", "{}", "--markdown"), "old.json"),
]
TOML = """[log]
path = "events.csv"
user = "user"
item = "item"
time = "time"
label = "liked"
[items.attributes]
title = { column = "title", required = true }
[text]
profile = "user"
item = "{title}"
event = "liked"
"""


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "m.edge")
    make(tmp_path / "old.edge")
    for name in ("key.pem", "private.pem", "requests.jsonl", "device.toml", "b.toml", "m.json", "old.json"):
        (tmp_path / name).write_text("kept")
    (tmp_path / "edge.toml").write_text(TOML)
    (tmp_path / "events.csv").write_text("user,item,time,liked,title\n")
    (tmp_path / "b.toml").write_text('download = "9MB"')
    return tmp_path


def filled(arguments: tuple[str, ...], name: str, out: str) -> list[str]:
    """The arguments with what is read and what is written, which is the last one unless it has a place."""
    found = [argument.format(name, out=out) for argument in arguments]
    return found if "{out}" in arguments else [*found, out]


@pytest.mark.parametrize(("program", "arguments", "name"), WRITERS)
@pytest.mark.parametrize("way", ["itself", "another spelling", "a symbolic link", "a hard link"])
def test_no_command_writes_over_what_it_reads(
    inputs: Path, capsys: pytest.CaptureFixture[str], program: Program, arguments: tuple[str, ...], name: str, way: str
) -> None:
    before, output = (inputs / name).read_bytes(), "link"
    if way == "itself":
        output = name
    elif way == "another spelling":
        output = f"../{inputs.name}/./{name}"
    elif way == "a symbolic link":
        (inputs / "link").symlink_to(name)
    else:
        os.link(name, "link")
    assert program(*filled(arguments, name, output)) == 2
    told = capsys.readouterr()
    problem = f"error: {Path(output)} is an input and would be overwritten\nfix: name another output file\n"
    assert (told.out, told.err) == ("", problem)
    assert (inputs / name).read_bytes() == before


def test_the_order_of_options_does_not_matter(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge_bench("gate", "--junit", "b.toml", "m.edge", "--budget", "b.toml") == 2
    assert "b.toml is an input and would be overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        (edge, ("init", "--example", "--out", "new/events.csv")),
        (edge, ("rivals", "--data", "edge.toml", "--out", "r", "--page", "./r")),
        (edge_bench, (*GATE, "--junit", "r", "--markdown", "./r")),
        (edge_bench, ("report", "m.json", "--out", "r", "--markdown", "./r")),
    ],
)
def test_no_command_writes_two_results_to_one_file(
    inputs: Path, capsys: pytest.CaptureFixture[str], program: Program, arguments: tuple[str, ...]
) -> None:
    (inputs / "new").mkdir()
    assert program(*arguments) == 2
    assert "would be written twice\nfix: name a different file for each output" in capsys.readouterr().err
    assert not (inputs / "r").exists() and not list((inputs / "new").iterdir())


def test_a_result_takes_the_place_of_an_older_one(inputs: Path) -> None:
    for _ in range(2):
        assert edge_bench(*GATE, "--junit", "gate.xml") == 0
    assert (inputs / "gate.xml").read_text().startswith("<?xml")


def test_a_device_is_no_file_that_could_be_lost(inputs: Path) -> None:
    assert edge_bench(*GATE, "--junit", "/dev/null", "--markdown", "/dev/null") == 0


def parameters() -> Iterator[tuple[Program, str, click.Parameter]]:
    """Every path that a command takes."""
    for program, loaders in ((edge, commands()), (edge_bench, bench_main.commands())):
        for name, load in loaders.items():
            for parameter in load().params:
                if isinstance(parameter.type, click.Path):
                    yield program, name, parameter


def required(command: click.Command, but: click.Parameter) -> Iterator[str]:
    """A value for everything else that a command needs, which nothing looks at before it has refused."""
    for parameter in command.params:
        if parameter.required and parameter is not but:
            if isinstance(parameter, click.Option):
                yield parameter.opts[0]
            yield "int8" if isinstance(parameter.type, click.Choice) else f"absent {parameter.name}"


ALL = [
    pytest.param(program, name, parameter, id=f"{program.__name__} {name} {parameter.name}")
    for program, name, parameter in parameters()
]


@pytest.mark.parametrize("empty", ["", "  "])
@pytest.mark.parametrize(("program", "name", "parameter"), ALL)
def test_no_command_takes_an_empty_path_for_its_folder(
    inputs: Path,
    capsys: pytest.CaptureFixture[str],
    program: Program,
    name: str,
    parameter: click.Parameter,
    empty: str,
) -> None:
    assert isinstance(parameter.type, Named), "declared with a type of edge/cli/arguments.py"
    command = (commands() if program is edge else bench_main.commands())[name]()
    before = sorted(inputs.iterdir())
    arguments = [parameter.opts[0], empty] if isinstance(parameter, click.Option) else [empty]
    assert program(name, *arguments, *required(command, parameter)) == 2
    told = capsys.readouterr()
    assert "is empty\nfix: name a file or a folder" in told.err
    assert told.out == "" and sorted(inputs.iterdir()) == before


@pytest.mark.parametrize("folder", ["sub/", "sub/."])
@pytest.mark.parametrize(
    ("program", "name", "parameter"), [case for case in ALL if isinstance(case.values[2].type, Output)]
)
def test_no_file_gets_the_name_of_a_folder(
    inputs: Path,
    capsys: pytest.CaptureFixture[str],
    program: Program,
    name: str,
    parameter: click.Parameter,
    folder: str,
) -> None:
    command = (commands() if program is edge else bench_main.commands())[name]()
    assert program(name, parameter.opts[0], folder, *required(command, parameter)) == 2
    assert f"{folder} cannot be written: it names a directory\nfix: name a file" in capsys.readouterr().err
    assert not (inputs / "sub").exists()
