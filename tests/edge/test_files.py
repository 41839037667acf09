"""Files appear whole or not at all, and whoever asks for one that cannot be written is told so before the work."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from bundles import make
from commands import edge, edge_bench

from edge.bundle.slim import slim_bundle
from edge.errors import EdgeError
from edge.files import (
    check_output,
    lines_of,
    output,
    read_lines,
    strict_json,
    write_atomically,
    write_json,
    write_output,
)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk on which nothing more fits."""

    def replace(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", replace)


def test_an_atomic_write_leaves_the_old_file_if_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert caught.value.filename == str(path)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@dataclass
class Measured:
    value: float
    parts: tuple[float, ...]


def test_json_that_is_written_has_null_for_what_is_not_finite(tmp_path: Path) -> None:
    values = {"a": Measured(math.nan, (np.float64(0.123456), -math.inf)), "b": [True, 7, "NaN", None]}
    write_json(tmp_path / "values.json", values)
    plain = {"a": {"value": None, "parts": [0.123456, None]}, "b": [True, 7, "NaN", None]}
    assert json.loads((tmp_path / "values.json").read_text()) == plain
    assert strict_json(values, digits=2)["a"]["parts"] == [0.12, None]


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    odd = "a\u2028b\u2029c\x85d\x0be\x0cf\rg\x1ch"
    assert odd.splitlines() != [odd]
    assert lines_of(f"{odd}\n\n{odd}\n") == lines_of(f"{odd}\n\n{odd}") == [odd, "", odd]
    assert lines_of("") == [] and lines_of("\n") == [""]
    (tmp_path / "file").write_bytes(f"{odd}\n{odd}\n".encode())
    assert read_lines(tmp_path / "file") == [odd, odd]


def test_lines_that_are_not_utf_8_are_refused_by_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff\n")
    with pytest.raises(EdgeError, match="file is not UTF-8 text"):
        read_lines(tmp_path / "file")


def test_an_output_that_fails_leaves_the_old_one_and_nothing_beside_it(tmp_path: Path, full: None) -> None:
    (tmp_path / "r.md").write_text("old")
    with pytest.raises(EdgeError, match=r"r.md cannot be written: No space left on device"):
        write_output(tmp_path / "r.md", "new")
    with pytest.raises(RuntimeError, match="in between"), output(tmp_path / "r.md") as place:
        place.write_text("half")
        raise RuntimeError("in between")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("r.md", "old")]


def test_an_output_is_written_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for text in ("once", "again"):
        write_output(tmp_path / "link", text)
        assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text() == text


def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code = f"import pathlib, edge.files; edge.files.write_output(pathlib.Path({str(tmp_path / 'pipe')!r}), 'text')"
    with subprocess.Popen([sys.executable, "-c", code]) as writer:
        assert (tmp_path / "pipe").read_text() == "text"
    assert writer.returncode == 0 and (tmp_path / "pipe").is_fifo()
    with pytest.raises(EdgeError, match="pipe cannot be written: it is not a regular file"):
        slim_bundle(make(tmp_path / "m.edge"), "litert", tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    ("name", "reason", "fix"),
    [
        ("absent/r.md", "there is no directory", "mkdir -p "),
        ("file/r.md", "{}/file is not a directory", "name another place"),
        ("file/in/r.md", "{}/file is not a directory", "name another place"),
        ("folder", "it is a directory", "name a file"),
    ],
)
def test_an_output_without_a_place_is_refused_beforehand(tmp_path: Path, name: str, reason: str, fix: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for refuse in (check_output, lambda path: write_output(path, "text")):
        with pytest.raises(EdgeError, match=f"{name} cannot be written: {reason.format(tmp_path)}") as refused:
            refuse(tmp_path / name)
        assert refused.value.fix.startswith(fix)


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        (edge, ("inspect", "m.edge", "--picture")),
        (edge, ("slim", "m.edge", "--engine", "litert", "--out")),
        (edge, ("sign", "m.edge", "--key", "private.pem", "--out")),
        (edge, ("init", "--out")),
        (edge_bench, ("run", "m.edge", "--out")),
        (edge_bench, ("gate", "m.edge", "--max-download", "1MB", "--junit")),
        (edge_bench, ("gate", "m.edge", "--max-download", "1MB", "--markdown")),
        (edge_bench, ("compare", "m.edge", "m.edge", "--markdown")),
        (edge_bench, ("report", "m.json", "--out")),
        (edge_bench, ("report", "m.json", "--markdown")),
    ],
)
def test_every_command_refuses_it_before_it_reads_or_measures(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: object,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "m.edge")
    assert program(*arguments, "absent/out") == 2  # type: ignore[operator]
    told = capsys.readouterr()
    assert told.err == "error: absent/out cannot be written: there is no directory absent\nfix: mkdir -p absent\n"
    assert told.out == "" and [file.name for file in tmp_path.iterdir()] == ["m.edge"]
