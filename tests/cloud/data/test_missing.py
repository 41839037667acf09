"""Words that stand for nothing: the setting that is offered for them reads the log when it is pasted."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from logs import HEADER, ITEMS, make_rows, make_source, read, refused, with_column, write_csv

from cloud.data.missing import missing_setting
from cloud.data.schema import Attribute, Entities, Source
from edge.config import from_dict

ROWS = make_rows()


def pasted(fix: str, source: Source) -> Source:
    """The source with the line of a fix in place of the attribute that it names."""
    line, _, section = fix.partition(" in [")
    assert section.startswith("items.attributes]")
    values = tomllib.loads(line)
    attributes = {name: from_dict(Attribute, value) for name, value in values.items()}
    assert set(attributes) <= set(source.items.attributes)
    return replace(source, items=replace(source.items, attributes={**source.items.attributes, **attributes}))


@pytest.mark.parametrize("share", [0.05, 0.4, 1.0])
@pytest.mark.parametrize("words", [["NULL"], ["NA", r"\N", "-"], ["None", "N/A"], ["?"], ["<NA>", "undefined"]])
def test_words_for_nothing_among_numbers_are_read_as_missing_by_the_line_of_the_fix(
    tmp_path: Path, words: list[str], share: float
) -> None:
    years = [words[n % len(words)] if n < share * len(ROWS) else row[3] for n, row in enumerate(ROWS)]
    source = make_source(write_csv(tmp_path / "events.csv", with_column(ROWS, "year", years)))
    error = refused(source)
    assert error.problem.endswith(" no value)")
    log, bad = read(pasted(error.fix, source))
    assert bad.total == 0 and len(log.events) == len(ROWS)


def test_words_for_nothing_in_a_file_of_items_are_read_as_missing_too(tmp_path: Path) -> None:
    items = write_csv(
        tmp_path / "items.csv", [[f"i{n}", f"Title {n}", "NULL"] for n in range(12)], ["id", "title", "year"]
    )
    plain = make_source(write_csv(tmp_path / "events.csv", ROWS))
    source = replace(plain, items=Entities(ITEMS.attributes, path=str(items), id="id"))
    assert read(pasted(refused(source).fix, source))[1].total == 0


@pytest.mark.parametrize(("few", "fix"), [(True, "correct them, or pass --skip-bad-rows"), (False, "year = {")])
def test_a_word_for_nothing_is_as_bad_as_nothing_where_a_value_is_required(tmp_path: Path, few: bool, fix: str) -> None:
    years = ["NULL" if n < (5 if few else 200) else row[3] for n, row in enumerate(ROWS)]
    plain = make_source(write_csv(tmp_path / "events.csv", with_column(ROWS, "year", years)))
    year = Attribute("year", "integer", required=True)
    source = replace(plain, items=Entities({**ITEMS.attributes, "year": year}))
    error = refused(source)
    assert "empty year" in error.problem and error.fix.startswith(fix)
    if not few:
        assert read(pasted(error.fix, source))[1].total == 0


@pytest.mark.parametrize("kind", ["text", "title", "list"])
def test_words_for_nothing_among_words_are_warned_of(tmp_path: Path, kind: str) -> None:
    titles = ["NULL" if row[1] in ("i3", "i5") else "N/A" if row[1] == "i7" else row[2] for row in ROWS]
    plain = make_source(write_csv(tmp_path / "events.csv", with_column(ROWS, "title", titles)))
    title = Attribute("title", kind, separator=";")  # type: ignore[arg-type]
    source = replace(plain, items=Entities({"title": title}))
    (warning,) = read(source)[1].warnings
    assert warning.problem == "3 of 12 items in events.csv have 'N/A' or 'NULL' for 'title', read as a word"
    log, bad = read(pasted(warning.fix, source))
    assert bad.warnings == [] and sum("title" not in item.attributes for item in log.items) == 3


def test_one_item_may_be_called_none(tmp_path: Path) -> None:
    titles = ["None" if row[1] == "i3" else row[2] for row in ROWS]
    log, bad = read(make_source(write_csv(tmp_path / "events.csv", with_column(ROWS, "title", titles), HEADER)))
    assert bad.warnings == [] and "None" in {item.attributes["title"] for item in log.items}


def test_the_line_keeps_what_the_attribute_says_already() -> None:
    attribute = Attribute("a b", "list", separator='"', missing=("x",), decode={"F f": "é\n"})
    line = missing_setting("name", attribute, [r"\N"], "user", required=True)
    read = from_dict(Attribute, tomllib.loads(line.removesuffix(" in [users.attributes]"))["name"])
    assert read == replace(attribute, missing=("x", r"\N"), required=True)
