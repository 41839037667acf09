"""What the system refuses becomes an error that names the file and what to do."""

from __future__ import annotations

import errno
import os

import pytest

from edge.errors import did_you_mean, file_error, nearest


@pytest.mark.parametrize(
    ("number", "problem", "fix"),
    [
        (errno.ENOSPC, "runs/a cannot be written: No space left on device", "make room there, then run the same"),
        (errno.EDQUOT, "runs/a cannot be written: Disk quota exceeded", "make room there"),
        (errno.ENOTDIR, "runs/a: Not a directory", "choose another path: a part of this one is a file"),
        (errno.EACCES, "runs/a: Permission denied", "choose another path, or change who may"),
        (errno.EROFS, "runs/a: Read-only file system", "choose a path on a disk that can be written"),
        (errno.EIO, "runs/a: Input/output error", ""),
    ],
)
def test_a_failure_of_the_disk_names_the_file_and_the_fix(number: int, problem: str, fix: str) -> None:
    error = file_error(OSError(number, os.strerror(number), "runs/a"))
    assert error.problem == problem
    assert error.fix.startswith(fix) and bool(error.fix) == bool(fix)


def test_a_failure_without_a_number_or_a_name_still_says_something() -> None:
    assert file_error(OSError("odd")).problem == "the result: odd"
    assert file_error(OSError()).problem == "the result: OSError"
    assert (
        file_error(OSError(28, "whatever a library says")).problem
        == "the result cannot be written: No space left on device"
    )


@pytest.mark.parametrize(
    ("name", "found"), [("CSV", "csv"), ("Parquet", "parquet"), ("JSONL", "jsonl"), ("csw", "csv")]
)
def test_the_nearest_name_is_found_whatever_the_case_of_its_letters(name: str, found: str) -> None:
    assert nearest(name, ["parquet", "csv", "jsonl"]) == found
    assert nearest(name.lower(), ["PARQUET", "CSV", "JSONL"]) == found.upper()


def test_nothing_is_never_what_was_meant() -> None:
    assert did_you_mean("user", ["", "usr"]) == "did you mean 'usr'?"
    assert did_you_mean("user", [""]) == did_you_mean("user", []) == ""
