"""JSONL: keys that are absent, and lines that are nearly JSON with the command that repairs them."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from logs import HEADER, csv_text, error, make_rows, make_source, read, refused, source

ROWS = make_rows()
TEXT = csv_text(ROWS)
RECORDS = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
JSONL = "".join(json.dumps(record) + "\n" for record in RECORDS)


def run_fix(tmp_path: Path, fix: str) -> None:
    """The command that a fix ends in, as a shell runs it."""
    command = fix.partition("name the new file in edge.toml: ")[2]
    assert command, fix
    if not shutil.which(command.split()[0]) or not shutil.which("jq"):
        pytest.skip("a tool that the fix uses is absent")
    subprocess.run(["sh", "-c", command.removesuffix(f" ({len(ROWS) - 1} rows)")], cwd=tmp_path, check=True)


LINES = JSONL.splitlines()


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=1),
        "[\n" + ",\n".join(LINES) + "\n]\n",
        "[\n" + ",\n".join(LINES) + ",\n]\n",
        "\n".join(json.dumps(record, indent=1) for record in RECORDS),
    ],
)
def test_json_that_is_not_a_row_a_line_is_written_anew_by_the_command_of_the_fix(
    tmp_path: Path, content: str, packed: bool, format: str
) -> None:
    path = tmp_path / ("my events.json.gz" if packed else "my events.json")
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    run_fix(tmp_path, refused(make_source(path, format)).fix.split("\nfix: ")[0])
    assert len(read(make_source(tmp_path / "new-my events.json", "jsonl"))[0].events) == len(ROWS)


@pytest.mark.parametrize("some", [1, 3, 20])
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda line: line + ",", "trailing comma"),
        (lambda line: line[:-1] + ", }", "trailing comma"),
        (lambda line: line + line.replace("u0", "v0"), "several objects"),
        (lambda line: repr(json.loads(line) | {"seen": True, "more": None}), "Python, not JSON"),
        (lambda line: line.replace("Title ", "Title\t", 1), "control character"),
        (lambda line: line.replace("Title ", "Title\x0b\r", 1), "control character"),
    ],
)
def test_lines_that_are_nearly_json_are_mended_by_the_command_of_the_fix(
    tmp_path: Path, change: Callable[[str], str], kind: str, some: int
) -> None:
    lines = [change(line) if n % some == 0 else line for n, line in enumerate(LINES)]
    found = error(tmp_path, "\n".join(lines), "jsonl")
    assert found.problem.endswith(f" {kind})")
    if kind == "Python, not JSON" and some > 1:  # the other lines are JSON, which Python does not read
        assert found.fix.startswith("correct them, or pass" if some == 20 else "write every line by json.dumps")
        return
    run_fix(tmp_path, found.fix)
    log, bad = read(make_source(tmp_path / "new-events.csv", "jsonl"))
    assert len(log.events) >= len(ROWS) and set(bad.kinds) <= {"duplicate", "unsorted"}


def test_a_control_character_is_named_as_json_writes_it(tmp_path: Path) -> None:
    lines = [line.replace("Title ", "Title\t", 1) if n == 3 else line for n, line in enumerate(LINES)]
    (row,) = read(source(tmp_path, "\n".join(lines), "jsonl"))[1].rows
    place = lines[3].index("\t") + 1
    assert row.line == 4
    assert row.problem == (f"control character: U+0009 within a text, which JSON writes as \\t (character {place})")


def test_a_number_of_thousands_of_digits_is_read_where_it_is_not_wanted_and_cut_where_it_is(tmp_path: Path) -> None:
    digits = "9" * 5000
    lines = [line[:-1] + f', "other": {digits}}}' for line in LINES]
    assert read(source(tmp_path, "\n".join(lines), "jsonl"))[1].total == 0
    lines[3] = re.sub(r'"rating": "."', f'"rating": {digits}', lines[3])
    (row,) = read(source(tmp_path, "\n".join(lines), "jsonl"))[1].rows
    assert (row.line, row.column) == (4, "rating") and row.problem.endswith("is too large") and len(row.problem) < 120


def test_a_key_of_an_attribute_that_is_not_required_may_be_absent(tmp_path: Path) -> None:
    records = [{key: value for key, value in one.items() if key != "year" or n % 3} for n, one in enumerate(RECORDS)]
    content = "".join(json.dumps(record) + "\n" for record in records)
    log, bad = read(source(tmp_path, content, "jsonl"))
    assert bad.total == 0 and len(log.events) == len(ROWS)
    records = [{key: value for key, value in one.items() if key != "year"} for one in RECORDS]
    found = error(tmp_path, "".join(json.dumps(record) + "\n" for record in records), "jsonl")
    assert found.problem.endswith("events.csv: missing column 'year'")


@pytest.mark.parametrize("key", ["title", "time", "user", "rating"])
@pytest.mark.parametrize(("some", "fix"), [(10, "correct them, or pass"), (2, "write it into every object")])
def test_a_key_that_must_be_there_is_named_with_the_line(tmp_path: Path, key: str, some: int, fix: str) -> None:
    records = [{name: value for name, value in one.items() if name != key or n % some} for n, one in enumerate(RECORDS)]
    found = error(tmp_path, "".join(json.dumps(record) + "\n" for record in records), "jsonl")
    assert f"events.csv:1: column {key!r}: missing key: the object has " in found.evidence
    assert found.fix.startswith(fix) and "separator" not in found.fix


def test_keys_within_an_object_are_lifted_by_the_command_of_the_fix(tmp_path: Path) -> None:
    for inner in (HEADER, ["user"], ["title", "year"]):
        records = [
            {key: value for key, value in one.items() if key not in inner}
            | {"the event": {key: one[key] for key in inner}}
            for one in RECORDS
        ]
        found = error(tmp_path, "".join(json.dumps(record) + "\n" for record in records), "jsonl")
        assert "in no object" in found.problem and found.evidence.endswith("have it: 'the event'")
        run_fix(tmp_path, found.fix)
        assert read(make_source(tmp_path / "new-events.csv", "jsonl"))[1].total == 0


@pytest.mark.parametrize("change", ["\x1e{}", "2024-05-01 INFO {}", "\ufeff{}"])
def test_lines_of_objects_behind_something_else_are_no_csv(tmp_path: Path, change: str) -> None:
    found = error(tmp_path, "".join(change.format(line) + "\n" for line in LINES), "jsonl")
    assert found.fix == "write a JSON object a line"
