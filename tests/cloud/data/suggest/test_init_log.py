"""`edge init --log` on logs of several trades: what it understood, and that `edge prepare` runs on what it wrote."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from commands import edge
from invented import Rows, music, news, renamed, shop, steps, without, write

from cloud.data.example_log import example_log
from cloud.data.movielens import movielens
from cloud.data.prepare import open_source
from cloud.data.schema import Attribute, Negatives, Source, Split
from cloud.data.suggest.look import suggest
from cloud.data.suggest.toml import write_toml
from edge.errors import EdgeError

EARLIER = 1_600_000_000


@pytest.fixture
def fitted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Source]:
    """The source of a log's rows: as `edge init` wrote it, `edge prepare` has run on it, and it reads every row."""

    def fit(name: str, rows: Rows, *options: str, separator: str = ",", encoding: str = "utf-8") -> Source:
        return prepared(write(tmp_path / name, rows, separator, encoding), len(rows), *options)

    def prepared(log: Path, rows: int, *options: str) -> Source:
        toml = tmp_path / "edge.toml"
        assert edge("init", "--log", log, "--out", toml, *options) == 0, capsys.readouterr().err
        assert edge("prepare", "--data", toml, "--out", tmp_path / "run", "--json") == 0, capsys.readouterr().err
        summary = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert summary["bad_rows"]["total"] == 0
        assert sum(summary["rows"].values()) == rows
        return open_source(str(toml))

    return fit


def refused(log: Path, **given: str) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        suggest(log, given=given)
    return caught.value


def test_a_shops_clicks_with_columns_of_items_of_users_of_the_moment_and_of_nothing(
    fitted: Callable[..., Source],
) -> None:
    source = fitted("shop.csv", shop())
    log = source.log
    assert (log.user, log.item, log.time, log.label, log.rating) == (
        "customer_id", "product_id", "event_time", "clicked", "",
    )  # fmt: skip
    assert (log.format, log.time_unit, log.clock, log.order) == ("csv", "seconds", "shared", "sorted")
    assert source.items.attributes == {
        "title": Attribute("product_name", "title", required=True),
        "category": Attribute("category", required=True),
        "brand": Attribute("brand", missing=("NULL",)),
        "price": Attribute("price", "number", required=True),
        "in_stock": Attribute("in_stock", "boolean", required=True),
    }
    assert source.users.attributes == {
        "country": Attribute("country", required=True),
        "age": Attribute("age", "integer"),
        "is_member": Attribute("is_member", "boolean", required=True),
    }
    assert source.text.event == "{liked|choose:clicked:not clicked}"
    assert "{views_rank|top}" in source.text.context
    assert "{in_stock|choose:in stock:not in stock}" in source.text.item
    named = {number.name for number in source.text.numbers}
    assert {"views", "events by category", "price", "user's age"} <= named
    assert not {"mean rating", "surplus"} & named


def test_stars_for_songs_in_tabs_with_lists_and_iso_times(fitted: Callable[..., Source]) -> None:
    source = fitted("music.tsv", music(), separator="\t")
    assert (source.log.separator, source.log.time_unit) == ("\t", "iso")
    assert (source.log.rating, source.log.threshold, source.log.label) == ("stars", 3, "")
    assert source.items.attributes["styles"] == Attribute("styles", "list", "|", required=True)
    assert source.items.attributes["title"].type == "title"
    assert source.text.event == "rated {rating|number} of 5"
    assert {"mean rating", "surplus", "events by styles", "year"} <= {number.name for number in source.text.numbers}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16"])
def test_semicolons_and_any_encoding(fitted: Callable[..., Source], encoding: str) -> None:
    rows = [{**row, "song_title": f"Schöne Straße {row['song_id']}"} for row in music()]
    source = fitted("music.csv", rows, separator=";", encoding=encoding)
    assert (source.log.separator, source.log.encoding) == (";", encoding.removesuffix("-sig"))


def test_impressions_in_jsonl_with_lists_milliseconds_and_requests(fitted: Callable[..., Source]) -> None:
    source = fitted("news.jsonl.gz", news())
    log = source.log
    assert (log.format, log.time_unit, log.request, log.label) == ("jsonl", "milliseconds", "request_id", "is_click")
    assert source.items.attributes["topics"].type == "list"
    assert list(source.items.attributes) == ["title", "topics"]


def test_keys_that_some_objects_lack_may_be_absent_and_nested_ones_are_left_out(fitted: Callable[..., Source]) -> None:
    rows = [
        {**row, "meta": {"a": 1}, **({"pages": int(row["articleId"][1:]) % 4} if place % 3 else {})}
        for place, row in enumerate(news())
    ]
    attributes = fitted("news.jsonl", rows).items.attributes
    assert list(attributes) == ["title", "topics", "pages"]
    assert attributes["pages"] == Attribute("pages", "integer")


def test_parquet_with_timestamps_decimals_nulls_and_structures(fitted: Callable[..., Source]) -> None:
    rows = [
        {
            **row,
            "ts": datetime.fromtimestamp(row["ts"] / 1000, UTC),
            "cost": Decimal("1.50") * int(row["articleId"][1:]),
            "paid": None if row["articleId"] == "a3" else len(row["articleId"]) == 2,
            "blob": {"z": 1},
        }
        for row in news()
    ]
    source = fitted("news.parquet", rows)
    assert (source.log.format, source.log.time) == ("parquet", "ts")
    types = {name: (one.type, one.required) for name, one in source.items.attributes.items()}
    assert (types["cost"], types["paid"]) == (("number", True), ("boolean", False))


def test_dates_of_parquet_are_times(fitted: Callable[..., Source]) -> None:
    days = [date(2024, 1, 1) + timedelta(days=place // 12) for place in range(len(news()))]
    rows = [{**row, "day": day} for row, day in zip(without(news(), "ts", "request_id"), days, strict=True)]
    assert fitted("news.parquet", rows).log.time == "day"


def test_titles_serve_as_ids_and_steps_are_each_users_own(fitted: Callable[..., Source]) -> None:
    source = fitted("steps.csv", steps())
    assert (source.log.item, source.log.clock, source.log.time_unit) == ("title", "user", "seconds")
    assert source.items.attributes["title"] == Attribute("title", "title", required=True)
    assert source.text.context == ""
    assert "views" not in {number.name for number in source.text.numbers}


def test_steps_that_users_begin_at_different_numbers_are_shared(fitted: Callable[..., Source]) -> None:
    rows = [{**row, "step": place} for place, row in enumerate(without(shop(), "event_time"))]
    source = fitted("shop.csv", rows)
    assert (source.log.time, source.log.clock) == ("step", "shared")


def test_the_invented_film_club_reads_as_its_own_edge_toml_says(fitted: Callable[..., Source], tmp_path: Path) -> None:
    (tmp_path / "club").mkdir()
    assert edge("init", "--example", "--out", tmp_path / "club" / "edge.toml") == 0
    own = open_source(str(tmp_path / "club" / "edge.toml"))
    (tmp_path / "events.csv").write_text(example_log())
    found = suggest(tmp_path / "events.csv").source
    assert replace(found.log, path="") == replace(own.log, path="")
    assert {one.column: one.type for one in found.items.attributes.values()} == {
        one.column: one.type for one in own.items.attributes.values()
    }
    assert found.users.attributes["gender"].decode == {"F": "female", "M": "male"}
    assert found.text.event == own.text.event


def test_movielens_with_files_of_items_and_users(tmp_path: Path) -> None:
    own = movielens("ml-100k")
    suggestion = suggest(Path(own.log.path), Path(own.items.path), Path(own.users.path))
    found = suggestion.source
    assert suggestion.bad == 0
    assert replace(found.log, quote="") == own.log
    assert (found.items.id, found.users.id) == (own.items.id, own.users.id)
    assert found.items.attributes["release_year"].missing == ("V", "unkonwn")
    assert found.items.attributes["class"].separator == " "
    assert found.users.attributes["gender"].decode == {"F": "female", "M": "male"}
    assert list(found.users.attributes) == ["age", "gender", "occupation"]
    (tmp_path / "edge.toml").write_text(write_toml(suggestion, tmp_path / "edge.toml"))
    written = open_source(str(tmp_path / "edge.toml"))
    assert (written.items.attributes, written.items.separator) == (found.items.attributes, "\t")
    assert Path(written.users.path).resolve() == Path(own.users.path).resolve()


def test_order_is_any_where_rows_are_not_in_order_or_not_all_were_looked_at(
    fitted: Callable[..., Source], tmp_path: Path
) -> None:
    assert fitted("shop.csv", shop()[::-1]).log.order == "any"
    log = write(tmp_path / "long.csv", shop())
    suggestion = suggest(log, rows=200)
    assert (suggestion.rows, suggestion.whole, suggestion.source.log.order) == (200, False, "any")
    required = [name for name, one in suggestion.source.items.attributes.items() if one.required]
    assert required == ["title"]
    assert "the first 200 rows" in write_toml(suggestion, tmp_path / "edge.toml")


def test_users_of_few_rows_are_split_another_way(fitted: Callable[..., Source]) -> None:
    rows = [{**row, "customer_id": f"{row['customer_id']}-{place // 36}"} for place, row in enumerate(shop())]
    assert fitted("short.csv", rows).split != Split()


def test_codes_that_group_items_are_for_the_numbers_alone(fitted: Callable[..., Source]) -> None:
    rows = [{**row, "category_id": 2053013555631882655 + row["product_id"] % 3} for row in shop()]
    source = fitted("codes.csv", rows)
    assert source.items.attributes["category_id"] == Attribute("category_id", required=True)
    assert "category_id" not in source.text.item
    assert "events by category_id" in {number.name for number in source.text.numbers}


def test_addresses_links_names_of_users_dates_and_long_texts_are_left_out(fitted: Callable[..., Source]) -> None:
    rows = [
        {
            **row,
            "email": f"{row['customer_id']}@x.example",
            "url": f"https://x.example/{row['product_id']}",
            "added": f"2023-01-{row['product_id'] - 99:02}",
            "tags": str(["a", "b"][: row["product_id"] % 2 + 1]),
            "description": "word " * 3000 if row["product_id"] % 2 else "short",
        }
        for row in shop()
    ]
    source = fitted("shop.csv", rows)
    assert set(source.items.attributes) == {"title", "category", "brand", "price", "in_stock"}
    assert set(source.users.attributes) == {"country", "age", "is_member"}


def test_any_name_of_a_column_becomes_a_name_of_a_template(fitted: Callable[..., Source]) -> None:
    new = {"category": "Produkt-Größe", "brand": "日本", "price": "liked_share", "in_stock": 'a "b" \\ c', "age": "2nd"}
    source = fitted("shop.csv", renamed(shop(), **new))
    columns = {one.column: name for name, one in source.items.attributes.items()}
    assert columns["Produkt-Größe"] == "produkt_grosse"
    assert columns["liked_share"] == "item_liked_share"
    assert columns["日本"].startswith("item_")
    assert columns['a "b" \\ c'] == "a_b_c"
    assert source.users.attributes["n2_nd"].column == "2nd"


def test_attributes_named_as_numbers_are_get_no_number_of_the_same_name(fitted: Callable[..., Source]) -> None:
    rows = [{**row, "events": row["product_id"] % 3, "surplus": row["product_id"] * 2} for row in shop()]
    named = [number.name for number in fitted("shop.csv", rows).text.numbers]
    assert "events" in named and len(named) == len(set(named))


def test_more_columns_than_a_request_holds(fitted: Callable[..., Source]) -> None:
    rows = [{**row, **{f"f{place}": row["product_id"] * place % 17 for place in range(120)}} for row in shop()]
    source = fitted("wide.csv", rows)
    assert len(source.items.attributes) == 96
    assert len(source.text.numbers) == 64


def test_quotes_that_quote_nothing(fitted: Callable[..., Source], tmp_path: Path) -> None:
    rows = [{**row, "product_name": f'"Pipe {row["product_id"]} of 5" by 6" or more'} for row in shop()]
    path = tmp_path / "raw.tsv"
    path.write_text("\n".join("\t".join(map(str, row)) for row in [rows[0].keys(), *(row.values() for row in rows)]))
    suggestion = suggest(path)
    assert (suggestion.source.log.quote, suggestion.source.log.separator) == ("", "\t")
    assert (suggestion.rows, suggestion.bad) == (len(rows), 0)


def test_what_changes_now_and_then_is_kept_if_its_name_says_whose_it_is_and_said_in_any_case(tmp_path: Path) -> None:
    rows = [
        {**row, "price": row["price"] + (place % 9 == 0), "weight": row["product_id"] + (place % 9 == 0)}
        for place, row in enumerate(shop())
    ]
    suggestion = suggest(write(tmp_path / "shop.csv", rows))
    assert "price" in suggestion.source.items.attributes
    assert "weight" not in suggestion.source.items.attributes
    assert any("more than one 'price'" in line for line in suggestion.check)
    assert any("'weight' is left out: mostly of the item" in line for line in suggestion.check)


def test_rows_that_cannot_be_used_are_counted_and_the_next_command_leaves_them_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{**row, "stars": "" if place % 50 == 0 else row["stars"]} for place, row in enumerate(music())]
    toml = tmp_path / "edge.toml"
    assert edge("init", "--log", write(tmp_path / "music.csv", rows), "--out", toml) == 0
    said = capsys.readouterr().out
    assert "8 rows cannot be used (8 NaN)" in said
    assert f"edge prepare --data {toml} --out runs/prepared --skip-bad-rows" in said
    assert "8 rows cannot be used (8 NaN)" in toml.read_text()
    assert edge("prepare", "--data", toml, "--out", tmp_path / "run", "--skip-bad-rows") == 0


def test_each_column_has_a_line_on_the_terminal_and_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = tmp_path / "edge.toml"
    assert edge("init", "--log", write(tmp_path / "shop.csv", shop()), "--out", toml) == 0
    said, written = capsys.readouterr().out.splitlines(), toml.read_text().splitlines()
    assert "looked at all 360 rows" in said
    for name in shop()[0]:
        (line,) = (line for line in said if line.startswith(f"{name} "))
        assert f"#   {line}" in written


def test_the_comments_of_the_plain_edge_toml_are_kept(tmp_path: Path) -> None:
    assert edge("init", "--out", tmp_path / "plain.toml") == 0
    written = write_toml(suggest(write(tmp_path / "shop.csv", shop())), tmp_path / "edge.toml")
    lines = (tmp_path / "plain.toml").read_text().splitlines()
    comments = {line[line.index("# ") :] for line in lines[lines.index('name = "my-log"') :] if "# " in line}
    reworded = {comment for comment in comments if comment not in written}
    assert {comment.split()[1] for comment in reworded} <= {"label", "...", "request", "events"}


def test_what_is_written_says_what_was_understood(tmp_path: Path) -> None:
    for name, rows in (
        ("shop.csv", shop()),
        ("music.jsonl", music()),
        ("news.parquet", news()),
        ("steps.csv", steps()),
    ):
        suggestion = suggest(write(tmp_path / name, rows))
        toml = tmp_path / f"{name}.toml"
        toml.write_text(write_toml(suggestion, toml), encoding="utf-8")
        assert tomllib.loads(toml.read_text(encoding="utf-8"))["log"]["path"] == name
        assert open_source(str(toml)) == suggestion.source


def test_ids_of_two_files_that_do_not_meet_are_refused(tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv", without(music(), "song_title", "styles", "year"))
    items = write(tmp_path / "items.csv", [{"song_id": f"x{place}", "title": f"Song {place}"} for place in range(20)])
    with pytest.raises(EdgeError, match="no column has the items of 'song_id'") as caught:
        suggest(log, items)
    assert "'s7'" in caught.value.evidence and "--item" in caught.value.fix


def test_a_log_of_ids_alone_asks_for_a_file_of_items(tmp_path: Path) -> None:
    error = refused(write(tmp_path / "log.csv", without(music(), "song_title", "styles", "year")))
    assert "no column says in words what an item is" in error.problem
    assert "--items FILE" in error.fix


@pytest.mark.parametrize(
    ("role", "rows", "names"),
    [
        ("user", [{**row, "member_id": row["product_id"] % 7} for row in shop()], ("customer_id", "member_id")),
        ("item", [{**row, "sku": f"{row['product_id']}{row['device']}"} for row in shop()], ("product_id", "sku")),
        ("label", [{**row, "bought": row["clicked"] & int(row["price"] > 9)} for row in shop()], ("clicked", "bought")),
        ("time", [{**row, "ts": EARLIER - row["event_time"] % 97} for row in shop()], ("event_time", "ts")),
    ],
)  # fmt: skip
def test_two_columns_for_one_role_are_a_question_that_an_option_answers(
    tmp_path: Path, role: str, rows: Rows, names: tuple[str, str]
) -> None:
    log = write(tmp_path / "log.csv", rows)
    error = refused(log)
    assert f"several columns could be the {role}" in error.problem
    assert all(f"--{role} {name}" in error.fix and repr(name) in error.evidence for name in names)
    for name in names:
        assert getattr(suggest(log, given={role: name}).source.log, role) == name


def test_two_times_of_one_order_are_no_question(tmp_path: Path) -> None:
    rows = [{**row, "timestamp": datetime.fromtimestamp(row["event_time"], UTC).isoformat()} for row in shop()]
    suggestion = suggest(write(tmp_path / "log.csv", rows))
    assert suggestion.source.log.time == "event_time"
    assert any("'timestamp' could be the time, too" in line for line in suggestion.check)


def test_two_columns_of_one_meaning_are_no_question(tmp_path: Path) -> None:
    rows = [{**row, "uid": row["customer_id"][1:]} for row in shop()]
    suggestion = suggest(write(tmp_path / "log.csv", rows))
    assert suggestion.source.log.user == "customer_id"
    assert any("'uid' could be the user, too" in line for line in suggestion.check)


@pytest.mark.parametrize(("role", "left_out"), [("user", "customer_id"), ("item", "product_"), ("time", "event_time")])
def test_a_role_without_a_column_names_the_columns_and_the_option(tmp_path: Path, role: str, left_out: str) -> None:
    rows = without(shop(), *(name for name in shop()[0] if name.startswith(left_out)))
    error = refused(write(tmp_path / "log.csv", rows))
    assert "is recognised as" in error.problem and role in error.problem
    assert "'category': 4 values such as 'Books'" in error.evidence
    assert f"--{role} NAME" in error.fix


@pytest.mark.parametrize("rows", [without(shop(), "clicked"), [{**row, "clicked": 1} for row in shop()]])
def test_a_log_without_a_label_or_with_one_that_is_always_1_holds_choices_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: Rows
) -> None:
    toml = tmp_path / "edge.toml"
    assert edge("init", "--log", write(tmp_path / "shop.csv", rows), "--out", toml) == 0
    assert "so each row is taken for a choice and negatives are drawn" in capsys.readouterr().out
    source = open_source(str(toml))
    assert (source.log.label, source.log.rating, source.negatives) == ("", "", Negatives(4, "popularity"))
    assert "liked_share" not in source.text.context
    assert edge("prepare", "--data", toml, "--out", tmp_path / "run") == 0


def test_an_option_says_that_rows_are_choices_and_own_steps_draw_by_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{**row, "action": ("saw", "took")[row["clicked"]]} for row in steps()]
    log, toml = write(tmp_path / "log.csv", without(rows, "clicked")), tmp_path / "edge.toml"
    assert edge("init", "--log", log, "--out", toml) == 2
    error = capsys.readouterr().err
    assert "'action' holds neither ratings nor 0 and 1" in error and "--choices" in error
    assert edge("init", "--log", log, "--out", toml, "--choices") == 0
    assert open_source(str(toml)).negatives == Negatives(4, "stage")
    assert edge("prepare", "--data", toml, "--out", tmp_path / "run") == 0


def test_further_labels_are_told_of_events(fitted: Callable[..., Source]) -> None:
    rows = [{**row, "bought": row["clicked"] & int(row["price"] > 9)} for row in shop()]
    source = fitted("shop.csv", rows, "--label", "clicked")
    assert (source.log.label, source.log.other_labels) == ("clicked", ("bought",))
    assert source.text.event == "{liked|choose:clicked:not clicked} {bought|choose:bought:not bought}"


def test_a_label_made_of_the_rating_is_no_question(tmp_path: Path) -> None:
    rows = [{**row, "liked": int(row["stars"] >= 4)} for row in music()]
    source = suggest(write(tmp_path / "log.csv", rows)).source
    assert (source.log.rating, source.log.label, source.log.other_labels) == ("stars", "", ())


def test_columns_of_unknown_names_are_named_by_options(fitted: Callable[..., Source]) -> None:
    rows = renamed(shop(), customer_id="kunde", product_id="ware", event_time="zeit", clicked="k")
    source = fitted("shop.csv", rows, "--user", "kunde", "--item", "ware", "--time", "zeit", "--label", "k")
    assert (source.log.user, source.log.item, source.log.time, source.log.label) == ("kunde", "ware", "zeit", "k")


@pytest.mark.parametrize(
    ("given", "problem", "fix"),
    [
        ({"user": "custmer_id"}, "the column 'custmer_id' of --user does not exist", "did you mean 'customer_id'?"),
        ({"label": "country"}, "'country', named by --label, holds neither", "write a column of 1"),
        ({"time": "price"}, "'price' holds no times that are read", "write times as 2024-05-01T12:00:00Z"),
        ({"time": "country"}, "'country' holds no times that are read", "--time NAME"),
    ],
)
def test_a_column_that_cannot_have_the_role_it_is_given_is_refused(
    tmp_path: Path, given: dict[str, str], problem: str, fix: str
) -> None:
    error = refused(write(tmp_path / "log.csv", shop()), **given)
    assert problem in error.problem and error.evidence and fix in error.fix


@pytest.mark.parametrize(
    ("column", "values", "problem", "fix"),
    [
        ("clicked", ["yes", "no"], "'clicked' holds neither ratings nor 0 and 1", "write a column of 1"),
        ("event_type", ["view", "buy"], "'event_type' holds neither ratings nor 0 and 1", "write a column of 1"),
        ("event_time", ["05/01/2024 12:00", "05/02/2024"], "'event_time' holds no times", "write times as 2024-05-01"),
    ],
)
def test_values_that_a_role_cannot_have_are_shown(
    tmp_path: Path, column: str, values: list[str], problem: str, fix: str
) -> None:
    rows = shop() if column in shop()[0] else without(shop(), "clicked")
    rows = [{**row, column: values[place % 7 % len(values)]} for place, row in enumerate(rows)]
    error = refused(write(tmp_path / "log.csv", rows))
    assert problem in error.problem and values[0] in error.problem + error.evidence and fix in error.fix


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("log.csv", b"", "is empty"),
        ("log.csv", b"\n\n", "is empty"),
        ("log.csv", b"user,item,time,rating,title\n", "holds no rows"),
        ("log.csv", b"user\na\nb\n", "has one column"),
        ("log.csv", b"1,172,881250949,5\n2,172,881250950,4\n", "has no header"),
        ("log.csv", bytes(range(256)) * 40, "is not text"),
        ("log.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is not text"),
        ("log.csv", b"PK\x03\x04" + bytes(99), "is a ZIP archive"),
        ("log.jsonl", b'{"a": 1\n{"a": 2\n', "2 bad rows of 2"),
        ("log.jsonl", b"{}\n{}\n", "has no column that can be read"),
        ("log.json", b'[{"user": 1},\n{"user": 2}]\n', "2 bad rows of 2"),
    ],
)
def test_a_file_that_is_no_log_is_refused_with_evidence_and_a_fix(
    tmp_path: Path, name: str, data: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    error = refused(path)
    assert problem in error.problem and str(path) in str(error)
    assert error.fix and (error.evidence or "ZIP" in problem)


def test_no_file_is_named_with_what_is_there(tmp_path: Path) -> None:
    write(tmp_path / "shop.csv", shop())
    error = refused(tmp_path / "shops.csv")
    assert "no file" in error.problem and "shop.csv" in error.evidence and error.fix


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--items", "items.csv"], "--items needs --log"),
        (["--user", "member"], "--user needs --log"),
        (["--log", "log.csv", "--example"], "--example and --log exclude each other"),
        (["--log", "log.csv", "--choices", "--label", "clicked"], "--choices and --label exclude each other"),
    ],
)
def test_options_that_do_not_go_together_are_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], problem: str
) -> None:
    assert edge("init", "--out", tmp_path / "edge.toml", *options) == 2
    assert problem in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_log_of_one_user_is_read_and_said(fitted: Callable[..., Source], tmp_path: Path) -> None:
    rows = [{**row, "customer_id": "me", "event_time": row["event_time"] + place} for place, row in enumerate(shop())]
    assert fitted("shop.csv", rows).log.user == "customer_id"
    assert any("is 'me' in every row" in line for line in suggest(tmp_path / "shop.csv").check)


def test_what_is_there_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, toml = write(tmp_path / "shop.csv", shop()), tmp_path / "edge.toml"
    toml.write_text("mine")
    assert edge("init", "--log", log, "--out", toml) == 2
    assert "exists already" in capsys.readouterr().err
    assert toml.read_text() == "mine"


def test_values_alone_decide_only_what_is_said(tmp_path: Path) -> None:
    odd: Any = renamed(without(shop(), "is_member", "in_stock"), event_time="zeit", clicked="k")
    suggestion = suggest(write(tmp_path / "log.csv", odd))
    assert (suggestion.source.log.time, suggestion.source.log.label) == ("zeit", "k")
    assert [line for line in suggestion.check if "by its values alone" in line and "--label NAME" in line]
    assert [line for line in suggestion.check if "by its values alone" in line and "--time NAME" in line]
