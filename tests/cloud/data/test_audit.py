import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from commands import edge
from logs import make_rows, make_source, read, write_csv

from cloud.data.audit import LeakError, audit
from cloud.data.log import Log
from cloud.data.movielens import movielens
from cloud.data.prepare import config_for, prepare
from cloud.data.rows import Prepared
from cloud.data.schema import Source
from cloud.data.statistics import item_statistics
from cloud.runs.directory import DIGEST, Run, digest_of
from edge.files import sha256_file
from edge.text.spec import read_spec

Plant = Callable[[pa.Table, Log, dict[str, int]], pa.Table]


@pytest.fixture
def run(source: Source, tmp_path: Path) -> Run:
    return prepare(source, tmp_path / "run", replace(config_for(source), vocabulary=300))


def changed(table: pa.Table, name: str, values: np.ndarray) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))


def with_number(table: pa.Table, place: int, values: np.ndarray, where: np.ndarray) -> pa.Table:
    numbers = np.array(table.column("numbers").to_pylist(), dtype=np.float32)
    numbers[where, place] = values[where]
    return changed(table, "numbers", list(numbers))  # type: ignore[arg-type]


def own_label(table: pa.Table, log: Log, numbers: dict[str, int]) -> pa.Table:
    return with_number(table, numbers["liked share of the user"], log.events.liked.astype(np.float32), table_rows(log))


def table_rows(log: Log) -> np.ndarray:
    return np.ones(len(log.events), dtype=bool)


def same_second(table: pa.Table, log: Log, numbers: dict[str, int]) -> pa.Table:
    """A row of a screen sees the one before it."""
    earlier = table.column("earlier").to_numpy().copy()
    events = log.events
    same = np.flatnonzero((events.user[1:] == events.user[:-1]) & (events.time[1:] == events.time[:-1])) + 1
    earlier[same[0]] += 1
    return changed(table, "earlier", earlier)


def same_screen(table: pa.Table, log: Log, numbers: dict[str, int]) -> pa.Table:
    """The user's count takes in the screen itself."""
    count = table.column("earlier").to_numpy() + 1.0
    return with_number(table, numbers["events"], np.log1p(count).astype(np.float32), table_rows(log))


def statistics_of_the_future(table: pa.Table, log: Log, numbers: dict[str, int]) -> pa.Table:
    views = np.bincount(log.events.item)[log.events.item]
    return with_number(table, numbers["views"], np.log1p(views).astype(np.float32), table_rows(log))


def later_likes_of_an_item(table: pa.Table, log: Log, numbers: dict[str, int]) -> pa.Table:
    """The item's share of likes takes in the moment itself."""
    events = log.events
    shares = item_statistics(events, events.item, events.time + 0.5, {"liked_share": events.liked})["liked_share"][:]
    return with_number(table, numbers["liked share of the item"], shares.astype(np.float32), table_rows(log))


def context_of_later(table: pa.Table, log: Log, numbers: dict[str, int]) -> pa.Table:
    contexts = table.column("context").to_numpy().copy()
    contexts[: len(contexts) // 2] = contexts[-1]
    return changed(table, "context", contexts)


PLANTS = [
    (own_label, "the number 'liked share of the user'"),
    (same_second, "how many events are earlier"),
    (same_screen, "the number 'events'"),
    (statistics_of_the_future, "the number 'views'"),
    (later_likes_of_an_item, "the number 'liked share of the item'"),
    (context_of_later, "the context"),
]


def test_a_prepared_run_has_no_leak(run: Run, source: Source) -> None:
    log, _ = read(source)
    assert audit(Prepared(run), log).rows > len(log.events)


def test_a_prepared_run_of_real_users_has_no_leak(tmp_path: Path, few_real_users: Log) -> None:
    source = movielens("ml-100k")
    run = prepare(source, tmp_path / "run", replace(config_for(source), max_users=40))
    audit(Prepared(run), few_real_users)


def test_a_run_whose_clocks_are_the_users_own_has_no_leak(tmp_path: Path) -> None:
    source = make_source(write_csv(tmp_path / "events.csv", make_rows()), clock="user")
    numbers = tuple(number for number in source.text.numbers if "item." not in number.of + number.minus)
    source = replace(source, text=replace(source.text, context="", numbers=numbers))
    run = prepare(source, tmp_path / "run", replace(config_for(source), vocabulary=300))
    assert audit(Prepared(run), read(source)[0]).rows > 0


@pytest.mark.parametrize(("plant", "what"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
def test_a_planted_leak_is_caught_in_the_directory(run: Run, source: Source, plant: Plant, what: str) -> None:
    log, _ = read(source)
    spec = read_spec(run.file("text.json"))
    path = run.file("rows.arrow")
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    table = plant(table, log, {number.name: place for place, number in enumerate(spec.numbers)})
    path.unlink()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    manifest = json.loads((run.path / "manifest.json").read_text())
    manifest["files"]["rows.arrow"] = sha256_file(path)
    (run.path / "manifest.json").write_text(json.dumps(manifest | {DIGEST: digest_of(manifest)}))
    with pytest.raises(LeakError, match=f"a leak: {what} depends on"):
        audit(Prepared(Run.open(run.path)), log)


def test_the_command_audits_what_it_prepared_and_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge("init", "--example", "--out", str(tmp_path / "edge.toml")) == 0
    command = ("prepare", "--data", str(tmp_path / "edge.toml"), "--out", str(tmp_path / "run"), "--audit")
    for _ in range(2):
        assert edge(*command) == 0
        assert "no row depends on its own label, its screen or anything later" in capsys.readouterr().out
