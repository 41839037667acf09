"""Encodings: one that can be told is named and reads the file; another one is not guessed."""

from __future__ import annotations

import codecs
import gzip
import json
import re
from pathlib import Path

import pytest
from logs import HEADER, csv_text, error, make_rows, read, source

ROWS = make_rows()
TEXT = csv_text(ROWS)
RECORDS = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
JSONL = "".join(json.dumps(record) + "\n" for record in RECORDS)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(("format", "text"), [("csv", TEXT), ("jsonl", JSONL)])
def test_a_wide_encoding_is_named_and_reads_the_file(
    tmp_path: Path, format: str, text: str, encoding: str, packed: bool
) -> None:
    content = text.encode(encoding)
    content = gzip.compress(content) if packed else content
    assert error(tmp_path, content, format).fix == f'encoding = "{encoding}"'
    log, bad = read(source(tmp_path, content, format, encoding=encoding))
    assert bad.total == 0
    assert log.events.time.tolist() == read(source(tmp_path, TEXT))[0].events.time.tolist()


@pytest.mark.parametrize(
    ("written", "named", "fix"),
    [
        ("utf-8", "utf-16", 'encoding = "utf-8"'),
        ("utf-8-sig", "utf-16", 'encoding = "utf-8"'),
        ("utf-8-sig", "latin-1", 'encoding = "utf-8"'),
        ("utf-8", "cp1252", 'encoding = "utf-8"'),
        ("utf-16", "utf-16-le", 'encoding = "utf-16"'),
        ("utf-16-be", "utf-16", 'encoding = "utf-16-be"'),
        ("cp1252", "utf-8", 'encoding = "cp1252"'),
        ("cp1252", "utf-16", 'encoding = "cp1252"'),
    ],
)
def test_a_wrong_encoding_names_the_right_one(tmp_path: Path, written: str, named: str, fix: str) -> None:
    text = TEXT.replace("Title 1", "Misérables à Paris")
    found = error(tmp_path, text.encode(written), encoding=named).fix
    assert found.removeprefix("events.csv: ") == (f"{fix} (then it reads 'Misérables')" if "cp" in fix else fix)


def test_bytes_broken_here_and_there_are_no_other_encoding(tmp_path: Path) -> None:
    content = TEXT.replace("Title 1", "Misérables").encode().replace("é".encode(), b"\xe9", 1)
    assert error(tmp_path, content).fix.startswith("correct them, or pass --skip-bad-rows")


@pytest.mark.parametrize(
    ("title", "encoding"),
    [
        ("Любовники", "cp1251"),
        ("Любовники", "koi8-r"),
        ("Les Misérables à Genève", "mac-roman"),
        ("España, mañana", "mac-roman"),
        ("don’t “look” up", "mac-roman"),
        ("Les Misérables à Genève", "cp850"),
        ("となりのトトロ", "shift_jis"),
        ("映画", "shift_jis"),
        ("霸王别姬", "gbk"),
        ("올드보이", "euc-kr"),
        ("Ağrı şehir", "cp1254"),
        ("Żółć i łódź", "iso8859-2"),
        ("Αγάπη", "iso8859-7"),
    ],
)
@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_an_encoding_that_cannot_be_told_is_not_guessed(tmp_path: Path, title: str, encoding: str, format: str) -> None:
    text = (TEXT if format == "csv" else JSONL).replace("Title", title.replace(",", ""))
    found = error(tmp_path, text.encode(encoding), format).fix
    assert found.startswith("events.csv: its encoding is unknown; replace ENCODING by it (cp1251, ")
    command = found.partition("name the new file in edge.toml: ")[2].replace("ENCODING", codecs.lookup(encoding).name)
    assert command.startswith("iconv -f ") and "-t UTF-8 <" in command
    log, _ = read(source(tmp_path, text.encode(encoding), format, encoding=encoding))
    assert str(log.items[0].attributes["title"]).startswith(title.replace(",", ""))


@pytest.mark.parametrize(
    "title",
    ["“Title” – don’t", "Title …", "café “crème”", "¿Qué?", "Größe – Übermaß", "Åse på ø", "«Été»", "A™", "50 €"],
)
@pytest.mark.parametrize("named", ["utf-8", "latin-1", "iso8859-15"])
def test_cp1252_is_named_by_what_it_alone_has(tmp_path: Path, title: str, named: str) -> None:
    text = TEXT.replace("Title", title)
    content = text.encode("cp1252")
    if named != "utf-8" and not re.search(rb"[\x80-\x9f]", content):
        return
    assert 'encoding = "cp1252" (then it reads ' in error(tmp_path, content, encoding=named).fix
    log, bad = read(source(tmp_path, content, encoding="cp1252"))
    assert bad.total == 0 and str(log.items[0].attributes["title"]).startswith(title)


def test_a_byte_that_cp1252_lacks_is_no_reason_to_name_it_again(tmp_path: Path) -> None:
    content = TEXT.replace("Title", "Misérables").encode("cp1252")
    found = error(tmp_path, content.replace(b"s 3", b"\x81 3", 1), encoding="cp1252")
    assert "broken encoding" in found.problem and found.fix.startswith("correct them, or pass")


@pytest.mark.parametrize("encoding", ["utf-88", "hex", "rot13", "", "a\0b"])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str) -> None:
    assert "unknown encoding" in error(tmp_path, TEXT, encoding=encoding).problem


def test_utf_16_that_ends_in_the_middle_of_a_character_is_damaged(tmp_path: Path) -> None:
    found = error(tmp_path, TEXT.encode("utf-16")[:-1], encoding="utf-16")
    assert "is damaged UTF-16" in found.problem
