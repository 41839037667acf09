"""What the system refuses becomes an error that names the file and what to do."""

from __future__ import annotations

import errno
import os

import pytest

from edge.errors import did_you_mean, file_error, known_names, nearest


@pytest.mark.parametrize(
    ("number", "problem", "fix"),
    [
        (errno.ENOSPC, "runs/a cannot be written: No space left on device", "make room there, then run the same"),
        (errno.EDQUOT, "runs/a cannot be written: Disk quota exceeded", "make room there"),
        (errno.ENOTDIR, "runs/a: Not a directory", "choose another path: a parent of this one is a file"),
        (errno.EACCES, "runs/a: Permission denied", "choose another path, or change the permissions"),
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


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("nonsense", ["negatives.seed", "vocabulary", "split.seed"]),
        ("latency", ["download", "parity", "quality"]),
        ("sqrt", ["log1p", "percent"]),
        ("nope", ["data", "teacher", "pruned"]),
    ],
)
def test_a_name_like_no_other_is_answered_by_what_there_is(name: str, known: list[str]) -> None:
    assert nearest(name, known) == ""
    assert did_you_mean(name, known) == f"use one of: {', '.join(known)}"
    assert known_names(name, known) == f"known: {', '.join(known)}"


@pytest.mark.parametrize(
    ("name", "found"), [("mid", "mid-android"), ("steps", "fit.steps"), ("fit.steps.more", "fit.steps")]
)
def test_a_word_of_a_name_is_near_to_it(name: str, found: str) -> None:
    assert nearest(name, ["low-ios", "mid-android", "fit.steps"]) == found


def test_many_choices_are_shortened_to_their_groups_or_the_first() -> None:
    settings = ["name", *(f"fit.{letter}" for letter in "abcdefghijkl"), "model.heads"]
    assert did_you_mean("zzz", settings) == "use one of: name, fit.*, model.*"
    words = [f"word{number:02}" for number in range(20)]
    assert did_you_mean("zzz", words) == f"use one of: {', '.join(words[:12])} and 8 more"
