"""A TOML file is read, or refused by name with the place of the fault; all that read one say it alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloud.data.schema import read_source
from edge.bench.budget_file import read_budget
from edge.bench.profiles.read import read_profile
from edge.errors import EdgeError
from edge.files import read_toml

READERS = [read_toml, read_budget, read_profile, read_source]


def refusal(read: Callable[[Path], Any], path: Path) -> EdgeError:
    with pytest.raises(EdgeError) as refused:
        read(path)
    return refused.value


def test_a_file_is_read_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('name = "é"\n[part]\nkey = [1, 2]\n', encoding="utf-8")
    assert read_toml(path) == {"name": "é", "part": {"key": [1, 2]}}


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbfkey = 1\r\n")
    assert read_toml(path) == {"key": 1}


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("data", "evidence"),
    [
        (b"one = 1\ntwo = 2\nthree = = 3\n", "(at line 3, column 9)"),
        (b'name = "\xff"\n', "byte 0xff in position 8"),
        (b"name = " + b"[" * 100_000, ""),  # deeper than the parser goes
    ],
)
def test_what_is_no_toml_is_refused_with_its_place(
    tmp_path: Path, read: Callable[[Path], Any], data: bytes, evidence: str
) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(data)
    error = refusal(read, path)
    assert error.problem == f"{path} is not a TOML file" and evidence in error.evidence


@pytest.mark.parametrize("read", READERS)
def test_a_file_of_another_encoding_says_how_to_write_it_as_utf_8(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    path = tmp_path / "a.toml"
    for encoding, fix in (("utf-16", f"iconv -f UTF-16 -t UTF-8 < {path} > new.toml"), ("cp1252", "save it as UTF-8")):
        path.write_bytes('name = "é"\n'.encode(encoding))
        error = refusal(read, path)
        assert (error.problem, error.fix) == (f"{path} is not a TOML file", fix)


@pytest.mark.parametrize("read", READERS)
def test_what_cannot_be_read_is_named_with_the_reason(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    error = refusal(read, tmp_path)
    assert error.problem == f"{tmp_path} cannot be read: Is a directory"
    assert error.fix == "name a file: this is a directory"


def test_a_file_that_is_absent_is_named_in_the_callers_words(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"
    for read in (read_toml, read_budget, read_profile):
        error = refusal(read, path)
        assert (error.problem, error.fix) == (f"{path} cannot be read: No such file or directory", "check the path")
    error = refusal(read_source, path)
    assert error.problem == f"no data set or file '{path}'" and "ml-100k, ml-1m or an edge.toml" in error.fix
    with pytest.raises(EdgeError, match="no budget yet"):
        read_toml(path, EdgeError("no budget yet"))
