"""The page that every report is: safe to open, readable at any width, equal for equal contents."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from page_structure import check_structure, command_of

from edge.errors import EdgeError
from edge.pages import page as pages
from edge.pages.page import Finding, KeyFigure, Page, page_html, unbroken
from edge.pages.picture import Picture
from edge.pages.table import LONG, Table, table_markdown

HOSTILE = "<script>alert(\"x\")</script> & 'quoted'"
SPACE = "\N{NO-BREAK SPACE}"
TABLE = Table("Sizes", ("part", "bytes"), [("weights", "1,234"), ("text", "-")], "Of one engine.", ("Before it.",))
PAGE = Page(
    title="A report",
    facts=[("Data", "movies"), ("Date (UTC)", "2030-01-02"), ("Command", "edge run --out runs/it")],
    verdict=[Finding("It is better.", ["by .012 (.007 to .017)"]), Finding("It is small.")],
    key="What brackets mean.",
    figures=[KeyFigure("download", "151.5 kB", "of litert")],
    warnings=["rows are odd\nfix: --set split.by=time and so on"],
    pictures=[Picture("auc", "How good?", "AUC by stage", "svg+xml", b"<svg/>")],
    tables=[TABLE],
    notes=["AUC was stated."],
)


def test_a_page_has_verdict_data_date_and_command_before_pictures_and_tables() -> None:
    page = page_html(PAGE)
    check_structure(page)
    parts = (
        "A report",
        f"151.5{SPACE}kB",
        "rows are odd",
        "It is better.",
        "What brackets mean.",
        "movies",
        "How good?",
    )
    assert [page.index(part) for part in parts] == sorted(page.index(part) for part in parts)
    assert page == page_html(PAGE)


def test_what_is_not_given_leaves_no_empty_part() -> None:
    page = page_html(Page("A report", PAGE.facts, PAGE.verdict))
    assert "Warnings" not in page and '<dl class="key">' not in page and "<table" not in page and "<img" not in page


def test_hostile_text_stays_text_everywhere() -> None:
    table = Table(HOSTILE, (HOSTILE,), [(HOSTILE,)], HOSTILE, (HOSTILE,))
    picture = replace(PAGE.pictures[0], title=HOSTILE, caption=f'{HOSTILE}" onerror="x')
    page = page_html(
        Page(
            HOSTILE, [("Command", HOSTILE), (HOSTILE, HOSTILE)], [Finding(HOSTILE, [HOSTILE])], HOSTILE,
            [KeyFigure(HOSTILE, HOSTILE, HOSTILE)], [HOSTILE], [picture], [table], [HOSTILE],
        )
    )  # fmt: skip
    assert "<script" not in page and page.count("&lt;script&gt;") >= 16 and '" onerror' not in page


def test_the_words_of_the_command_are_never_broken() -> None:
    page = page_html(PAGE)
    words = "<span>edge</span> <span>run</span> <span>--out</span> <span>runs/it</span>"
    assert f"<code>{words}</code>" in page and command_of(page) == "edge run --out runs/it"


def test_an_option_of_a_warning_is_never_broken() -> None:
    page = page_html(PAGE)
    assert "rows are odd<br>fix: <code>--set split.by=time</code> and so on</li>" in page


@pytest.mark.parametrize(
    ("text", "glued"),
    [
        (".012 (.007 to .017)", ".012~(.007~to~.017)"),
        ("12.5 ms and 3 MB", "12.5~ms and 3~MB"),
        ("95 % of 8 rows", "95~% of 8 rows"),
        ("(-.003, -.012 to +.005)", "(-.003,~-.012~to~+.005)"),
        ("3 movies to 7 msgs", "3 movies to 7 msgs"),
        ("151,523 to download", "151,523 to download"),
    ],
)
def test_a_number_stays_with_its_unit_and_its_brackets(text: str, glued: str) -> None:
    assert unbroken(text) == glued.replace("~", SPACE)


def test_columns_of_numbers_stand_to_the_right_and_only_prose_breaks() -> None:
    row = ("LightGBM", "-.003 (-.005 to -.0003)", "a sentence that is far too long for a phone", "-")
    table = Table("", ("rival", "less", "why", "size"), [row, ("CF", "+.1", "", "1,234")])
    assert table.columns == ["words", "numbers", "prose", "numbers"]


def test_a_table_that_a_phone_cannot_show_has_a_hint() -> None:
    sized = {count: Table("", ("a",) * count, [("1,234,567",) * count]) for count in (2, 8, 20)}
    assert {count: table.room for count, table in sized.items()} == {2: "phone", 8: "desktop", 20: "none"}
    page = page_html(replace(PAGE, tables=list(sized.values())))
    assert all(f'<p class="hint {room}"' in page for room in ("phone", "desktop", "none"))


def test_a_long_table_is_folded_on_a_page_and_in_markdown() -> None:
    table = replace(TABLE, rows=[("weights", "1")] * LONG)
    assert f"<summary>{LONG} rows</summary>" in page_html(replace(PAGE, tables=[table]))
    assert f"<summary>{LONG} rows</summary>" in table_markdown(table)
    assert "<summary>" not in page_html(PAGE) + table_markdown(TABLE)


def test_markdown_has_all_that_a_table_says() -> None:
    text = table_markdown(TABLE)
    assert [text.index(part) for part in ("#### Sizes", "Before it.", "| part | bytes |", "Of one engine.")] == sorted(
        text.index(part) for part in ("#### Sizes", "Before it.", "| part | bytes |", "Of one engine.")
    )


def test_without_jinja_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pages._template.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(EdgeError) as refused:
        page_html(PAGE)
    assert "'.[report]'" in refused.value.fix
